#include "server/cli/terms_options.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rules/facts/text.h"
#include "server/services/resource_name.h"

namespace touchstone::server {

void AddTermsOptions(CLI::App* app, TermsOptions* options) {
  app->add_option("--from", options->from,
                  "From when on: 2026-12-01T00:00, UTC; at once if left out");
  app->add_option("--until", options->until, "Until when, not included; for ever if left out");
  app->add_option("--uses", options->uses, "How often each can be redeemed in all")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}));
}

absl::Status ReadTime(const std::string& text, const char* flag,
                      google::protobuf::Timestamp* time) {
  const absl::StatusOr<absl::Time> read = rules::ParseTimestamp(text, absl::UTCTimeZone());
  if (!read.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " ", text, ": write 2026-12-01T00:00, which is UTC, or with an offset"));
  }
  *time = ToTimestamp(*read);
  return absl::OkStatus();
}

}  // namespace touchstone::server
