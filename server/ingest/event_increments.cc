#include "server/ingest/event_increments.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/facts/event_layout.h"
#include "server/decide/fact_value.h"
#include "server/ingest/attribute_patch.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

using rules::expr::Value;

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
constexpr int64_t kFirstSecond = -62135596800;
constexpr int64_t kLastSecond = 253402300799;

void CheckHead(const v1::Event& event, absl::string_view field,
               std::vector<Violation>* violations) {
  if (!store::IsValidKeyText(event.event_id(), store::kMaxEventIdBytes)) {
    violations->push_back(
        {absl::StrCat(field, ".event_id"), "must be 1 to 128 bytes, none of them zero"});
  }
  const google::protobuf::Timestamp& at = event.occurred_at();
  if (!event.has_occurred_at()) {
    violations->push_back({absl::StrCat(field, ".occurred_at"), "is required"});
  } else if (at.seconds() < kFirstSecond || at.seconds() > kLastSecond || at.nanos() < 0 ||
             at.nanos() > 999'999'999) {
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

const rules::EventSpec* EventIncrements::FindType(absl::string_view name) const {
  const std::vector<rules::EventSpec>& events = live_->rule_set->schema.events;
  const auto found = std::find_if(events.begin(), events.end(),
                                  [name](const auto& spec) { return spec.name == name; });
  return found == events.end() ? nullptr : &*found;
}

void EventIncrements::Add(const v1::Event& event, absl::string_view field,
                          store::RecordPatch* patch, std::vector<Violation>* violations) {
  CheckHead(event, field, violations);
  const rules::EventSpec* type = FindType(event.type());
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
  Append(event, *type, /*takes_back=*/false, field, patch, violations);
}

void EventIncrements::TakeBack(const v1::Event& event, store::RecordPatch* patch) {
  const rules::EventSpec* type = FindType(event.type());
  if (type == nullptr) return;
  std::vector<Violation> passed_over;
  Append(event, *type, /*takes_back=*/true, "", patch, &passed_over);
}

void EventIncrements::Append(const v1::Event& event, const rules::EventSpec& type, bool takes_back,
                             absl::string_view field, store::RecordPatch* patch,
                             std::vector<Violation>* violations) {
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
  if (!takes_back && !violations->empty()) return;

  rules::EventFacts facts;
  facts.type = &type;
  facts.time = TimeOf(event);
  facts.row = row;
  facts.lines = line_spans;
  facts.takes_back = takes_back;
  scratch_.Reset();
  const rules::EventIncrements found =
      rules::IncrementsOf(schema, facts, live_->reference->products, scratch_);
  for (const rules::AggregateIncrement& increment : found.increments) {
    AppendIncrement(increment, facts.time, patch);
  }
}

void EventIncrements::AppendIncrement(const rules::AggregateIncrement& increment,
                                      absl::Time event_time, store::RecordPatch* patch) const {
  const rules::Schema& schema = live_->rule_set->schema;
  const auto spec =
      std::find_if(schema.aggregates.begin(), schema.aggregates.end(),
                   [&increment](const auto& known) { return known.id == increment.aggregate; });
  constexpr int64_t kLeast = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  store::RecordPatch::Increment stored;
  stored.aggregate = increment.aggregate;
  stored.bucket = static_cast<int32_t>(std::clamp(increment.bucket, kLeast, kMost));
  stored.count = increment.count;
  stored.sum = increment.sum;
  stored.event_us = increment.last == absl::InfinitePast() ? store::AggregateView::kNever
                                                           : absl::ToUnixMicros(increment.last);
  // By the event's own time, so that history that is loaded in order keeps the windows that it had;
  // never by a time that has not come, so that one wrong clock does not empty a record.
  stored.keep_from_bucket = static_cast<int32_t>(std::clamp(
      rules::FirstBucket(spec->window, std::min(event_time, now_), schema.zone), kLeast, kMost));
  patch->AddToAggregate(stored);
}

}  // namespace touchstone::server
