// Serves on a free port with a clock that begins at a stated moment, so that what the demo answers
// does not depend on the day of the test.
//
//   demo_server DATA_FOLDER MOMENT ADDRESS_FILE
//
// MOMENT is like 2026-11-22T09:00:00Z. The address is in ADDRESS_FILE once the server serves.
// Ends on SIGTERM.

#include <signal.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/time/clock.h"
#include "server/log.h"
#include "server/serve.h"

namespace touchstone::server {
namespace {

int Run(const std::string& data, const std::string& moment, const std::string& address_file) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  absl::Time begin;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, moment, &begin, &error)) {
    std::fprintf(stderr, "%s: %s\n", moment.c_str(), error.c_str());
    return 2;
  }
  ConfigureLog(LogLevel::kWarning, LogFormat::kJson);
  ServerConfig config;
  config.data_dir = data;
  config.listen = "127.0.0.1:0";
  const absl::Duration shift = begin - absl::Now();
  auto server = RunningServer::Start(config, [shift] { return absl::Now() + shift; });
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
    return 2;
  }
  std::ofstream(address_file) << (*server)->address() << "\n";
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace
}  // namespace touchstone::server

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: demo_server DATA_FOLDER MOMENT ADDRESS_FILE\n");
    return 2;
  }
  return touchstone::server::Run(argv[1], argv[2], argv[3]);
}
