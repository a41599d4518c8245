#include "server/services/resource_name.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

constexpr absl::string_view kCustomers = "customers/";
constexpr absl::string_view kHouseholds = "households/";
constexpr absl::string_view kRevisions = "revisions/";
constexpr int64_t kMicrosPerSecond = 1'000'000;

std::optional<std::string> ParseName(absl::string_view prefix, absl::string_view name,
                                     absl::string_view field, std::vector<Violation>* violations) {
  absl::string_view id = name;
  if (absl::ConsumePrefix(&id, prefix) && store::IsValidId(id)) return std::string(id);
  violations->push_back(
      {std::string(field),
       absl::StrCat("must be ", prefix, "{id}, the id of 1 to 64 of [A-Za-z0-9._-]")});
  return std::nullopt;
}

}  // namespace

std::string CustomerName(absl::string_view id) { return absl::StrCat(kCustomers, id); }
std::string HouseholdName(absl::string_view id) { return absl::StrCat(kHouseholds, id); }
std::string RevisionName(uint64_t number) { return absl::StrCat(kRevisions, number); }

std::optional<std::string> ParseCustomerName(absl::string_view name, absl::string_view field,
                                             std::vector<Violation>* violations) {
  return ParseName(kCustomers, name, field, violations);
}

std::optional<std::string> ParseHouseholdName(absl::string_view name, absl::string_view field,
                                              std::vector<Violation>* violations) {
  return ParseName(kHouseholds, name, field, violations);
}

std::optional<uint64_t> ParseRevisionName(absl::string_view name, absl::string_view field,
                                          std::vector<Violation>* violations) {
  absl::string_view text = name;
  uint64_t number = 0;
  const bool digits =
      absl::ConsumePrefix(&text, kRevisions) && !text.empty() && text[0] != '0' &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && absl::SimpleAtoi(text, &number)) return number;
  violations->push_back({std::string(field), "must be revisions/{n}, such as revisions/7"});
  return std::nullopt;
}

void CheckRequestId(absl::string_view request_id, std::vector<Violation>* violations) {
  if (store::IsValidId(request_id)) return;
  violations->push_back({"request_id", "is required: 1 to 64 of [A-Za-z0-9._-]"});
}

void CheckText(absl::string_view text, size_t most, absl::string_view field,
               std::vector<Violation>* violations) {
  const auto characters = static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
  if (characters <= most) return;
  violations->push_back(
      {std::string(field), absl::StrCat("must be at most ", most, " characters")});
}

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

google::protobuf::Timestamp ToTimestamp(int64_t time_us) {
  int64_t seconds = time_us / kMicrosPerSecond;
  int64_t micros = time_us % kMicrosPerSecond;
  if (micros < 0) {
    --seconds;
    micros += kMicrosPerSecond;
  }
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(micros) * 1000);
  return timestamp;
}

}  // namespace touchstone::server
