#include "server/services/customer_profile.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "rules/decide/condition_explanation.h"
#include "rules/decide/decide.h"
#include "rules/facts/aggregate.h"
#include "server/decide/binder.h"
#include "server/decide/fact_value.h"
#include "server/decide/identity.h"
#include "server/services/resource_name.h"
#include "store/record.h"

namespace touchstone::server {
namespace {

// Steps enough for the segments and computed attributes of any rule set.
constexpr uint64_t kProfileStepLimit = 10'000'000;

v1::AttributeValue Shown(const rules::expr::Value& value, const rules::AttributeSpec& spec) {
  if (spec.form != rules::ValueForm::kDate || value.IsError()) {
    return ToAttributeValue(value, spec.type);
  }
  v1::AttributeValue shown;
  shown.set_date_value(
      absl::FormatCivilTime(absl::ToCivilDay(value.timestamp_value(), absl::UTCTimeZone())));
  return shown;
}

void FillAttributes(const store::RecordView& record, const rules::Schema& schema,
                    v1::Customer* customer) {
  rules::expr::Arena memory;
  for (const rules::AttributeSpec& spec : schema.customer) {
    const std::optional<store::AttributeView> cell = record.FindAttribute(spec.id);
    if (!cell.has_value()) continue;
    const std::vector<RecordFieldSlot> fields = RecordFieldSlots(spec.type);
    const std::optional<rules::expr::Value> value =
        FromStored(cell->value, spec.type, fields, memory);
    if (!value.has_value()) continue;
    (*customer->mutable_attributes())[spec.name] = Shown(*value, spec);
    if (cell->as_of_s == 0) continue;
    (*customer->mutable_attribute_times())[spec.name].set_seconds(cell->as_of_s);
  }
}

void FillConsents(const store::RecordView& record, v1::Customer* customer) {
  for (size_t i = 0; i < record.consent_count(); ++i) {
    const store::ConsentView consent = record.consent(i);
    v1::CustomerConsent* shown = customer->add_consents();
    shown->set_purpose(std::string(consent.purpose));
    shown->set_state(consent.granted ? v1::CONSENT_STATE_GRANTED : v1::CONSENT_STATE_DENIED);
    *shown->mutable_update_time() = ToTimestamp(consent.time_us);
  }
}

absl::string_view KindName(store::ContactKind kind) {
  switch (kind) {
    case store::ContactKind::kShown:
      return "shown";
    case store::ContactKind::kAccepted:
      return "accepted";
    case store::ContactKind::kDeclined:
      return "declined";
    case store::ContactKind::kRedeemed:
      return "redeemed";
    case store::ContactKind::kReserved:
      return "reserved";
  }
  return "";
}

// A record has the stable ids of offers and channels; names are those of the rule set.
void FillContacts(const store::RecordView& record, const rules::RuleSet& rule_set,
                  v1::Customer* customer) {
  if (record.contact_count() == 0) return;
  absl::flat_hash_map<uint64_t, absl::string_view> offers;
  for (const rules::OfferSpec& offer : rule_set.offers) offers[offer.stable_id] = offer.id;
  absl::flat_hash_map<uint32_t, absl::string_view> channels;
  for (const std::string& channel : rule_set.channels) {
    channels[rules::StableId(channel)] = channel;
  }
  for (size_t i = record.contact_count(); i > 0; --i) {
    const store::ContactView contact = record.contact(i - 1);
    v1::CustomerContact* shown = customer->add_contacts();
    if (const auto offer = offers.find(contact.offer); offer != offers.end()) {
      shown->set_offer(std::string(offer->second));
    }
    if (const auto channel = channels.find(contact.channel); channel != channels.end()) {
      shown->set_channel(std::string(channel->second));
    }
    shown->set_kind(std::string(KindName(contact.kind)));
    shown->set_direction(contact.direction == 1 ? v1::DIRECTION_OUTBOUND : v1::DIRECTION_INBOUND);
    *shown->mutable_contact_time() = ToTimestamp(contact.time_us);
  }
}

// "90d"; empty for all time.
std::string WindowText(const rules::TrailingWindow& window) {
  switch (window.unit) {
    case rules::TrailingWindow::Unit::kEver:
      return "";
    case rules::TrailingWindow::Unit::kDays:
      return absl::StrCat(window.count, "d");
    case rules::TrailingWindow::Unit::kHours:
      return absl::StrCat(window.count, "h");
  }
  return "";
}

// When the window's first bucket begins. REQUIRES: it has a beginning.
absl::Time WindowStart(const rules::TrailingWindow& window, absl::Time now, absl::TimeZone zone) {
  const int64_t first = rules::FirstBucket(window, now, zone);
  if (window.unit == rules::TrailingWindow::Unit::kHours)
    return absl::FromUnixSeconds(first * 3600);
  return absl::FromCivil(absl::CivilDay(1970, 1, 1) + first, zone);
}

void FillAggregate(const LiveState& live, size_t index, const rules::Decision& decision,
                   absl::Time now, v1::CustomerAggregate* shown) {
  const rules::RuleSet& rule_set = *live.rule_set;
  const std::vector<uint32_t>& incomplete = live.incomplete_aggregates;
  const rules::AggregateSpec& spec = rule_set.schema.aggregates[index];
  shown->set_name(spec.name);
  shown->set_window(WindowText(spec.window));
  shown->set_incomplete(std::binary_search(incomplete.begin(), incomplete.end(), spec.id));
  shown->set_per_household(spec.per_household);
  if (!shown->window().empty()) {
    *shown->mutable_window_start_time() =
        ToTimestamp(WindowStart(spec.window, now, rule_set.schema.zone));
  }
  *shown->mutable_value() =
      ToAttributeValue(decision.facts[rule_set.layout->aggregate_slot(index)], spec.type);
}

void FillAggregates(const LiveState& live, const rules::Decision& decision, absl::Time now,
                    v1::Customer* customer) {
  for (size_t i = 0; i < live.rule_set->schema.aggregates.size(); ++i) {
    v1::CustomerAggregate* shown = customer->add_aggregate_windows();
    FillAggregate(live, i, decision, now, shown);
    if (shown->value().kind_case() == v1::AttributeValue::KIND_NOT_SET) continue;
    (*customer->mutable_aggregates())[shown->name()] = shown->value();
  }
}

void AddDecisiveWords(const rules::expr::ExplainedPart& part, v1::Customer* customer) {
  if (!part.decisive) return;
  if (part.kind == rules::expr::ExplainedPart::Kind::kAtom) {
    customer->add_segment_reasons(part.words);
  }
  for (const rules::expr::ExplainedPart& each : part.parts) AddDecisiveWords(each, customer);
}

void FillSegmentReasons(const rules::RuleSet& rule_set, const rules::Decision& decision,
                        v1::Customer* customer) {
  for (size_t i = 0; i < rule_set.segments.size(); ++i) {
    const rules::SegmentSpec& segment = rule_set.segments[i];
    if (segment.name != decision.segment) continue;
    if (segment.when.conjuncts.empty()) {
      customer->add_segment_reasons("the condition of no other segment holds");
      return;
    }
    const std::optional<rules::ExplainedCondition> explained =
        rules::ConditionExplainer(rule_set, decision).Segment(i);
    if (explained.has_value()) AddDecisiveWords(explained->root, customer);
    return;
  }
}

// Calls `use` with the decision that a customer with these records gets when she asks for nothing:
// segments and aggregates are what a decision would see.
absl::Status WithDecision(const GatheredCustomer& gathered,
                          const std::shared_ptr<const LiveState>& live, absl::Time now,
                          absl::FunctionRef<void(const rules::Decision&)> use) {
  const rules::RuleSet& rule_set = *live->rule_set;
  v1::DecideRequest request;
  request.mutable_context()->set_transaction_id("profile");
  request.mutable_context()->set_step(1);
  request.mutable_context()->mutable_touchpoint()->set_channel(rule_set.channels.front());
  std::vector<Violation> violations;
  Binder binder;
  binder.BindRequest(request, live, now, &violations);
  if (!violations.empty()) {
    return absl::InternalError(
        absl::StrCat("profile: ", violations.front().field, " ", violations.front().description));
  }
  if (absl::Status bound = binder.BindCustomer(gathered); !bound.ok()) return bound;
  binder.input().step_limit = kProfileStepLimit;
  rules::DecisionScratch scratch;
  use(rules::Decide(rule_set, binder.input(), scratch));
  return absl::OkStatus();
}

}  // namespace

ProfileFields ProfileFields::Of(const google::protobuf::FieldMask& mask,
                                std::vector<Violation>* violations) {
  ProfileFields fields;
  if (mask.paths_size() == 0) return fields;
  fields.only_ = {v1::Customer::kNameFieldNumber, v1::Customer::kEtagFieldNumber};
  for (int i = 0; i < mask.paths_size(); ++i) {
    const google::protobuf::FieldDescriptor* field =
        v1::Customer::descriptor()->FindFieldByName(mask.paths(i));
    if (field != nullptr) {
      fields.only_->insert(field->number());
    } else {
      violations->push_back({absl::StrCat("read_mask.paths[", i, "]"),
                             "must be the name of a field of Customer, such as attributes"});
    }
  }
  return fields;
}

void ProfileFields::Prune(v1::Customer* customer) const {
  const google::protobuf::Descriptor& descriptor = *v1::Customer::descriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    if (!Has(descriptor.field(i)->number())) {
      customer->GetReflection()->ClearField(customer, descriptor.field(i));
    }
  }
}

absl::Status FillProfile(const GatheredCustomer& gathered,
                         const std::shared_ptr<const LiveState>& live, absl::Time now,
                         const ProfileFields& fields, v1::Customer* customer) {
  const absl::StatusOr<store::RecordView> view = store::RecordView::Parse(gathered.record);
  if (!view.ok()) return view.status();
  customer->set_name(CustomerName(gathered.id));
  customer->set_etag(absl::StrCat(view->version()));
  customer->set_household(std::string(view->household()));
  const store::StringListView identities = view->identities();
  for (size_t i = 0; i < identities.size(); ++i) {
    *customer->add_identities() = ParseIdentityKey(identities[i]);
  }
  FillConsents(*view, customer);
  if (live != nullptr) {
    FillAttributes(*view, live->rule_set->schema, customer);
    FillContacts(*view, *live->rule_set, customer);
    const bool computed = fields.Has(v1::Customer::kAggregatesFieldNumber) ||
                          fields.Has(v1::Customer::kAggregateWindowsFieldNumber) ||
                          fields.Has(v1::Customer::kSegmentFieldNumber) ||
                          fields.Has(v1::Customer::kSegmentReasonsFieldNumber);
    if (computed) {
      absl::Status filled = WithDecision(gathered, live, now, [&](const rules::Decision& decision) {
        customer->set_segment(std::string(decision.segment));
        FillAggregates(*live, decision, now, customer);
        if (!fields.Has(v1::Customer::kSegmentReasonsFieldNumber)) return;
        FillSegmentReasons(*live->rule_set, decision, customer);
      });
      if (!filled.ok()) return filled;
    }
  }
  fields.Prune(customer);
  return absl::OkStatus();
}

absl::Status FillHousehold(absl::string_view record, const std::shared_ptr<const LiveState>& live,
                           absl::Time now, v1::Household* household) {
  const absl::StatusOr<store::RecordView> view = store::RecordView::Parse(record);
  if (!view.ok()) return view.status();
  household->set_etag(absl::StrCat(view->version()));
  if (live == nullptr || !live->rule_set->schema.per_household) return absl::OkStatus();
  // Of a customer in no household, what is per household is taken from her own record.
  const GatheredCustomer gathered = {.status = rules::InputStatus::kPresent, .record = record};
  return WithDecision(gathered, live, now, [&](const rules::Decision& decision) {
    const std::vector<rules::AggregateSpec>& aggregates = live->rule_set->schema.aggregates;
    for (size_t i = 0; i < aggregates.size(); ++i) {
      if (!aggregates[i].per_household) continue;
      FillAggregate(*live, i, decision, now, household->add_aggregates());
    }
  });
}

}  // namespace touchstone::server
