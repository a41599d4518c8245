// Whatever stands in the files, loading ends with findings that point into them.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>

#include "rules/ruleset/files.h"
#include "rules/ruleset/utf8.h"
#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

const char* const kInsertions[] = {"!",     "&", "*",    "#",    " #",       ": ", "- ", "{",
                                   "}",     "[", "]",    ",",    "'",        "\"", "\n", "\\",
                                   "---\n", "%", "? ",   "|",    "\t",       "<",  "\r", ">",
                                   "\x80",  "ü", "\\u0", "<<: ", "\xF0\x9F", ""};

// A few insertions, deletions and repeats.
std::string Mutated(std::string bytes, std::mt19937_64& random) {
  for (uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
    const size_t at = random() % (bytes.size() + 1);
    const size_t length = random() % 8;
    switch (random() % 3) {
      case 0:
        bytes.insert(at, kInsertions[random() % std::size(kInsertions)]);
        break;
      case 1:
        bytes.erase(at, length);
        break;
      default:
        bytes.insert(at, bytes.substr(random() % (bytes.size() + 1), 4 * length));
    }
  }
  return bytes;
}

void CheckFinding(const Diagnostic& found, const std::vector<SourceFile>& files) {
  RC_ASSERT(!found.code.empty() && !found.message.empty());
  if (found.line == 0) return;
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const SourceFile& f) { return f.path == found.file; });
  RC_ASSERT(file != files.end());
  RC_ASSERT(found.line <= 1 + std::count(file->bytes.begin(), file->bytes.end(), '\n'));
  RC_ASSERT(found.column >= 1);
  RC_ASSERT(!FindMalformedUtf8(Render(found)).has_value());
}

TEST(MutationTest, ManyKindsOfDamageEndInFindingsInsideTheFile) {
  const std::vector<SourceFile> samples = SampleFolder("whole_shape");
  int refused = 0;
  EXPECT_TRUE(rc::check("findings point into the file", [&] {
    std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
    std::vector<SourceFile> files = samples;
    for (int i = 0; i < 3; ++i) {
      std::string& bytes = files[random() % files.size()].bytes;
      bytes = Mutated(bytes, random);
    }
    const LoadedRuleSet loaded = LoadRuleSetFiles(files);
    for (const Diagnostic& found : loaded.diagnostics) CheckFinding(found, files);
    refused += loaded.diagnostics.empty() ? 0 : 1;
    // What was accepted is as good as any other message.
    if (!loaded.diagnostics.empty()) return;
    const LoadedRuleSet again = LoadRuleSetFiles(ExportRuleSetFiles(loaded.message));
    RC_ASSERT(again.diagnostics.empty());
    RC_ASSERT(again.message.SerializeAsString().size() ==
              loaded.message.SerializeAsString().size());
  }));
  EXPECT_GT(refused, 30);
}

}  // namespace
}  // namespace touchstone::rules
