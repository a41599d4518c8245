#include "server/config.h"

#include <cctype>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace touchstone::server {
namespace {

ServerOption Text(absl::string_view name, std::string ServerConfig::* field,
                  absl::string_view allowed, absl::string_view meaning) {
  ServerOption option;
  option.name = std::string(name);
  option.default_text = ServerConfig().*field;
  option.meaning = std::string(meaning);
  option.allowed = std::string(allowed);
  option.set = [field](absl::string_view text, ServerConfig* config) {
    config->*field = std::string(text);
    return !text.empty() || (ServerConfig().*field).empty();
  };
  return option;
}

template <typename Number>
ServerOption Count(absl::string_view name, Number ServerConfig::* field, Number least, Number most,
                   absl::string_view unit, absl::string_view meaning) {
  ServerOption option;
  option.name = std::string(name);
  option.default_text = absl::StrCat(ServerConfig().*field);
  option.unit = std::string(unit);
  option.meaning = std::string(meaning);
  option.allowed = absl::StrCat(least, " to ", most);
  option.set = [=](absl::string_view text, ServerConfig* config) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < least || number > most) return false;
    config->*field = static_cast<Number>(number);
    return true;
  };
  return option;
}

ServerOption TrueOrFalse(absl::string_view name, bool ServerConfig::* field,
                         absl::string_view meaning) {
  ServerOption option;
  option.name = std::string(name);
  option.default_text = ServerConfig().*field ? "true" : "false";
  option.meaning = std::string(meaning);
  option.allowed = "true or false";
  option.set = [field](absl::string_view text, ServerConfig* config) {
    config->*field = text == "true";
    return text == "true" || text == "false";
  };
  return option;
}

template <typename Choice>
ServerOption OneOf(absl::string_view name, Choice ServerConfig::* field,
                   std::optional<Choice> (*parse)(absl::string_view),
                   absl::string_view default_text, absl::string_view allowed,
                   absl::string_view meaning) {
  ServerOption option;
  option.name = std::string(name);
  option.default_text = std::string(default_text);
  option.meaning = std::string(meaning);
  option.allowed = std::string(allowed);
  option.set = [=](absl::string_view text, ServerConfig* config) {
    const std::optional<Choice> choice = parse(text);
    if (choice.has_value()) config->*field = *choice;
    return choice.has_value();
  };
  return option;
}

std::vector<ServerOption> MakeOptions() {
  using C = ServerConfig;
  return {
      Text("listen", &C::listen, "an address and a port, such as 0.0.0.0:50051",
           "Where gRPC is served. Calls carry no credentials yet, so open it beyond this machine "
           "only inside a network that you trust."),
      Text("data-dir", &C::data_dir, "a folder",
           "Where everything that survives is kept; made when it is missing."),
      Text("backup-dir", &C::backup_dir, "a folder",
           "Where `touchstone backup` puts backups, best on another device than data-dir; made "
           "when it is missing. Without it there are none."),
      Count<size_t>("cache-mib", &C::cache_mib, 8, 1'048'576, "MiB",
                    "Memory for records of customers: the more of them fit, the fewer reads wait "
                    "for the device."),
      Text("store-options", &C::store_options, "a file",
           "Changes values of options of RocksDB: of those that store/rocksdb.options sets, and in "
           "its form. They were chosen by measurement; change one when you have measured it."),
      Count<size_t>("polling-threads", &C::polling_threads, 1, 256, "threads",
                    "Threads that decide, one for each core that decisions are given."),
      Count<size_t>("in-flight", &C::in_flight, 1, 65'536, "calls",
                    "Decisions under way on each polling thread; what is beyond waits."),
      Count<size_t>("io-threads", &C::io_threads, 1, 256, "threads",
                    "Threads for reads of decisions that wait for the device."),
      Count<size_t>("worker-threads", &C::worker_threads, 1, 4'096, "threads",
                    "Calls of all other methods (rule sets, customers, streams, imports) under way "
                    "at once, each on a thread of its own; what is beyond is refused as OVERLOADED "
                    "and may be tried again."),
      Count<size_t>("open-streams", &C::open_streams, 1, 1'000'000, "streams",
                    "Streams of tills (DecideStream) open at once; what is beyond is refused as "
                    "OVERLOADED and may be tried again. None of them holds a thread."),
      Count<size_t>("open-transactions-mib", &C::open_transactions_mib, 1, 65'536, "MiB",
                    "Memory for transactions that tills have open over streams; beyond it those "
                    "used last stay, and of the others the till sends the whole state again."),
      Count<size_t>("open-transaction-hold", &C::open_transaction_hold, 1, 1'440, "minutes",
                    "How long an open transaction stays in memory after its last step."),
      Count<uint64_t>("step-limit", &C::step_limit, 1'000, 1'000'000'000, "steps",
                      "Evaluator steps of one decision; beyond it the answer is PARTIAL."),
      TrueOrFalse("allow-as-of", &C::allow_as_of,
                  "Whether a decision may say as_of, the moment as of which it is made: for "
                  "replays of old data. Calls carry no roles yet, so that everybody may who can "
                  "call; leave it false where real customers are served."),
      Count<size_t>("receipt-buffer-mib", &C::receipt_buffer_mib, 1, 4'096, "MiB",
                    "Receipts that wait to be written; when it is full, calls are shed."),
      Count<size_t>("receipt-days", &C::receipt_days, 1, 3'650, "days",
                    "How long receipts are kept."),
      Count<size_t>("receipt-gib", &C::receipt_gib, 1, 65'536, "GiB",
                    "How much room receipts may take; the oldest go first."),
      Count<size_t>("event-retention", &C::event_retention, 0, 36'500, "days",
                    "How long events are kept, 0 for ever. What a dropped event added to "
                    "aggregates stays; older events are refused as EVENT_TOO_OLD."),
      Count<size_t>("max-event-ahead", &C::max_event_ahead, 0, 86'400, "seconds",
                    "How far ahead of the server's clock an event may lie; beyond it, it is "
                    "refused as EVENT_IN_FUTURE. One that lies less far ahead is kept, and counts "
                    "from its day or hour on."),
      Count<size_t>("drain-seconds", &C::drain_seconds, 0, 3'600, "seconds",
                    "How long calls under way may take after SIGTERM."),
      OneOf<LogLevel>("log-level", &C::log_level, &ParseLogLevel, "info",
                      "debug, info, warning or error", "The least severe lines that are logged."),
      OneOf<LogFormat>("log-format", &C::log_format, &ParseLogFormat, "json", "json or text",
                       "json: one object a line on standard error; text: for a person."),
  };
}

absl::Status Set(absl::string_view name, absl::string_view value, absl::string_view where,
                 ServerConfig* config) {
  for (const ServerOption& option : ServerOptions()) {
    if (option.name != name) continue;
    if (option.set(value, config)) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": `", value, "` is not allowed for ", name, "; it must be ",
                     option.allowed, option.unit.empty() ? "" : " ", option.unit, "."));
  }
  return absl::InvalidArgumentError(absl::StrCat(where, ": there is no option `", name,
                                                 "`. `touchstone serve --help` lists them."));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read the configuration file ", path, ". Name one that exists."));
  }
  return text;
}

}  // namespace

const std::vector<ServerOption>& ServerOptions() {
  static const auto& options = *new std::vector<ServerOption>(MakeOptions());
  return options;
}

std::string EnvironmentName(absl::string_view option) {
  std::string name = "TOUCHSTONE_";
  for (const char c : option) name.push_back(c == '-' ? '_' : absl::ascii_toupper(c));
  return name;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseConfigFile(
    absl::string_view text, absl::string_view path) {
  std::vector<std::pair<std::string, std::string>> settings;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const size_t equals = line.find('=');
    if (equals == absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": a line must be `option = value`."));
    }
    settings.emplace_back(absl::StripAsciiWhitespace(line.substr(0, equals)),
                          absl::StripAsciiWhitespace(line.substr(equals + 1)));
  }
  return settings;
}

absl::StatusOr<ServerConfig> LoadConfig(const ConfigSources& sources) {
  ServerConfig config;
  if (!sources.file.empty()) {
    const absl::StatusOr<std::string> text = ReadFile(sources.file);
    if (!text.ok()) return text.status();
    const auto settings = ParseConfigFile(*text, sources.file);
    if (!settings.ok()) return settings.status();
    for (const auto& [name, value] : *settings) {
      if (absl::Status set = Set(name, value, sources.file, &config); !set.ok()) return set;
    }
  }
  for (const ServerOption& option : ServerOptions()) {
    const std::string variable = EnvironmentName(option.name);
    if (const char* value = sources.environment(variable.c_str())) {
      if (absl::Status set = Set(option.name, value, variable, &config); !set.ok()) return set;
    }
  }
  for (const auto& [name, value] : sources.flags) {
    const absl::Status set = Set(name, value, absl::StrCat("--", name), &config);
    if (!set.ok()) return set;
  }
  return config;
}

std::string ConfigurationDoc() {
  std::string doc =
      "# Configuration of the server\n\n"
      "Every option of `touchstone serve` can be set in three ways. A flag wins over the\n"
      "environment, the environment over the file, the file over the default.\n\n"
      "- flag: `--listen 127.0.0.1:50051`\n"
      "- environment: `TOUCHSTONE_LISTEN=127.0.0.1:50051`: the name in capitals, `-` as `_`\n"
      "- file, named by `--config FILE` or `TOUCHSTONE_CONFIG`: lines `listen = 127.0.0.1:50051`;\n"
      "  a line that begins with `#` is a comment\n\n"
      "Without any of them the server listens on this machine only.\n\n"
      "<!-- Made from the table in server/config.cc by `configuration_doc`. Do not edit. -->\n\n"
      "| option | default | unit | allowed | meaning |\n"
      "|---|---|---|---|---|\n";
  for (const ServerOption& option : ServerOptions()) {
    absl::StrAppend(
        &doc, "| `", option.name, "` | ",
        option.default_text.empty() ? "none" : absl::StrCat("`", option.default_text, "`"), " | ",
        option.unit, " | ", option.allowed, " | ", option.meaning, " |\n");
  }
  return doc;
}

}  // namespace touchstone::server
