"""The demo, loaded and served by a server of its own on a free port.

TOUCHSTONE_SOURCE_DIR and TOUCHSTONE_BINARY_DIR say where the tree and the binaries are. The clock of the
server begins on Sunday, 22 November 2026, ten o'clock in Berlin, whatever the day of the test is.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(os.environ["TOUCHSTONE_SOURCE_DIR"])
BINARIES = pathlib.Path(os.environ["TOUCHSTONE_BINARY_DIR"])
MOMENT = "2026-11-22T09:00:00Z"
# The generator makes the same first customers, however many follow. These are enough for every kind
# of event to occur.
CUSTOMERS = 300
# How often a decision is asked for again when the machine is too busy to answer inside its budget.
TRIES = 50
LATE = (", partial (", ", fallback (", "COMPLETENESS_PARTIAL", "COMPLETENESS_FALLBACK")


class ServedDemo:
    """Use as a context. `folder` is a scratch folder, beginning with copies of what documents name."""

    def __enter__(self):
        self._temporary = tempfile.TemporaryDirectory()
        data = pathlib.Path(self._temporary.name)
        self.folder = data / "tree"
        for name in ("deploy", "docs", "proto"):
            shutil.copytree(SOURCE / name, self.folder / name)
        self.start()
        try:
            self.check(
                f"deploy/demo/load touchstone {self.address} {data} "
                f"--customers {CUSTOMERS} --until {MOMENT[:10]}"
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            self._temporary.cleanup()

    def start(self):
        """Serves what is in the folder `served` beside the scratch folder."""
        data = self.folder.parent
        address = data / "address"
        address.unlink(missing_ok=True)
        self._server = subprocess.Popen(
            [BINARIES / "tests" / "demo" / "demo_server", data / "served", MOMENT, address]
        )
        self.address = self._wait_for(address)

    def stop(self):
        """May be called again."""
        self._server.terminate()
        ended = self._server.wait()
        assert ended == 0, f"demo_server ended with {ended}"

    def run(self, command):
        """Runs a shell command in the scratch folder; its exit code and all that it printed."""
        environment = dict(os.environ, TOUCHSTONE_SERVER=getattr(self, "address", ""))
        environment["PATH"] = f"{BINARIES}:{environment['PATH']}"
        result = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return result.returncode, result.stdout

    def run_in_time(self, command):
        """As `run`, but a decision that was not in time is asked for again: PARTIAL and FALLBACK are
        right answers on a busy machine, and not what is looked at here."""
        for _ in range(TRIES):
            code, printed = self.run(command)
            if not any(word in printed for word in LATE):
                break
        return code, printed

    def check(self, command):
        code, printed = self.run_in_time(command)
        assert code == 0, f"$ {command}\n{printed}exit code {code}"
        return printed

    def _wait_for(self, path):
        while not (path.exists() and path.read_text().endswith("\n")):
            assert self._server.poll() is None, "demo_server ended"
            time.sleep(0.01)
        return path.read_text().strip()
