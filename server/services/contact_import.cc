#include "server/services/contact_import.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "rules/facts/schema.h"
#include "rules/facts/sip_hash.h"
#include "server/services/resource_name.h"
#include "store/keys.h"
#include "store/record.h"

namespace touchstone::server {
namespace {

constexpr rules::SipKey kTransactionKey = {0x746f756368737430, 0x636f6e7461000001};
// As of consents: clocks differ.
constexpr absl::Duration kMaxAhead = absl::Hours(24);

std::optional<store::ContactKind> KindOf(absl::string_view name) {
  if (name == "shown") return store::ContactKind::kShown;
  if (name == "accepted") return store::ContactKind::kAccepted;
  if (name == "declined") return store::ContactKind::kDeclined;
  if (name == "redeemed") return store::ContactKind::kRedeemed;
  return std::nullopt;
}

// Never 0, which would be none.
uint64_t TransactionOf(absl::string_view customer_id, const v1::CustomerContact& contact,
                       int64_t time_us) {
  const std::string parts =
      absl::StrCat(customer_id, "\n", contact.offer(), "\n", contact.kind(), "\n", time_us);
  return std::max<uint64_t>(1, rules::SipHash64(kTransactionKey, parts));
}

}  // namespace

void PlanContacts(const google::protobuf::RepeatedPtrField<v1::CustomerContact>& contacts,
                  absl::string_view customer_id, const rules::RuleSet& rule_set, absl::Time now,
                  absl::string_view field, store::RecordPatch* patch,
                  std::vector<Violation>* violations) {
  if (static_cast<size_t>(contacts.size()) > store::kMaxContacts) {
    violations->push_back({std::string(field), "must be at most 256"});
    return;
  }
  for (int i = 0; i < contacts.size(); ++i) {
    const v1::CustomerContact& given = contacts.Get(i);
    const size_t before = violations->size();
    const auto refuse = [&](absl::string_view part, absl::string_view what) {
      violations->push_back({absl::StrCat(field, "[", i, "].", part), std::string(what),
                             v1::ERROR_REASON_VALUE_INVALID});
    };
    if (!store::IsValidId(given.offer())) refuse("offer", "must be 1 to 64 of [A-Za-z0-9._-]");
    const std::optional<store::ContactKind> kind = KindOf(given.kind());
    if (!kind.has_value()) refuse("kind", "must be shown, accepted, declined or redeemed");
    const auto& channels = rule_set.channels;
    if (std::find(channels.begin(), channels.end(), given.channel()) == channels.end()) {
      refuse("channel", "is not a channel that the active revision declares");
    }
    if (given.direction() != v1::DIRECTION_INBOUND && given.direction() != v1::DIRECTION_OUTBOUND) {
      refuse("direction", "must be INBOUND or OUTBOUND");
    }
    const absl::Time time = ToTime(given.contact_time());
    if (!given.has_contact_time() || time < absl::UnixEpoch() || time > now + kMaxAhead) {
      refuse("contact_time", "must be from 1970 to a day after now");
    }
    if (violations->size() > before) continue;
    store::RecordPatch::Contact contact = {};
    contact.offer = rules::StableId(given.offer());
    contact.time_us = absl::ToUnixMicros(time);
    contact.transaction = TransactionOf(customer_id, given, contact.time_us);
    contact.channel = rules::StableId(given.channel());
    contact.kind = *kind;
    contact.direction = given.direction() == v1::DIRECTION_OUTBOUND ? 1 : 0;
    patch->AddContact(contact);
  }
}

}  // namespace touchstone::server
