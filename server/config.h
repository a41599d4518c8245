#pragma once

// The configuration of the server: one table of options, set by flag, environment or file.
//
// A flag wins over the environment (TOUCHSTONE_LISTEN for `listen`), that over the file, that over
// the default. docs/configuration.md is made from the table.
// Thread safety: pure functions. Errors: InvalidArgument with a sentence that names the option,
// where it was set, and what would be right.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/log.h"

namespace touchstone::server {

struct ServerConfig {
  std::string listen = "127.0.0.1:50051";
  std::string data_dir = "touchstone-data";
  std::string backup_dir;  // empty: no backups
  size_t cache_mib = 512;
  std::string store_options;  // empty: as they are built in
  size_t polling_threads = 1;
  size_t in_flight = 256;
  size_t io_threads = 8;
  size_t worker_threads = 256;
  size_t open_streams = 4096;
  size_t open_transactions_mib = 64;
  size_t open_transaction_hold = 30;  // minutes
  uint64_t step_limit = 1'000'000;
  bool allow_as_of = false;
  size_t receipt_buffer_mib = 64;
  size_t receipt_days = 7;
  size_t receipt_gib = 20;
  size_t event_retention = 0;    // days; 0: for ever
  size_t max_event_ahead = 300;  // seconds
  size_t drain_seconds = 10;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kJson;
};

struct ServerOption {
  std::string name;          // "cache-mib": the flag and the key in the file
  std::string default_text;  // as the option would be written
  std::string unit;          // empty: none
  std::string meaning;       // one sentence
  std::string allowed;       // "1 to 256"
  std::function<bool(absl::string_view text, ServerConfig* config)> set;  // false: not allowed
};

// In the order of the documentation.
const std::vector<ServerOption>& ServerOptions();

// "TOUCHSTONE_BLOCK_CACHE_MIB".
std::string EnvironmentName(absl::string_view option);

// Lines `key = value`; blank ones and those that begin with # are passed over.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseConfigFile(
    absl::string_view text, absl::string_view path);

struct ConfigSources {
  std::map<std::string, std::string> flags;  // by option name, those that were given
  // nullptr for a variable that is not set.
  std::function<const char*(const char* name)> environment;
  std::string file;  // path; empty: none
};
absl::StatusOr<ServerConfig> LoadConfig(const ConfigSources& sources);

// docs/configuration.md.
std::string ConfigurationDoc();

}  // namespace touchstone::server
