#include "server/import/budget_row.h"

#include <optional>
#include <string>
#include <utility>

#include "server/import/row_value.h"

namespace touchstone::server {
namespace {

// Without a kind when the mapping or the row says none.
absl::StatusOr<v1::AttributeValue> Given(const std::optional<ValueSource>& source,
                                         absl::string_view name, const Mapping& mapping,
                                         const Row& row) {
  if (!source.has_value()) return v1::AttributeValue();
  absl::StatusOr<v1::AttributeValue> value = ValueOf(*source, mapping, row);
  if (!value.ok()) return Named(name, value.status());
  return value;
}

absl::Status SetMoney(const std::optional<ValueSource>& source, absl::string_view name,
                      const Mapping& mapping, const Row& row, v1::OpeningUse* use,
                      v1::Money* (v1::OpeningUse::*field)()) {
  absl::StatusOr<v1::AttributeValue> value = Given(source, name, mapping, row);
  if (!value.ok()) return value.status();
  if (value->has_money_value()) *(use->*field)() = std::move(*value->mutable_money_value());
  return absl::OkStatus();
}

}  // namespace

absl::Status MapBudgetRow(const Mapping& mapping, const Row& row, v1::OpeningUse* to) {
  absl::StatusOr<std::string> budget = NeededText(mapping.budget, "budget", mapping, row);
  if (!budget.ok()) return budget.status();
  to->set_budget(*std::move(budget));
  const absl::StatusOr<v1::AttributeValue> uses = Given(mapping.uses, "uses", mapping, row);
  if (!uses.ok()) return uses.status();
  to->set_uses(uses->int_value());
  absl::Status set =
      SetMoney(mapping.amount, "amount", mapping, row, to, &v1::OpeningUse::mutable_amount);
  if (!set.ok()) return set;
  const absl::StatusOr<v1::AttributeValue> day = Given(mapping.day, "day", mapping, row);
  if (!day.ok()) return day.status();
  to->set_day(day->date_value());
  return SetMoney(mapping.day_amount, "day_amount", mapping, row, to,
                  &v1::OpeningUse::mutable_day_amount);
}

}  // namespace touchstone::server
