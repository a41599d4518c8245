#include "tests/server/ingest/history.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/ruleset/diagnostic.h"
#include "server/ingest/event_increments.h"
#include "server/services/rule_set_check.h"
#include "store/record_patch.h"
#include "tests/server/ingest/schema_rules.h"

namespace touchstone::server {
namespace {

using rules::expr::Value;

void Require(bool ok, absl::string_view what) {
  if (ok) return;
  std::fprintf(stderr, "%s\n", std::string(what).c_str());
  std::abort();
}

std::shared_ptr<const rules::RuleSet> RuleSetOf(const std::string& zone,
                                                const std::string& schema) {
  const CheckedRuleSet check = CheckRuleSet(SchemaRules(zone, schema), false, absl::UnixEpoch());
  std::string found = schema;
  for (const rules::Diagnostic& diagnostic : check.diagnostics) {
    absl::StrAppend(&found, rules::Render(diagnostic), "\n");
  }
  Require(check.rule_set != nullptr, found);
  return check.rule_set;
}

std::shared_ptr<const rules::ReferenceSnapshot> ReferenceOf(const rules::Schema& schema) {
  auto reference = std::make_shared<rules::ReferenceSnapshot>();
  reference->products = rules::ReferenceTable(schema.product.columns.size());
  if (schema.product.columns.size() != 1) return reference;
  for (const auto& [sku, category] : {std::pair{"BEANS", "coffee"}, std::pair{"TEA", "tea"}}) {
    const Value categories = Value::String(category);
    const rules::expr::ListData list{&categories, 1, nullptr};
    const Value row[] = {Value::List(&list)};
    Require(reference->products.Add(sku, row).ok(), sku);
  }
  return reference;
}

}  // namespace

History::History(const std::string& zone, const std::string& schema) {
  auto live = std::make_shared<LiveState>();
  live->rule_set = RuleSetOf(zone, schema);
  live->reference = ReferenceOf(live->rule_set->schema);
  live_ = live;
  Forget();
}

void History::Forget() {
  record_.clear();
  store::RecordPatch patch;
  patch.BumpVersion();
  Apply(patch);
}

void History::Apply(const store::RecordPatch& patch) {
  const absl::string_view patches[] = {patch.bytes()};
  auto applied = store::ApplyPatches(record_, patches);
  Require(applied.ok(), applied.status().ToString());
  record_ = *std::move(applied);
}

void History::Happens(const v1::Event& event, absl::Time server_now) {
  EventPatches patches;
  std::vector<Violation> violations;
  EventIncrements(live_, server_now).Add(event, "event", &patches, &violations);
  Require(violations.empty(), event.ShortDebugString());
  Apply(patches.customer);
}

bool History::IsTakenBack(const v1::Event& event, absl::Time server_now) {
  EventPatches patches;
  const bool stale = EventIncrements(live_, server_now).TakeBack(event, &patches).customer;
  Apply(patches.customer);
  return stale;
}

void History::Rebuild(absl::Span<const v1::Event> events, absl::Time server_now) {
  std::vector<uint32_t> ids;
  for (const rules::AggregateSpec& spec : schema().aggregates) ids.push_back(spec.id);
  store::RecordPatch patch;
  EventIncrements(live_, server_now).Rebuild({{events.begin(), events.end()}}, ids, &patch);
  Apply(patch);
}

Value History::Read(absl::string_view name, absl::Time now) {
  v1::DecideRequest request;
  request.mutable_context()->set_transaction_id("t-1");
  request.mutable_context()->set_step(1);
  request.mutable_context()->mutable_touchpoint()->set_channel("pos");
  std::vector<Violation> violations;
  binder_.BindRequest(request, live_, now, &violations);
  Require(violations.empty(), "request");
  Require(binder_.BindCustomer({.status = rules::InputStatus::kPresent, .record = record_}).ok(),
          "record");
  for (size_t i = 0; i < schema().aggregates.size(); ++i) {
    if (schema().aggregates[i].name != name) continue;
    return binder_.input().facts[live_->rule_set->layout->aggregate_slot(i)];
  }
  Require(false, name);
  return Value();
}

store::RecordView History::record() const { return *store::RecordView::Parse(record_); }

}  // namespace touchstone::server
