#include "bench/made_up_customer.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace touchstone::bench {
namespace {

using rules::expr::TypeKind;

constexpr int64_t kDayUs = int64_t{24} * 3600 * 1'000'000;
constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;

int64_t Draw(std::mt19937_64& random, int64_t below) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(below));
}

std::string Text(const rules::AttributeSpec& attribute, std::mt19937_64& random) {
  switch (attribute.form) {
    case rules::ValueForm::kEnum:
      return attribute.enum_values[static_cast<size_t>(
          Draw(random, static_cast<int64_t>(attribute.enum_values.size())))];
    case rules::ValueForm::kTimezone:
      return "Europe/Berlin";
    case rules::ValueForm::kCurrency:
      return "EUR";
    default:
      return absl::StrCat("v", Draw(random, 10));
  }
}

void SetAttribute(const rules::AttributeSpec& attribute, int64_t now_us, std::mt19937_64& random,
                  store::RecordPatch* patch) {
  const auto set = [&](const store::Value& value) {
    patch->SetAttribute(attribute.id, value, 1, 0);
  };
  switch (attribute.type.kind()) {
    case TypeKind::kBool:
      return set(store::Value::Bool(Draw(random, 2) == 1));
    case TypeKind::kInt:
      return set(store::Value::Int64(Draw(random, 100)));
    case TypeKind::kDouble:
      return set(store::Value::Double(static_cast<double>(Draw(random, 1000)) / 1000));
    case TypeKind::kMoney:
      return set(store::Value::Money(Draw(random, 50'000), "EUR"));
    case TypeKind::kString:
      return set(store::Value::String(Text(attribute, random)));
    case TypeKind::kTimestamp:
      if (attribute.form == rules::ValueForm::kDate) {
        return set(store::Value::DateDays(now_us / kDayUs - Draw(random, 80 * 365)));
      }
      return set(store::Value::TimestampUs(now_us - Draw(random, 400 * kDayUs)));
    case TypeKind::kList: {
      // Lists of records stay empty: their defaults serve.
      if (attribute.type.element().kind() != TypeKind::kString) return;
      std::vector<std::string> texts;
      for (int64_t i = Draw(random, 4); i > 0; --i) texts.push_back(Text(attribute, random));
      return set(store::Value::StringList(texts));
    }
    default:
      return;
  }
}

// `last: event.time` without a window.
void AddLatest(const rules::AggregateSpec& aggregate, int64_t event_us, store::RecordPatch* patch) {
  const store::Value value = store::Value::TimestampUs(event_us);
  store::RecordPatch::CellIncrement increment = {};
  increment.aggregate = aggregate.id;
  increment.rule = store::CellRule::kLatest;
  increment.time_us = event_us;
  increment.value = &value;
  patch->AddToCells(increment);
}

void FillAggregate(const rules::AggregateSpec& aggregate, int64_t now_us, std::mt19937_64& random,
                   store::RecordPatch* patch) {
  using Unit = rules::TrailingWindow::Unit;
  for (int64_t events = Draw(random, 6); events > 0; --events) {
    const int64_t event_us = now_us - Draw(random, 30 * kDayUs);
    if (aggregate.function == rules::AggregateFunction::kLast) {
      AddLatest(aggregate, event_us, patch);
      continue;
    }
    store::RecordPatch::Increment increment = {};
    increment.aggregate = aggregate.id;
    increment.bucket =
        aggregate.window.unit == Unit::kEver
            ? 0
            : static_cast<int32_t>(event_us /
                                   (aggregate.window.unit == Unit::kDays ? kDayUs : kHourUs));
    increment.count = 1;
    // Minor units or thousandths.
    increment.sum =
        aggregate.function == rules::AggregateFunction::kSum ? 500 + Draw(random, 12'000) : 0;
    increment.event_us = store::AggregateView::kNever;
    patch->AddToAggregate(increment);
  }
}

}  // namespace

store::RecordPatch MadeUpCustomer(const rules::Schema& schema, absl::Time now,
                                  std::mt19937_64& random) {
  const int64_t now_us = absl::ToUnixMicros(now);
  store::RecordPatch patch;
  for (const rules::AttributeSpec& attribute : schema.customer) {
    SetAttribute(attribute, now_us, random, &patch);
  }
  for (const rules::AggregateSpec& aggregate : schema.aggregates) {
    FillAggregate(aggregate, now_us, random, &patch);
  }
  return patch;
}

}  // namespace touchstone::bench
