#include "rules/ruleset/diagnostic_codes.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace touchstone::rules {
namespace {

TEST(DiagnosticCodesTest, EachCodeStandsInTheTableOnce) {
  std::set<absl::string_view> seen;
  for (const DiagnosticCode& code : AllDiagnosticCodes()) {
    EXPECT_TRUE(seen.insert(code.code).second) << code.code;
    EXPECT_FALSE(code.meaning.empty()) << code.code;
  }
}

TEST(DiagnosticCodesTest, ThePageInTheDocumentationIsTheTable) {
  const char* source_dir = std::getenv("TOUCHSTONE_SOURCE_DIR");
  ASSERT_NE(source_dir, nullptr);
  std::ifstream file(std::string(source_dir) + "/docs/rules/diagnostics.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), DiagnosticCodesPage())
      << "write it again: build/dev/rules/ruleset/diagnostic_codes_doc > docs/rules/diagnostics.md";
}

}  // namespace
}  // namespace touchstone::rules
