#pragma once

// The served binary as a process of its own, to be killed.
//
// Thread safety: for the test's thread. Errors: fails the test.

#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace touchstone {

class ServerProcess {
 public:
  // Starts `touchstone serve` on a free port. Connect waits until it serves.
  ServerProcess(const std::string& binary, const std::string& data_dir,
                const std::vector<std::string>& options);
  // Kills it if it still runs.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // A connection of its own: every call ends with an error once the process is killed.
  // REQUIRES: called once.
  std::shared_ptr<grpc::Channel> Connect();
  // kill -9, and waits until it is gone.
  void Kill();
  pid_t pid() const { return pid_; }

 private:
  // "" when it ended instead; what it said is then a failure of the test.
  std::string Address();

  pid_t pid_ = 0;
  int said_ = -1;  // the pipe of its standard error
};

}  // namespace touchstone
