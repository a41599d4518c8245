#include "tests/e2e/server_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

extern char** environ;

namespace touchstone {

ServerProcess::ServerProcess(const std::string& binary, const std::string& data_dir,
                             const std::vector<std::string>& options) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<std::string> words = {binary,        "serve",      "--listen",
                                    "127.0.0.1:0", "--data-dir", data_dir};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  EXPECT_EQ(posix_spawn(&pid_, binary.c_str(), &actions, nullptr, arguments.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  said_ = ends[0];
}

ServerProcess::~ServerProcess() {
  Kill();
  close(said_);
}

std::shared_ptr<grpc::Channel> ServerProcess::Connect() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(Address(), grpc::InsecureChannelCredentials(), arguments);
}

std::string ServerProcess::Address() {
  std::string said;
  char buffer[4096];
  while (true) {
    const ssize_t got = read(said_, buffer, sizeof(buffer));
    if (got <= 0) break;
    said.append(buffer, static_cast<size_t>(got));
    const size_t serving = said.find("\"serving\"");
    if (serving == std::string::npos || said.find('\n', serving) == std::string::npos) continue;
    const size_t begin = said.find("127.0.0.1:", serving);
    return said.substr(begin, said.find('"', begin) - begin);
  }
  ADD_FAILURE() << "the server ended:\n" << said;
  return "";
}

void ServerProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  int status = 0;
  EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
  EXPECT_TRUE(WIFSIGNALED(status)) << "it had ended by itself with " << WEXITSTATUS(status);
  pid_ = 0;
}

}  // namespace touchstone
