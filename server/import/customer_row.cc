#include "server/import/customer_row.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/import/row_value.h"

namespace touchstone::server {
namespace {

bool IsOneOf(const std::vector<std::string>& words, const std::string& text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

absl::Status MapConsent(const ConsentSource& source, const Mapping& mapping, const Row& row,
                        v1::CustomerRow* to) {
  const absl::StatusOr<std::string> text = TextOf(source.value, mapping, row);
  if (!text.ok()) return text.status();
  if (text->empty()) return absl::OkStatus();
  const bool granted = IsOneOf(source.granted, *text);
  if (!granted && !IsOneOf(source.denied, *text)) {
    return absl::InvalidArgumentError(absl::StrCat("the cell is none of ",
                                                   absl::StrJoin(source.granted, ", "), ", ",
                                                   absl::StrJoin(source.denied, ", ")));
  }
  v1::CustomerConsent* consent = to->add_consents();
  consent->set_purpose(source.purpose);
  consent->set_state(granted ? v1::CONSENT_STATE_GRANTED : v1::CONSENT_STATE_DENIED);
  if (!source.time.has_value()) return absl::OkStatus();
  const absl::StatusOr<absl::Time> time = TimeOf(*source.time, mapping, row);
  if (!time.ok()) return time.status();
  if (*time != absl::InfinitePast()) SetTime(*time, consent->mutable_update_time());
  return absl::OkStatus();
}

absl::Status MapProfile(const Mapping& mapping, const Row& row, v1::CustomerRow* to) {
  for (const auto& [name, source] : mapping.identities) {
    absl::StatusOr<std::string> value = TextOf(source, mapping, row);
    if (!value.ok()) return Named(name, value.status());
    if (value->empty()) continue;
    v1::Identity* identity = to->add_identities();
    identity->set_namespace_(name);
    identity->set_value(*std::move(value));
  }
  if (mapping.household.has_value()) {
    absl::StatusOr<std::string> household = TextOf(*mapping.household, mapping, row);
    if (!household.ok()) return Named("household", household.status());
    to->set_household(*std::move(household));
  }
  for (const ConsentSource& consent : mapping.consents) {
    if (absl::Status mapped = MapConsent(consent, mapping, row, to); !mapped.ok()) {
      return Named(consent.purpose, mapped);
    }
  }
  return SetValues(mapping.attributes, mapping, row, to->mutable_attributes());
}

absl::Status MapContact(const Mapping& mapping, const Row& row, v1::CustomerContact* to) {
  std::string direction;
  std::string kind;
  std::string offer;
  std::string channel;
  const std::pair<const ValueSource*, std::string*> texts[] = {{&mapping.offer, &offer},
                                                               {&mapping.contact, &kind},
                                                               {&mapping.channel, &channel},
                                                               {&mapping.direction, &direction}};
  static constexpr absl::string_view kNames[] = {"offer", "contact", "channel", "direction"};
  for (size_t i = 0; i < std::size(texts); ++i) {
    absl::StatusOr<std::string> text = NeededText(*texts[i].first, kNames[i], mapping, row);
    if (!text.ok()) return text.status();
    *texts[i].second = *std::move(text);
  }
  if (direction != "inbound" && direction != "outbound") {
    return absl::InvalidArgumentError("direction: the cell is neither inbound nor outbound");
  }
  const absl::StatusOr<absl::Time> time = TimeOf(mapping.time, mapping, row);
  if (!time.ok()) return Named("time", time.status());
  if (*time == absl::InfinitePast()) return absl::InvalidArgumentError("the time is empty");
  to->set_offer(std::move(offer));
  to->set_kind(std::move(kind));
  to->set_channel(std::move(channel));
  to->set_direction(direction == "outbound" ? v1::DIRECTION_OUTBOUND : v1::DIRECTION_INBOUND);
  SetTime(*time, to->mutable_contact_time());
  return absl::OkStatus();
}

}  // namespace

absl::Status MapCustomerRow(const Mapping& mapping, const Row& row, v1::CustomerRow* to) {
  absl::StatusOr<std::string> id = TextOf(mapping.customer, mapping, row);
  if (!id.ok()) return Named("customer", id.status());
  if (id->empty()) return absl::InvalidArgumentError("the customer's id is empty");
  to->set_customer_id(*std::move(id));
  return mapping.kind == MappingKind::kContacts ? MapContact(mapping, row, to->add_contacts())
                                                : MapProfile(mapping, row, to);
}

}  // namespace touchstone::server
