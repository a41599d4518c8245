#include "rules/facts/product_terms.h"

#include "absl/strings/string_view.h"

namespace touchstone::rules {
namespace {

int Column(const ReferenceSpec& table, absl::string_view name, expr::TypeKind type) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const AttributeSpec& column = table.columns[i];
    if (column.name == name && column.type.Is(type)) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

ProductTerms::ProductTerms(const ReferenceSpec& product)
    : deposit_(Column(product, "deposit", expr::TypeKind::kBool)),
      gift_card_(Column(product, "gift_card", expr::TypeKind::kBool)),
      floor_price_(Column(product, "floor_price", expr::TypeKind::kMoney)) {}

bool ProductTerms::IsMerchandise(const expr::Value* row) const {
  if (row == nullptr) return true;
  const auto says = [row](int column) { return column >= 0 && row[column].IsTrue(); };
  return !says(deposit_) && !says(gift_card_);
}

std::optional<int64_t> ProductTerms::FloorPriceE4(const expr::Value* row, Currency currency) const {
  if (row == nullptr || floor_price_ < 0) return std::nullopt;
  const expr::Value& value = row[floor_price_];
  if (value.kind() != expr::Kind::kMoney) return std::nullopt;
  const Money floor = value.money_value();
  if (floor.currency != currency || floor.amount_minor < 0) return std::nullopt;
  int64_t price = floor.amount_minor;
  for (int digits = currency.minor_digits(); digits < kUnitPriceDecimals; ++digits) {
    if (__builtin_mul_overflow(price, 10, &price)) return std::nullopt;
  }
  return price;
}

}  // namespace touchstone::rules
