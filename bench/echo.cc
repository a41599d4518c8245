// echo: an empty DecisionService, the yardstick beside which Touchstone is measured.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/answer_sample.h"
#include "bench/echo_server.h"
#include "bench/request_file.h"

namespace touchstone::bench {
namespace {

constexpr int kExitUsage = 2;
constexpr size_t kMaxThreads = 256;
constexpr size_t kMaxResponseBytes = 4 << 20;

struct Arguments {
  EchoOptions options;
  std::string address_file;
  std::string response_file;
  size_t response_bytes = 1024;
};

int Fail(const absl::Status& status) {
  std::cerr << "echo: " << status.message() << "\n";
  return kExitUsage;
}

int Serve(Arguments& a) {
  // Before any thread is there, so that all of them leave the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  if (a.response_file.empty()) {
    a.options.response = RealisticResponse(a.response_bytes).SerializeAsString();
  } else {
    absl::StatusOr<std::string> bytes = ReadWholeFile(a.response_file);
    if (!bytes.ok()) return Fail(bytes.status());
    if (!v1::DecideResponse().ParseFromString(*bytes)) {
      return Fail(absl::InvalidArgumentError(absl::StrCat(a.response_file, ": no DecideResponse")));
    }
    a.options.response = *std::move(bytes);
  }
  const absl::StatusOr<std::unique_ptr<EchoServer>> server = EchoServer::Create(a.options);
  if (!server.ok()) return Fail(server.status());
  const std::string host = a.options.listen.substr(0, a.options.listen.rfind(':'));
  const std::string address = absl::StrCat(host, ":", (*server)->port());
  if (!a.address_file.empty()) {
    const absl::Status status = WriteWholeFile(absl::StrCat(address, "\n"), a.address_file);
    if (!status.ok()) return Fail(status);
  }
  std::fprintf(stderr, "echo: %s, answers of %zu bytes\n", address.c_str(),
               a.options.response.size());
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->Stop();
  return 0;
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) {
  namespace bench = touchstone::bench;
  CLI::App app(
      "Serves DecisionService.Decide as Touchstone does, without deciding: parses the request and "
      "sends a prebuilt answer. Ends on SIGTERM.",
      "echo");
  bench::Arguments arguments;
  app.add_option("--listen", arguments.options.listen, "Address and port; port 0: a free one")
      ->capture_default_str();
  app.add_option("--threads", arguments.options.threads, "Polling threads")
      ->check(CLI::Range(size_t{1}, bench::kMaxThreads))
      ->capture_default_str();
  app.add_option("--address-file", arguments.address_file, "Write the address that is served here");
  auto* file = app.add_option("--response", arguments.response_file,
                              "File of a serialized DecideResponse to answer with");
  app.add_option("--response-bytes", arguments.response_bytes,
                 "Size of a made-up answer where no file is given")
      ->check(CLI::Range(size_t{1}, bench::kMaxResponseBytes))
      ->capture_default_str()
      ->excludes(file);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : bench::kExitUsage;
  }
  return bench::Serve(arguments);
}
