#include "rules/facts/event_layout.h"

#include <cassert>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

void Declare(std::string name, const expr::Type& type, expr::Slot slot, bool may_be_absent,
             expr::Environment& environment) {
  expr::VariableDecl variable;
  variable.name = std::move(name);
  variable.type = type;
  variable.slot = slot;
  variable.may_be_absent = may_be_absent;
  const absl::Status declared = environment.Declare(std::move(variable));
  assert(declared.ok());
  (void)declared;
}

}  // namespace

EventLayout::EventLayout(const Schema& schema, const EventSpec& event) {
  event_row_size_ = static_cast<uint16_t>(1 + event.fields.size());
  first_product_ = static_cast<uint16_t>(event.line_fields.size());
  line_row_size_ = first_product_;
  for (size_t i = 0; i < event.line_fields.size(); ++i) {
    if (event.line_fields[i].name == "sku") sku_field_ = static_cast<int>(i);
  }
  if (sku_field_ >= 0) {
    line_row_size_ = static_cast<uint16_t>(line_row_size_ + schema.product.columns.size());
  }
}

uint16_t EventLayout::field_slot(size_t field) const { return static_cast<uint16_t>(1 + field); }

uint16_t EventLayout::line_field_slot(size_t field) const { return static_cast<uint16_t>(field); }

void EventLayout::BindProduct(const ReferenceTable& products, absl::Span<expr::Value> row) const {
  assert(row.size() == line_row_size_);
  if (sku_field_ < 0) return;
  const expr::Value& sku = row[static_cast<size_t>(sku_field_)];
  const expr::Value* product =
      sku.kind() == expr::Kind::kString ? products.Find(sku.string_value()) : nullptr;
  for (size_t i = first_product_; i < row.size(); ++i) {
    row[i] = product == nullptr ? expr::Value::Absent() : product[i - first_product_];
  }
}

bool ReadsProducts(const AggregateSpec& aggregate, const EventSpec& event) {
  for (const auto* program : {&aggregate.operand, &aggregate.where, &aggregate.closed_when}) {
    if (!program->has_value()) continue;
    for (const expr::Slot slot : (*program)->slots()) {
      if (slot.row == kLineRow && slot.index >= event.line_fields.size()) return true;
    }
  }
  return false;
}

expr::Environment EventEnvironment(const Schema& schema, const EventSpec& event) {
  expr::CheckPolicy policy;
  policy.cross_numeric_comparisons = true;
  policy.homogeneous_literals = true;
  expr::Environment environment(policy);
  const EventLayout layout(schema, event);

  Declare("event.time", expr::Type(expr::TypeKind::kTimestamp), {kDecisionRow, kSlotEventTime},
          false, environment);
  for (size_t i = 0; i < event.fields.size(); ++i) {
    Declare(absl::StrCat("event.", event.fields[i].name), event.fields[i].type,
            {kDecisionRow, layout.field_slot(i)}, true, environment);
  }
  for (size_t i = 0; i < event.line_fields.size(); ++i) {
    const AttributeSpec& field = event.line_fields[i];
    Declare(absl::StrCat("line.", field.name), field.type, {kLineRow, layout.line_field_slot(i)},
            true, environment);
  }
  if (layout.sku_field_ < 0) return environment;
  for (size_t i = 0; i < schema.product.columns.size(); ++i) {
    const AttributeSpec& column = schema.product.columns[i];
    const expr::Slot slot = {kLineRow, static_cast<uint16_t>(layout.first_product_ + i)};
    Declare(absl::StrCat("line.product.", column.name), column.type, slot, true, environment);
    if (column.name == "categories") {
      Declare("line.categories", column.type, slot, true, environment);
    }
  }
  return environment;
}

}  // namespace touchstone::rules
