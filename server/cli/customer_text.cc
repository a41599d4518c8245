#include "server/cli/customer_text.h"

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/cli/columns.h"
#include "server/cli/decision_text.h"
#include "server/decide/identity.h"

namespace touchstone::server {
namespace {

// "2026-11-22"
std::string DayText(const google::protobuf::Timestamp& time) {
  return TimeText(time).substr(0, 10);
}

void AppendPart(absl::string_view title, absl::string_view lines, std::string* text) {
  if (!lines.empty()) absl::StrAppend(text, title, ":\n", lines);
}

std::string IdentitiesText(const v1::Customer& customer) {
  std::string lines;
  for (const v1::Identity& identity : customer.identities()) {
    absl::StrAppend(&lines, "  ", IdentityKey({}, identity), "\n");
  }
  return lines;
}

// The day since which all attributes are as they are; empty when they differ or did not say.
std::string CommonDay(const v1::Customer& customer) {
  std::string day;
  if (customer.attribute_times_size() != customer.attributes_size()) return day;
  for (const auto& [name, time] : customer.attribute_times()) {
    if (day.empty()) day = DayText(time);
    if (day != DayText(time)) return "";
  }
  return day;
}

void AppendAttributes(const v1::Customer& customer, std::string* text) {
  const std::string day = CommonDay(customer);
  const std::map<std::string, v1::AttributeValue> sorted(customer.attributes().begin(),
                                                         customer.attributes().end());
  std::string lines;
  for (const auto& [name, value] : sorted) {
    absl::StrAppend(&lines, "  ", name, " = ", ValueText(value));
    const auto since = customer.attribute_times().find(name);
    if (day.empty() && since != customer.attribute_times().end()) {
      absl::StrAppend(&lines, "  (since ", DayText(since->second), ")");
    }
    lines += "\n";
  }
  AppendPart(day.empty() ? "attributes" : absl::StrCat("attributes, since ", day), lines, text);
}

std::string ConsentsText(const v1::Customer& customer) {
  Columns columns({Align::kLeft, Align::kLeft, Align::kLeft});
  for (const v1::CustomerConsent& consent : customer.consents()) {
    columns.Add({consent.purpose(),
                 EnumWord(v1::ConsentState_Name(consent.state()), "CONSENT_STATE_"),
                 absl::StrCat("on ", DayText(consent.update_time()))});
  }
  return columns.Text("  ");
}

std::string AggregatesText(
    const google::protobuf::RepeatedPtrField<v1::CustomerAggregate>& aggregates) {
  std::string lines;
  for (const v1::CustomerAggregate& aggregate : aggregates) {
    const bool has_value = aggregate.value().kind_case() != v1::AttributeValue::KIND_NOT_SET;
    if (!has_value && !aggregate.incomplete()) continue;
    absl::StrAppend(
        &lines, "  ", aggregate.name(), " = ",
        aggregate.incomplete() ? "(being filled)" : ValueText(aggregate.value()),
        aggregate.window().empty() ? "" : absl::StrCat("  (over ", aggregate.window(), ")"),
        aggregate.per_household() ? "  (of her household)" : "", "\n");
  }
  return lines;
}

std::string ContactsText(const v1::Customer& customer) {
  Columns columns({Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  for (const v1::CustomerContact& contact : customer.contacts()) {
    const std::string channel = contact.channel().empty() ? "?" : contact.channel();
    columns.Add({TimeText(contact.contact_time()), contact.kind(),
                 contact.direction() == v1::DIRECTION_OUTBOUND ? absl::StrCat(channel, ", outbound")
                                                               : channel,
                 contact.offer().empty() ? "(an offer of the past)" : contact.offer()});
  }
  return columns.Text("  ");
}

std::string GrantsText(const v1::Customer& customer) {
  Columns columns({Align::kLeft, Align::kLeft, Align::kLeft});
  for (const v1::Grant& grant : customer.grants()) {
    columns.Add({grant.offer_id(), StateText(grant), EndText(grant)});
  }
  return columns.Text("  ");
}

std::string HeldText(const v1::Customer& customer) {
  std::string lines;
  for (const v1::HeldTransaction& held : customer.held_transactions()) {
    absl::StrAppend(&lines, "  ", held.transaction_id(), ", step ", held.step(),
                    held.suspended() ? ": suspended until " : ": held until ",
                    TimeText(held.expire_time()), "\n");
  }
  return lines;
}

std::string EventsText(const v1::Customer& customer) {
  std::string lines;
  for (const v1::Event& event : customer.recent_events()) {
    absl::StrAppend(
        &lines, "  ", TimeText(event.occurred_at()), "  ", event.type(), "  ", event.event_id(),
        event.lines_size() == 0
            ? ""
            : absl::StrCat("  ", event.lines_size(), event.lines_size() == 1 ? " line" : " lines"),
        "\n");
  }
  return lines;
}

}  // namespace

std::string CustomerText(const v1::Customer& customer) {
  std::string text = customer.name();
  if (!customer.segment().empty()) absl::StrAppend(&text, ", segment ", customer.segment());
  absl::StrAppend(&text, "\n");
  for (const std::string& reason : customer.segment_reasons()) {
    absl::StrAppend(&text, "  because ", reason, "\n");
  }
  if (!customer.household().empty()) {
    absl::StrAppend(&text, "household ", customer.household(), "\n");
  }
  for (const std::string& merged : customer.merged_customers()) {
    absl::StrAppend(&text, "with ", merged, ", who was merged into her\n");
  }
  AppendPart("identities", IdentitiesText(customer), &text);
  AppendAttributes(customer, &text);
  AppendPart("consents", ConsentsText(customer), &text);
  AppendPart("aggregates", AggregatesText(customer.aggregate_windows()), &text);
  AppendPart("grants", GrantsText(customer), &text);
  AppendPart("transactions that hold something", HeldText(customer), &text);
  AppendPart("contacts", ContactsText(customer), &text);
  AppendPart("latest events", EventsText(customer), &text);
  return text;
}

std::string HouseholdText(const v1::Household& household) {
  std::string text = absl::StrCat(household.name(), "\n");
  for (const std::string& member : household.members()) absl::StrAppend(&text, "  ", member, "\n");
  AppendPart("aggregates", AggregatesText(household.aggregates()), &text);
  return text;
}

std::string CustomerId(const v1::Customer& customer) {
  return std::string(absl::StripPrefix(customer.name(), "customers/"));
}

bool IsIdentity(absl::string_view name) { return absl::StrContains(name, ':'); }

std::string StateText(const v1::Grant& grant) {
  return EnumWord(v1::GrantState_Name(grant.state()), "GRANT_STATE_");
}

std::string EndText(const v1::Grant& grant) {
  return grant.has_end_time() ? absl::StrCat("until ", TimeText(grant.end_time())) : "for ever";
}

}  // namespace touchstone::server
