#pragma once

// The command line as a test runs it: in the process, beside a server of the test's own.
//
// Thread safety: for the test's thread.

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/cli/cli.h"
#include "tests/server/test_server.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::server {

struct Ran {
  int exit_code = 0;
  std::string out;
  std::string err;
};

inline Ran RunCommand(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"touchstone"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Ran ran;
  ran.exit_code = RunCommandLine(static_cast<int>(argv.size()), argv.data());
  ran.out = ::testing::internal::GetCapturedStdout();
  ran.err = ::testing::internal::GetCapturedStderr();
  return ran;
}

class CommandLine : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = directory_.Sub(name);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  // A folder with the rule set's files.
  std::string Folder(const std::string& name, const v1::RuleSetSource& source) {
    for (const v1::RuleSetFile& file : source.files().files()) {
      Write(name + "/" + file.path(), file.content());
    }
    return directory_.Sub(name);
  }

  Ran OnServer(std::vector<std::string> arguments) {
    arguments.push_back("--server");
    arguments.push_back(server_.address());
    return RunCommand(arguments);
  }

  // `import KIND FILE --mapping MAPPING`, and `more`.
  Ran ImportOnServer(const std::string& kind, const std::string& file, const std::string& mapping,
                     const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"import", kind, file, "--mapping", mapping};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return OnServer(std::move(arguments));
  }

  store::TemporaryDirectory directory_;
  TestServer server_;
};

}  // namespace touchstone::server
