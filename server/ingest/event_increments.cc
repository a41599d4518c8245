#include "server/ingest/event_increments.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/aggregate.h"
#include "rules/facts/aggregate_increments.h"
#include "rules/facts/event_layout.h"
#include "server/decide/fact_value.h"
#include "server/decide/request_check.h"
#include "server/ingest/attribute_patch.h"
#include "server/ingest/stored_increments.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

using rules::expr::Value;

void CheckHead(const v1::Event& event, absl::string_view field,
               std::vector<Violation>* violations) {
  if (!store::IsValidKeyText(event.event_id(), store::kMaxEventIdBytes)) {
    violations->push_back(
        {absl::StrCat(field, ".event_id"), "must be 1 to 128 bytes, none of them zero"});
  }
  if (!event.has_occurred_at()) {
    violations->push_back({absl::StrCat(field, ".occurred_at"), "is required"});
  } else if (!IsTimestamp(event.occurred_at())) {
    violations->push_back({absl::StrCat(field, ".occurred_at"), "must be from year 1 to 9999"});
  }
  if (event.lines_size() > kMaxEventLines) {
    violations->push_back({absl::StrCat(field, ".lines"), "must be at most 10,000"});
  }
  if (!event.reverses_event_id().empty() && event.reverses_event_id() == event.event_id()) {
    violations->push_back({absl::StrCat(field, ".reverses_event_id"), "must be another event"});
  }
}

// Writes the declared fields to their slots of `row`, from `first_slot` on.
void BindFields(const AttributeMap& given, const std::vector<rules::AttributeSpec>& specs,
                size_t first_slot, absl::string_view field, absl::string_view of,
                std::vector<Value>& row, rules::expr::Arena& memory,
                std::vector<Violation>* violations) {
  for (const auto& [name, attribute] : given) {
    const std::string path = absl::StrCat(field, "[", name, "]");
    const rules::AttributeSpec* spec = FindAttribute(specs, name);
    if (spec == nullptr) {
      violations->push_back({path, absl::StrCat("is not declared for events of type `", of, "`"),
                             v1::ERROR_REASON_NAME_NOT_DECLARED});
      continue;
    }
    const absl::StatusOr<Value> value = FromRequest(attribute, *spec, memory);
    if (!value.ok()) {
      violations->push_back(
          {path,
           absl::StrCat(value.status().message(), ", as `", spec->declared_type, "` is declared"),
           v1::ERROR_REASON_VALUE_INVALID});
      continue;
    }
    row[first_slot + static_cast<size_t>(spec - specs.data())] = *value;
  }
}

}  // namespace

absl::Time TimeOf(const v1::Event& event) {
  return absl::FromUnixSeconds(event.occurred_at().seconds()) +
         absl::Nanoseconds(event.occurred_at().nanos());
}

EventIncrements::EventIncrements(std::shared_ptr<const LiveState> live, absl::Time now)
    : live_(std::move(live)), now_(now) {}

const rules::EventSpec* FindEventSpec(const rules::Schema& schema, absl::string_view name) {
  const std::vector<rules::EventSpec>& events = schema.events;
  const auto found = std::find_if(events.begin(), events.end(),
                                  [name](const auto& spec) { return spec.name == name; });
  return found == events.end() ? nullptr : &*found;
}

void EventIncrements::Append(const rules::AggregateIncrement& increment, absl::Time time,
                             EventPatches* patches) const {
  const int64_t keep_from = KeepFrom(*increment.aggregate, time);
  AppendIncrement(increment, time, keep_from, &patches->customer);
  if (!increment.aggregate->per_household) return;
  AppendIncrement(increment, time, keep_from, &patches->household);
}

void EventIncrements::Add(const v1::Event& event, absl::string_view field, EventPatches* patches,
                          std::vector<Violation>* violations) {
  CheckHead(event, field, violations);
  const rules::EventSpec* type = FindEventSpec(live_->rule_set->schema, event.type());
  if (type == nullptr) {
    violations->push_back({absl::StrCat(field, ".type"),
                           "is not an event type that the schema of the active revision declares",
                           v1::ERROR_REASON_NAME_NOT_DECLARED});
    return;
  }
  if (type->line_fields.empty() && event.lines_size() > 0) {
    violations->push_back({absl::StrCat(field, ".lines"), "are not declared for this event type",
                           v1::ERROR_REASON_NAME_NOT_DECLARED});
  }
  ForEachIncrement(event, *type, /*takes_back=*/false, field, violations,
                   [this, patches](const rules::AggregateIncrement& increment, absl::Time time) {
                     Append(increment, time, patches);
                   });
}

EventIncrements::Stale EventIncrements::TakeBack(const v1::Event& event, EventPatches* patches) {
  const rules::EventSpec* type = FindEventSpec(live_->rule_set->schema, event.type());
  Stale stale;
  // What took another event back added nothing of its own.
  if (type == nullptr || !event.reverses_event_id().empty()) return stale;
  std::vector<Violation> passed_over;
  ForEachIncrement(
      event, *type, /*takes_back=*/true, "", &passed_over,
      [this, patches, &stale](const rules::AggregateIncrement& increment, absl::Time time) {
        stale.customer = stale.customer || increment.stale;
        stale.household =
            stale.household || (increment.stale && increment.aggregate->per_household);
        Append(increment, time, patches);
      });
  return stale;
}

void EventIncrements::Rebuild(absl::Span<const std::vector<v1::Event>> histories,
                              absl::Span<const uint32_t> aggregates, store::RecordPatch* patch) {
  const absl::flat_hash_set<uint32_t> wanted(aggregates.begin(), aggregates.end());
  IncrementTally tally;
  for (const std::vector<v1::Event>& events : histories) {
    absl::flat_hash_set<absl::string_view> reversed;
    for (const v1::Event& event : events) {
      if (!event.reverses_event_id().empty()) reversed.insert(event.reverses_event_id());
    }
    for (const v1::Event& event : events) {
      const rules::EventSpec* type = FindEventSpec(live_->rule_set->schema, event.type());
      if (type == nullptr || !event.reverses_event_id().empty() ||
          reversed.contains(event.event_id())) {
        continue;
      }
      std::vector<Violation> passed_over;
      ForEachIncrement(event, *type, /*takes_back=*/false, "", &passed_over,
                       [&](const rules::AggregateIncrement& increment, absl::Time time) {
                         if (!wanted.contains(increment.aggregate->id)) return;
                         tally.Add(increment, time, KeepFrom(*increment.aggregate, time));
                       });
    }
  }
  for (const uint32_t aggregate : aggregates) patch->ClearAggregate(aggregate);
  tally.AppendTo(patch);
}

template <typename Use>
void EventIncrements::ForEachIncrement(const v1::Event& event, const rules::EventSpec& type,
                                       bool takes_back, absl::string_view field,
                                       std::vector<Violation>* violations, const Use& use) {
  const rules::Schema& schema = live_->rule_set->schema;
  const rules::EventLayout layout(schema, type);
  rules::expr::Arena memory;
  std::vector<Value> row(layout.event_row_size());
  BindFields(event.fields(), type.fields, layout.field_slot(0), absl::StrCat(field, ".fields"),
             type.name, row, memory, violations);
  const rules::AttributeSpec* store_field = FindAttribute(type.fields, "store");
  if (store_field != nullptr && !event.store().empty() && !event.fields().contains("store") &&
      store_field->type.Is(rules::expr::TypeKind::kString)) {
    const auto position = static_cast<size_t>(store_field - type.fields.data());
    row[layout.field_slot(position)] = Value::String(event.store());
  }
  // Lines that are not declared are one violation, whatever is in them.
  const auto line_count = static_cast<size_t>(
      type.line_fields.empty() ? 0 : std::min(event.lines_size(), kMaxEventLines));
  std::vector<std::vector<Value>> lines(line_count, std::vector<Value>(type.line_fields.size()));
  std::vector<absl::Span<const Value>> line_spans;
  for (size_t i = 0; i < line_count; ++i) {
    BindFields(event.lines(static_cast<int>(i)).values(), type.line_fields, 0,
               absl::StrCat(field, ".lines[", i, "].values"), type.name, lines[i], memory,
               violations);
    line_spans.push_back(lines[i]);
  }
  if (!field.empty() && !violations->empty()) return;

  rules::EventFacts facts;
  facts.type = &type;
  facts.time = TimeOf(event);
  facts.row = row;
  facts.lines = line_spans;
  facts.takes_back = takes_back;
  const rules::EventIncrements found =
      rules::IncrementsOf(schema, facts, live_->reference->products, scratch_);
  for (const rules::AggregateIncrement& increment : found.increments) use(increment, facts.time);
}

int64_t EventIncrements::KeepFrom(const rules::AggregateSpec& aggregate,
                                  absl::Time event_time) const {
  // By the event's own time, so that history that is loaded in order keeps the windows that it had;
  // never by a time that has not come, so that one wrong clock does not empty a record.
  return rules::FirstBucket(aggregate.window, std::min(event_time, now_),
                            live_->rule_set->schema.zone);
}

}  // namespace touchstone::server
