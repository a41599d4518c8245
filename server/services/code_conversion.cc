#include "server/services/code_conversion.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/decide/presented_codes.h"
#include "server/decide/request_check.h"
#include "server/services/resource_name.h"
#include "store/holdings.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

// Microseconds since the epoch; 0 when it is not given.
int64_t ReadTime(bool is_given, const google::protobuf::Timestamp& time, absl::string_view field,
                 std::vector<Violation>* violations) {
  if (!is_given) return 0;
  if (IsTimestamp(time) && time.seconds() > 0) return absl::ToUnixMicros(ToTime(time));
  violations->push_back({std::string(field), "must be a time after 1970-01-01"});
  return 0;
}

// What codes and grants have in common.
template <typename Terms>
storage::Code ReadOffer(const Terms& terms, absl::string_view field,
                        std::vector<Violation>* violations) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, name); };
  storage::Code code;
  if (!store::IsValidId(terms.offer_id())) {
    violations->push_back({at("offer_id"), "is required: 1 to 64 of [A-Za-z0-9._-]"});
  }
  code.set_offer_id(terms.offer_id());
  code.set_start_us(
      ReadTime(terms.has_start_time(), terms.start_time(), at("start_time"), violations));
  code.set_end_us(ReadTime(terms.has_end_time(), terms.end_time(), at("end_time"), violations));
  if (code.end_us() != 0 && code.end_us() <= code.start_us()) {
    violations->push_back({at("end_time"), absl::StrCat("must be behind ", at("start_time"))});
  }
  if (terms.max_uses() < 0 || terms.max_uses() > store::kMaxClaimCount) {
    violations->push_back({at("max_uses"), "must be 0 to 1,000,000,000"});
  }
  code.set_most_uses(std::max<int64_t>(1, terms.max_uses()));
  return code;
}

v1::GrantState StateOf(const storage::Code& grant, absl::Time now) {
  FoundCode found;
  found.row = grant;
  switch (Judge(found, now, /*customer_id=*/"")) {
    case rules::CodeStanding::kValid:
      return v1::GRANT_STATE_OPEN;
    case rules::CodeStanding::kNotYetValid:
      return v1::GRANT_STATE_NOT_YET_VALID;
    case rules::CodeStanding::kExpired:
      return v1::GRANT_STATE_EXPIRED;
    case rules::CodeStanding::kUsed:
      return v1::GRANT_STATE_USED;
    case rules::CodeStanding::kReservedElsewhere:
      return v1::GRANT_STATE_RESERVED;
    case rules::CodeStanding::kRevoked:
      return v1::GRANT_STATE_REVOKED;
    case rules::CodeStanding::kUnknown:
    case rules::CodeStanding::kNotYours:
    case rules::CodeStanding::kNotRead:
      break;  // of codes
  }
  return v1::GRANT_STATE_UNSPECIFIED;
}

}  // namespace

storage::Code ReadTerms(const v1::CodeTerms& terms, std::vector<Violation>* violations) {
  storage::Code code = ReadOffer(terms, "terms.", violations);
  if (!terms.customer().empty()) {
    const auto id = ParseCustomerName(terms.customer(), "terms.customer", violations);
    code.set_customer_id(id.value_or(""));
  }
  if (!terms.batch().empty() && !store::IsValidId(terms.batch())) {
    violations->push_back({"terms.batch", "must be 0 to 64 of [A-Za-z0-9._-]"});
  }
  code.set_batch(terms.batch());
  return code;
}

storage::Code ReadTerms(const v1::GrantItem& terms, const std::string& batch,
                        absl::string_view field, std::vector<Violation>* violations) {
  storage::Code code = ReadOffer(terms, field, violations);
  code.set_batch(batch);
  return code;
}

absl::StatusOr<std::vector<std::pair<std::string, storage::Code>>> NewestGrants(
    const store::Store& store, absl::string_view customer_id) {
  auto grants = store.ListGrants(customer_id);
  if (!grants.ok()) return grants;
  std::stable_sort(grants->begin(), grants->end(), [](const auto& a, const auto& b) {
    return a.second.time_us() > b.second.time_us();
  });
  return grants;
}

v1::Code ToMessage(const std::string& text, const storage::Code& code) {
  v1::Code message;
  message.set_code(text);
  v1::CodeTerms& terms = *message.mutable_terms();
  terms.set_offer_id(code.offer_id());
  if (!code.customer_id().empty()) terms.set_customer(CustomerName(code.customer_id()));
  if (code.start_us() != 0) *terms.mutable_start_time() = ToTimestamp(code.start_us());
  if (code.end_us() != 0) *terms.mutable_end_time() = ToTimestamp(code.end_us());
  terms.set_max_uses(code.most_uses());
  terms.set_batch(code.batch());
  message.set_used(code.committed() + code.overrun());
  message.set_reserved(code.reserved());
  message.set_revoked(code.revoked());
  *message.mutable_create_time() = ToTimestamp(code.time_us());
  return message;
}

v1::Grant ToMessage(const std::string& grant_id, const storage::Code& grant,
                    absl::string_view customer_id, absl::Time now) {
  v1::Grant message;
  message.set_grant_id(grant_id);
  if (!customer_id.empty()) message.set_customer(CustomerName(customer_id));
  message.set_offer_id(grant.offer_id());
  if (grant.start_us() != 0) *message.mutable_start_time() = ToTimestamp(grant.start_us());
  if (grant.end_us() != 0) *message.mutable_end_time() = ToTimestamp(grant.end_us());
  message.set_max_uses(grant.most_uses());
  message.set_batch(grant.batch());
  message.set_state(StateOf(grant, now));
  message.set_used(grant.committed() + grant.overrun());
  message.set_reserved(grant.reserved());
  *message.mutable_create_time() = ToTimestamp(grant.time_us());
  return message;
}

}  // namespace touchstone::server
