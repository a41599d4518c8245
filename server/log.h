#pragma once

// Structured logs: one JSON object a line on standard error, or plain text for a person.
//
// No field may hold personal data: ids of customers, identities, attributes and basket contents
// never go in. Thread safety: all functions are safe from any thread. Errors: a line that cannot be
// written is dropped. Cost: formats and writes under a lock; not for the hot path.

#include <initializer_list>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace touchstone::server {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kJson, kText };

// "debug", "info", "warning", "error".
std::optional<LogLevel> ParseLogLevel(absl::string_view text);
// "json", "text".
std::optional<LogFormat> ParseLogFormat(absl::string_view text);

struct LogField {
  absl::string_view name;
  absl::string_view value;
};

// From the start until then: info, JSON.
void ConfigureLog(LogLevel least, LogFormat format);

// `event` is a stable name ("published"); what differs from line to line is in the fields.
void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields = {});

// What Log writes after the time and the level: `"event":"published","revision":"7"`.
std::string FormatLogFields(LogFormat format, absl::string_view event,
                            std::initializer_list<LogField> fields);

}  // namespace touchstone::server
