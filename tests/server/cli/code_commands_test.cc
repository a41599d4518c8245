// `touchstone codes`: files of codes in and out, and what is said of single ones.

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/cli/cli.h"
#include "server/services/code_issue.h"
#include "tests/server/cli/command_line.h"
#include "tests/server/grocery_rules.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class CodeCommandsTest : public CommandLine {
 protected:
  CodeCommandsTest() { server_.Publish(CodedRules()); }

  Ran Codes(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "codes");
    return OnServer(std::move(arguments));
  }
  std::vector<std::string> Lines(const std::string& path) {
    return absl::StrSplit(Read(path), '\n', absl::SkipEmpty());
  }
};

TEST_F(CodeCommandsTest, IssuesAFileOfCodesThatARepeatedCommandMakesAgain) {
  const std::string out = directory_.Sub("codes.txt");
  const std::vector<std::string> issue = {"issue",    "--offer", "letter-5", "--count", "10005",
                                          "--prefix", "fall",    "--id",     "run-1",   "--out"};
  const auto issue_to = [&](const std::string& path) {
    std::vector<std::string> arguments = issue;
    arguments.push_back(path);
    return Codes(arguments);
  };
  Ran ran = issue_to(out);
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_EQ(ran.out, absl::StrCat("10005 codes of letter-5 are in ", out, "\n"));
  EXPECT_THAT(ran.err, HasSubstr("--id run-1"));
  const std::vector<std::string> codes = Lines(out);
  ASSERT_EQ(codes.size(), 10'005u);
  for (const std::string& code : codes) {
    ASSERT_THAT(code, MatchesRegex("FALL[0-9A-HJKMNP-TV-Z]{13}"));
  }
  EXPECT_EQ(std::filesystem::status(out).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(out + ".part"));

  // Nothing is written over.
  ran = issue_to(out);
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("is there already"));
  // As after a crash, which leaves a part.
  const std::string again = directory_.Sub("again.txt");
  Write("again.txt.part", "FALLTORN\nFALL");
  EXPECT_EQ(issue_to(again).exit_code, kExitFine);
  EXPECT_EQ(Read(again), Read(out));

  ran = RunCommand({"codes", "check", "--file", out});
  EXPECT_EQ(ran.exit_code, kExitFine);
  EXPECT_EQ(ran.out, "10005 fine, 0 wrong\n");
}

TEST_F(CodeCommandsTest, SaysWhyCodesCannotBeIssued) {
  const std::string out = directory_.Sub("codes.txt");
  Ran ran = Codes({"issue", "--offer", "beans-20", "--count", "1", "--out", out});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("OFFER_NOT_FOUND"));
  EXPECT_FALSE(std::filesystem::exists(out));
  ran =
      Codes({"issue", "--offer", "letter-5", "--count", "1", "--out", out, "--until", "tomorrow"});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("--until tomorrow: write"));
  ran = Codes({"issue", "--offer", "letter-5", "--count", "1", "--out", out, "--id", "a b"});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  ran = Codes({"issue", "--offer", "letter-5", "--count", "0", "--out", out});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  ran = Codes({"issue", "--offer", "letter-5", "--count", "1", "--out", "/no/such/folder/codes"});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("cannot write /no/such/folder/codes.part"));
}

TEST_F(CodeCommandsTest, EveryLineOfAnImportedFileIsAccountedFor) {
  const std::string first = Write("first.txt", "other-1\nOTHER 2\r\n");
  Ran ran = Codes({"import", first, "--offer", "letter-5", "--uses", "9"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_EQ(ran.out, "2 lines: 2 new, 0 there already, 0 refused, 0 no code, 0 empty\n");
  const std::string file =
      Write("codes.txt", "a-1\n\nA1\nOTHER1\nB/2\n  c3  \nother-1\n\"quoted\"\nc3");
  const std::vector<std::string> import = {"import", file, "--offer", "letter-5"};
  ran = Codes(import);
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_EQ(ran.out, "9 lines: 2 new, 2 there already, 2 refused, 2 no code, 1 empty\n");
  for (const int line : {4, 5, 7, 8}) EXPECT_THAT(ran.err, HasSubstr(absl::StrCat(":", line, ":")));
  for (const char* secret : {"OTHER1", "B/2", "quoted"}) {
    EXPECT_THAT(ran.err, Not(HasSubstr(secret)));
  }
  ran = Codes(import);
  EXPECT_EQ(ran.out, "9 lines: 0 new, 4 there already, 2 refused, 2 no code, 1 empty\n");
  EXPECT_EQ(Codes({"import", directory_.Sub("none.txt"), "--offer", "letter-5"}).exit_code,
            kExitUsage);
}

TEST_F(CodeCommandsTest, AFileLongerThanACallIsTakenWhole) {
  std::string text;
  for (int i = 0; i < 20'001; ++i) absl::StrAppend(&text, "L", i, "\n");
  text += "L0\n";
  const Ran ran = Codes({"import", Write("long.txt", text), "--offer", "letter-5"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_EQ(ran.out, "20002 lines: 20001 new, 1 there already, 0 refused, 0 no code, 0 empty\n");
}

TEST_F(CodeCommandsTest, ShowsACodeAndRevokesIt) {
  const std::string file = Write("codes.txt", "spring-1\nspring-2\nspring-3\n");
  ASSERT_EQ(Codes({"import", file, "--offer", "letter-5", "--uses", "2", "--batch", "spring",
                   "--from", "2026-12-01T00:00", "--until", "2027-01-01T00:00+01:00"})
                .exit_code,
            kExitFine);
  Ran ran = Codes({"show", "Spring 1"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_EQ(ran.out,
            "SPRING1: letter-5, batch spring\n"
            "made 2026-11-20T08:00:00Z, from 2026-12-01T00:00:00Z, until 2026-12-31T23:00:00Z\n"
            "0 of 2 uses sold, 0 held\n");
  EXPECT_THAT(Codes({"show", "spring1", "--json"}).out, HasSubstr("\"batch\": \"spring\""));
  EXPECT_EQ(Codes({"show", "none"}).exit_code, kExitUsage);

  EXPECT_EQ(Codes({"revoke", "spring-1"}).out, "1 revoked\n");
  EXPECT_THAT(Codes({"show", "spring1"}).out, HasSubstr("0 held; revoked\n"));
  EXPECT_EQ(Codes({"revoke", "--file", file}).out, "2 revoked\n");
  ran = Codes({"revoke", "--file", Write("wrong.txt", "spring-1\nnone\n")});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("from line 1 on"));
  EXPECT_THAT(ran.err, HasSubstr("CODE_NOT_FOUND"));
  EXPECT_EQ(Codes({"revoke"}).exit_code, kExitUsage);
  EXPECT_EQ(Codes({"revoke", "A", "--file", file}).exit_code, kExitUsage);
}

TEST_F(CodeCommandsTest, ChecksCodesWithoutAServer) {
  Ran ran = RunCommand({"codes", "check", "fall-7k2m-9qx4-b0tc-q", "FALL7K2M9QX4B0TQC", "FALL"});
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_EQ(ran.out,
            "fall-7k2m-9qx4-b0tc-q: fine\n"
            "FALL7K2M9QX4B0TQC: mistyped, or not issued by Touchstone\n"
            "FALL: mistyped, or not issued by Touchstone\n");
  EXPECT_EQ(RunCommand({"codes", "check", "7K2M9QX4B0TCQ"}).exit_code, kExitFine);
  ran = RunCommand({"codes", "check", "--file", Write("codes.txt", "7K2M9QX4B0TCQ\n7K2M\n/\n")});
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_EQ(ran.out, "1 fine, 2 wrong\n");
  EXPECT_THAT(ran.err, HasSubstr(":2: the check symbol is wrong"));
  EXPECT_EQ(RunCommand({"codes", "check"}).exit_code, kExitUsage);
}

}  // namespace
}  // namespace touchstone::server
