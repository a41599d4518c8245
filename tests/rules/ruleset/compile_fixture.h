#pragma once

// A small rule set without findings, which tests of the compiler change in one place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rules/ruleset/compile.h"
#include "rules/ruleset/files.h"

namespace touchstone::rules {

class CompileTest : public testing::Test {
 protected:
  CompileTest();

  // Replaces or adds a file of the folder.
  void File(const std::string& path, const std::string& bytes) { files_[path] = bytes; }
  // An offer file: "offer: ID" and the lines given.
  void Offer(const std::string& id, const std::string& lines);
  // Changes the message after it has been loaded, for what no file can say.
  void Edit(std::function<void(v1::RuleSet&)> edit) { edit_ = std::move(edit); }

  CompileResult Compile();
  // "code at field.path" for each finding, in order of the files; warnings as "warning: …".
  std::vector<std::string> Findings();
  // The one finding there is; fails when there is another number of them.
  Diagnostic OnlyFinding();

 private:
  std::map<std::string, std::string> files_;
  std::function<void(v1::RuleSet&)> edit_;
};

}  // namespace touchstone::rules
