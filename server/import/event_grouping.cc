#include "server/import/event_grouping.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/import/row_subject.h"
#include "server/import/row_value.h"

namespace touchstone::server {
namespace {

using v1::AttributeValue;

// `from` onto `to`; false when they do not add up (another kind or currency, or too large).
bool AddValue(const AttributeValue& from, AttributeValue* to) {
  if (to->kind_case() == AttributeValue::KIND_NOT_SET) {
    *to = from;
    return true;
  }
  if (to->kind_case() != from.kind_case()) return false;
  int64_t sum = 0;
  switch (from.kind_case()) {
    case AttributeValue::kIntValue:
      if (__builtin_add_overflow(to->int_value(), from.int_value(), &sum)) return false;
      to->set_int_value(sum);
      return true;
    case AttributeValue::kDecimalThousandths:
      if (__builtin_add_overflow(to->decimal_thousandths(), from.decimal_thousandths(), &sum)) {
        return false;
      }
      to->set_decimal_thousandths(sum);
      return true;
    case AttributeValue::kMoneyValue:
      if (to->money_value().currency_code() != from.money_value().currency_code() ||
          __builtin_add_overflow(to->money_value().amount_minor(),
                                 from.money_value().amount_minor(), &sum)) {
        return false;
      }
      to->mutable_money_value()->set_amount_minor(sum);
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<GroupedEvent> EventGrouping::Add(const Row& row) {
  GroupedEvent& event = FindOrBegin(row).event;
  event.rows.push_back({row.line, row.raw});
  if (event.error.empty() && !mapping_.lines.empty()) {
    const absl::Status mapped = SetValues(
        mapping_.lines, mapping_, row, event.event.mutable_event()->add_lines()->mutable_values());
    if (!mapped.ok()) event.error = absl::StrCat("line ", row.line, ": ", mapped.message());
  }
  if (event.rows.size() > kMaxEventRows) {
    event.error = absl::StrCat("more than ", kMaxEventRows, " rows belong to one event: is ",
                               mapping_.columns[static_cast<size_t>(*mapping_.group_by)],
                               " the column to group by?");
    return End();
  }
  const size_t most = mapping_.group_by.has_value() ? kOpenEvents : 1;
  return open_.size() > most ? End() : std::nullopt;
}

EventGrouping::Open& EventGrouping::FindOrBegin(const Row& row) {
  std::string key;
  if (mapping_.group_by.has_value()) {
    key = row.cells[static_cast<size_t>(*mapping_.group_by)];
    for (Open& open : open_) {
      if (open.key == key) return open;
    }
  }
  Open& begun = open_.emplace_back();
  begun.key = std::move(key);
  if (mapping_.group_by.has_value() && done_.contains(absl::HashOf(begun.key))) {
    begun.event.error = absl::StrCat("the rows of `", absl::StrReplaceAll(begun.key, {{"`", "'"}}),
                                     "` do not stand together: sort the file by ",
                                     mapping_.columns[static_cast<size_t>(*mapping_.group_by)]);
  } else if (absl::Status mapped = MapHead(row, &begun.event); !mapped.ok()) {
    begun.event.error = std::string(mapped.message());
  }
  return begun;
}

absl::Status EventGrouping::MapHead(const Row& row, GroupedEvent* grouped) const {
  v1::CustomerEvent& to = grouped->event;
  if (absl::Status set = SetSubject(mapping_, row, &to); !set.ok()) return set;
  v1::Event* event = to.mutable_event();
  absl::StatusOr<std::string> id = NeededText(mapping_.event_id, "id", mapping_, row);
  if (!id.ok()) return id.status();
  event->set_event_id(*std::move(id));
  absl::StatusOr<std::string> type = NeededText(mapping_.event_type, "type", mapping_, row);
  if (!type.ok()) return type.status();
  event->set_type(*std::move(type));
  const absl::StatusOr<absl::Time> time = TimeOf(mapping_.time, mapping_, row);
  if (!time.ok()) return time.status();
  if (*time == absl::InfinitePast()) return absl::InvalidArgumentError("the time is empty");
  grouped->left_out = (mapping_.from.has_value() && *time < *mapping_.from) ||
                      (mapping_.until.has_value() && *time >= *mapping_.until);
  SetTime(*time, event->mutable_occurred_at());
  if (mapping_.store.has_value()) {
    absl::StatusOr<std::string> store = TextOf(*mapping_.store, mapping_, row);
    if (!store.ok()) return store.status();
    event->set_store(*std::move(store));
  }
  if (mapping_.reverses.has_value()) {
    absl::StatusOr<std::string> reverses = TextOf(*mapping_.reverses, mapping_, row);
    if (!reverses.ok()) return reverses.status();
    event->set_reverses_event_id(*std::move(reverses));
  }
  return SetValues(mapping_.fields, mapping_, row, event->mutable_fields());
}

absl::Status EventGrouping::AddSums(v1::Event* event) const {
  for (const auto& [name, source] : mapping_.fields) {
    if (source.sum.empty()) continue;
    AttributeValue sum;
    for (const v1::EventLine& line : event->lines()) {
      const auto value = line.values().find(source.sum);
      if (value != line.values().end() && !AddValue(value->second, &sum)) {
        return absl::InvalidArgumentError(
            absl::StrCat(name, ": the lines' `", source.sum, "` cannot be added up"));
      }
    }
    if (sum.kind_case() != AttributeValue::KIND_NOT_SET) (*event->mutable_fields())[name] = sum;
  }
  return absl::OkStatus();
}

std::optional<GroupedEvent> EventGrouping::End() {
  if (open_.empty()) return std::nullopt;
  GroupedEvent event = std::move(open_.front().event);
  if (mapping_.group_by.has_value()) done_.insert(absl::HashOf(open_.front().key));
  open_.pop_front();
  if (event.error.empty()) {
    if (absl::Status added = AddSums(event.event.mutable_event()); !added.ok()) {
      event.error = std::string(added.message());
    }
  }
  return event;
}

}  // namespace touchstone::server
