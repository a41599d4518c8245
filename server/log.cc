#include "server/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/json_string.h"

namespace touchstone::server {
namespace {

constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
constexpr char kTextPattern[] = "%Y-%m-%d %H:%M:%S.%e %l %v";

std::atomic<LogFormat> log_format{LogFormat::kJson};

spdlog::logger& Logger() {
  static spdlog::logger& logger = []() -> spdlog::logger& {
    auto* made =
        new spdlog::logger("touchstone", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(kJsonPattern, spdlog::pattern_time_type::utc);
    return *made;
  }();
  return logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(absl::string_view text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warning") return LogLevel::kWarning;
  if (text == "error") return LogLevel::kError;
  return std::nullopt;
}

std::optional<LogFormat> ParseLogFormat(absl::string_view text) {
  if (text == "json") return LogFormat::kJson;
  if (text == "text") return LogFormat::kText;
  return std::nullopt;
}

void ConfigureLog(LogLevel least, LogFormat format) {
  log_format.store(format);
  Logger().set_level(ToSpdlog(least));
  Logger().set_pattern(format == LogFormat::kJson ? kJsonPattern : kTextPattern,
                       spdlog::pattern_time_type::utc);
}

void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields) {
  const std::string line = FormatLogFields(log_format.load(), event, fields);
  Logger().log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::string FormatLogFields(LogFormat format, absl::string_view event,
                            std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::kText) {
    line = std::string(event);
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", field.name, "=");
      AppendJsonString(field.value, &line);
    }
    return line;
  }
  line = "\"event\":";
  AppendJsonString(event, &line);
  for (const LogField& field : fields) {
    line.push_back(',');
    AppendJsonString(field.name, &line);
    line.push_back(':');
    AppendJsonString(field.value, &line);
  }
  return line;
}

}  // namespace touchstone::server
