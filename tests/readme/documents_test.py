"""Links between documents lead somewhere, and no document with console blocks escapes being run.

documents_test.py DOCUMENT...: those whose blocks are run. TOUCHSTONE_SOURCE_DIR says where the tree is.
"""

import os
import pathlib
import re
import sys
import unittest

import console_blocks

SOURCE = pathlib.Path(os.environ["TOUCHSTONE_SOURCE_DIR"])
RUN = set(sys.argv[1:])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def documents():
    """Markdown files of the tree, what is built and downloaded aside."""
    for path in sorted(SOURCE.rglob("*.md")):
        folders = path.relative_to(SOURCE).parts[:-1]
        if not {"build", "var", "node_modules", ".git"} & set(folders):
            yield path


def prose(path):
    """The text without its code blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(path):
    """What GitHub makes of the headings."""
    titles = re.findall(r"^#+ (.*)$", prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


class DocumentsTest(unittest.TestCase):
    def test_links_lead_to_files_and_headings_that_exist(self):
        links = 0
        for path in documents():
            for link in LINK.findall(prose(path)):
                if link.startswith(("http://", "https://", "mailto:")):
                    continue
                links += 1
                file, _, anchor = link.partition("#")
                target = (path.parent / file).resolve() if file else path
                where = f"{path.relative_to(SOURCE)}: {link}"
                self.assertTrue(target.exists(), where)
                if anchor:
                    self.assertIn(anchor, anchors(target), where)
        self.assertGreater(links, 20)

    def test_no_merge_is_left_half_done(self):
        for path in documents():
            self.assertNotRegex(path.read_text(encoding="utf-8"), r"(?m)^(<{7} |={7}$|>{7} )", str(path))

    def test_every_document_with_console_blocks_is_run(self):
        with_blocks = {
            str(path.relative_to(SOURCE))
            for path in documents()
            if console_blocks.BLOCK.search(path.read_text(encoding="utf-8"))
        }
        self.assertEqual(with_blocks, RUN)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
