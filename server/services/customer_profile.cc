#include "server/services/customer_profile.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "rules/decide/decide.h"
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
    if (value.has_value()) (*customer->mutable_attributes())[spec.name] = Shown(*value, spec);
  }
}

// Segments and aggregates are what a decision would see.
absl::Status FillComputed(absl::string_view record, const std::shared_ptr<const LiveState>& live,
                          absl::Time now, v1::Customer* customer) {
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
  if (absl::Status bound = binder.BindCustomer(rules::InputStatus::kPresent, record); !bound.ok()) {
    return bound;
  }
  binder.input().step_limit = kProfileStepLimit;
  rules::DecisionScratch scratch;
  const rules::Decision& decision = rules::Decide(rule_set, binder.input(), scratch);
  customer->set_segment(std::string(decision.segment));
  const std::vector<rules::AggregateSpec>& aggregates = rule_set.schema.aggregates;
  for (size_t i = 0; i < aggregates.size(); ++i) {
    const v1::AttributeValue value =
        ToAttributeValue(decision.facts[rule_set.layout->aggregate_slot(i)], aggregates[i].type);
    if (value.kind_case() == v1::AttributeValue::KIND_NOT_SET) continue;
    (*customer->mutable_aggregates())[aggregates[i].name] = value;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FillProfile(absl::string_view customer_id, absl::string_view record,
                         const std::shared_ptr<const LiveState>& live, absl::Time now,
                         v1::Customer* customer) {
  const absl::StatusOr<store::RecordView> view = store::RecordView::Parse(record);
  if (!view.ok()) return view.status();
  customer->set_name(CustomerName(customer_id));
  customer->set_etag(absl::StrCat(view->version()));
  const store::StringListView identities = view->identities();
  for (size_t i = 0; i < identities.size(); ++i) {
    *customer->add_identities() = ParseIdentityKey(identities[i]);
  }
  if (live == nullptr) return absl::OkStatus();
  FillAttributes(*view, live->rule_set->schema, customer);
  return FillComputed(record, live, now, customer);
}

}  // namespace touchstone::server
