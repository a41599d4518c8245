#include "rules/facts/layout.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace touchstone::rules {
namespace {

using expr::Type;
using expr::TypeKind;

constexpr absl::string_view kOnlyInOffers =
    "is known only in the conditions of offers: a segment or a computed attribute is the same "
    "whatever the basket and the channel";
constexpr absl::string_view kNotInLimits =
    "is not known in the number of a limit, which is the same whatever the basket and the channel: "
    "it may use `customer`, `request`, `store` and `now`";
constexpr absl::string_view kOnlyWhenPriced = "is known only in `requires` and `value`";
constexpr absl::string_view kOnlyOnLines =
    "is known only in a benefit's `lines` and in `never_discount`";
constexpr absl::string_view kNotOnEveryLine =
    "is not known in `never_discount`, which sees `line` alone: what is merchandise must be the "
    "same for everyone";
constexpr absl::string_view kSegmentComesLater =
    "is known only after the segments: computed attributes and segments come before it";

uint16_t SlotAt(size_t position) {
  // The compiler limits each group of names (kMaxDeclarations) so that rows stay far below this.
  assert(position <= UINT16_MAX);
  return static_cast<uint16_t>(position);
}

uint64_t ElementsOf(const AttributeSpec& attribute) {
  return static_cast<uint64_t>(attribute.max_elements);
}

std::vector<Type::Field> ColumnFields(const ReferenceSpec& table) {
  std::vector<Type::Field> fields;
  for (const AttributeSpec& column : table.columns) fields.push_back({column.name, column.type});
  return fields;
}

// In the order of BuiltinLineSlot.
std::vector<Type::Field> LineFields(const Schema& schema) {
  return {{"sku", Type(TypeKind::kString)},
          {"quantity", Type(TypeKind::kDecimal)},
          {"unit_price", Type(TypeKind::kMoney)},
          {"gross", Type(TypeKind::kMoney)},
          {"price_source", Type(TypeKind::kString)},
          {"categories", Type::List(Type(TypeKind::kString))},
          {"product", Type::Record("product", ColumnFields(schema.product))}};
}

bool SeesOffers(Scope scope) {
  return scope == Scope::kEligible || scope == Scope::kRequires || scope == Scope::kValue ||
         scope == Scope::kLine;
}

std::optional<size_t> FindName(const std::vector<AttributeSpec>& attributes,
                               absl::string_view name) {
  for (size_t i = 0; i < attributes.size(); ++i) {
    if (attributes[i].name == name) return i;
  }
  return std::nullopt;
}

// The attribute `zone` that is a time zone.
std::optional<size_t> FindZoneName(const std::vector<AttributeSpec>& attributes) {
  const std::optional<size_t> found = FindName(attributes, "zone");
  if (!found.has_value() || attributes[*found].form != ValueForm::kTimezone) return std::nullopt;
  return found;
}

// Declares the names of one scope; names come from a schema without duplicates, so that a
// declaration cannot fail.
class Declarations {
 public:
  Declarations(Scope scope, expr::Environment& environment)
      : scope_(scope), environment_(environment) {}

  void Decision(absl::string_view name, Type type, uint16_t slot, bool may_be_absent = true,
                std::vector<std::string> enum_values = {}, absl::string_view unavailable = "",
                uint64_t max_elements = expr::limits::kAssumedElements) {
    if (scope_ == Scope::kEveryLine) unavailable = kNotOnEveryLine;
    Declare(name, std::move(type), {kDecisionRow, slot}, may_be_absent, std::move(enum_values),
            unavailable, max_elements);
  }
  void Line(absl::string_view name, Type type, uint16_t slot, bool may_be_absent,
            std::vector<std::string> enum_values = {},
            uint64_t max_elements = expr::limits::kAssumedElements) {
    const bool sees_lines = scope_ == Scope::kLine || scope_ == Scope::kEveryLine;
    Declare(name, std::move(type), {kLineRow, slot}, may_be_absent, std::move(enum_values),
            sees_lines ? "" : kOnlyOnLines, max_elements);
  }

 private:
  void Declare(absl::string_view name, Type type, expr::Slot slot, bool may_be_absent,
               std::vector<std::string> enum_values, absl::string_view unavailable,
               uint64_t max_elements) {
    expr::VariableDecl variable;
    variable.name = std::string(name);
    variable.type = std::move(type);
    variable.slot = slot;
    variable.may_be_absent = may_be_absent;
    variable.enum_values = std::move(enum_values);
    variable.max_elements = max_elements;
    if (!unavailable.empty()) variable.unavailable_because = absl::StrCat(name, " ", unavailable);
    const absl::Status declared = environment_.Declare(std::move(variable));
    assert(declared.ok());
    (void)declared;
  }

  const Scope scope_;
  expr::Environment& environment_;
};

void DeclareBuiltins(Scope scope, const Schema& schema, const RuleSetNames& names,
                     Declarations& declare) {
  const bool of_limit = scope == Scope::kLimit;
  const absl::string_view offers_only = SeesOffers(scope) ? ""
                                        : of_limit        ? kNotInLimits
                                                          : kOnlyInOffers;
  const bool before_segments = scope == Scope::kComputed || scope == Scope::kSegment;
  const bool priced = scope == Scope::kRequires || scope == Scope::kValue;
  std::vector<std::string> segments = names.segments;
  segments.push_back("anonymous");

  declare.Decision("customer.known", Type(TypeKind::kBool), kSlotKnown, false);
  declare.Decision("customer.segment", Type(TypeKind::kString), kSlotSegment, true,
                   std::move(segments), before_segments ? kSegmentComesLater : "");
  declare.Decision("now", Type(TypeKind::kTimestamp), kSlotNow, false);
  declare.Decision("channel", Type(TypeKind::kString), kSlotChannel, false, names.channels,
                   offers_only);
  declare.Decision("direction", Type(TypeKind::kString), kSlotDirection, false,
                   {"inbound", "outbound"}, offers_only);
  declare.Decision("store.key", Type(TypeKind::kString), kSlotStoreKey);
  declare.Decision("basket.currency", Type(TypeKind::kString), kSlotBasketCurrency, true, {},
                   offers_only);
  declare.Decision("basket.tenders", Type::List(Type(TypeKind::kString)), kSlotBasketTenders, true,
                   {}, offers_only, kMostTenders);
  declare.Decision("basket.gross", Type(TypeKind::kMoney), kSlotBasketGross, true, {}, offers_only);
  declare.Decision("basket.net", Type(TypeKind::kMoney), kSlotBasketNet, true, {},
                   priced     ? ""
                   : of_limit ? kNotInLimits
                              : kOnlyWhenPriced);
  declare.Decision("basket.units", Type(TypeKind::kDecimal), kSlotBasketUnits, true, {},
                   offers_only);
  declare.Decision("basket.lines", Type::List(Type::Record("line", LineFields(schema))),
                   kSlotBasketLines, true, {}, offers_only, kMostBasketLines);
}

void DeclareLine(const FactLayout& layout, Declarations& declare) {
  const std::vector<Type::Field> fields = LineFields(layout.schema());
  for (uint16_t slot = 0; slot < kLineSlotProduct; ++slot) {
    std::vector<std::string> values;
    if (slot == kLineSlotPriceSource) values = {"regular", "shelf", "markdown", "override"};
    declare.Line(absl::StrCat("line.", fields[slot].name), fields[slot].type, slot,
                 slot == kLineSlotCategories, std::move(values));
  }
  const std::vector<AttributeSpec>& columns = layout.schema().product.columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    declare.Line(absl::StrCat("line.product.", columns[i].name), columns[i].type,
                 layout.product_slot(i), true, columns[i].enum_values, ElementsOf(columns[i]));
  }
}

}  // namespace

FactLayout::FactLayout(const Schema& schema) : schema_(&schema) {
  names_ = {"customer.known",  "customer.segment", "now",
            "channel",         "direction",        "store.key",
            "basket.currency", "basket.tenders",   "basket.gross",
            "basket.net",      "basket.units",     "basket.lines"};
  line_names_ = {"line.sku",          "line.quantity",   "line.unit_price", "line.gross",
                 "line.price_source", "line.categories", "line.product"};
  assert(names_.size() == kBuiltinSlots && line_names_.size() == kBuiltinLineSlots);

  first_customer_ = SlotAt(names_.size());
  for (size_t i = 0; i < schema.customer.size(); ++i) {
    stored_slots_.push_back(
        {schema.customer[i].id, SlotAt(names_.size()), false, static_cast<uint32_t>(i)});
    names_.push_back(absl::StrCat("customer.", schema.customer[i].name));
  }
  first_aggregate_ = SlotAt(names_.size());
  for (size_t i = 0; i < schema.aggregates.size(); ++i) {
    stored_slots_.push_back(
        {schema.aggregates[i].id, SlotAt(names_.size()), true, static_cast<uint32_t>(i)});
    names_.push_back(absl::StrCat("customer.", schema.aggregates[i].name));
  }
  std::sort(stored_slots_.begin(), stored_slots_.end(),
            [](const StoredSlot& a, const StoredSlot& b) { return a.id < b.id; });
  first_request_ = SlotAt(names_.size());
  for (const AttributeSpec& fact : schema.request) {
    names_.push_back(absl::StrCat("request.", fact.name));
  }
  first_store_ = SlotAt(names_.size());
  for (const AttributeSpec& column : schema.store.columns) {
    names_.push_back(absl::StrCat("store.", column.name));
  }
  // Last, so that adding one (which the compiler does while it compiles them in order of
  // evaluation) moves no other slot.
  first_computed_ = SlotAt(names_.size());
  for (const ComputedSpec& computed : schema.computed) names_.push_back(computed.name);
  decision_row_size_ = SlotAt(names_.size());

  for (const AttributeSpec& column : schema.product.columns) {
    line_names_.push_back(absl::StrCat("line.product.", column.name));
  }
  line_row_size_ = SlotAt(line_names_.size());

  categories_column_ = FindName(schema.product.columns, "categories");
  if (const auto column = FindZoneName(schema.store.columns)) {
    store_zone_slot_ = store_slot(*column);
  }
  if (const auto attribute = FindZoneName(schema.customer)) {
    customer_zone_slot_ = customer_slot(*attribute);
  }
}

uint16_t FactLayout::customer_slot(size_t attribute) const {
  return SlotAt(first_customer_ + attribute);
}
uint16_t FactLayout::aggregate_slot(size_t aggregate) const {
  return SlotAt(first_aggregate_ + aggregate);
}
uint16_t FactLayout::request_slot(size_t attribute) const {
  return SlotAt(first_request_ + attribute);
}
uint16_t FactLayout::computed_slot(size_t computed) const {
  return SlotAt(first_computed_ + computed);
}
uint16_t FactLayout::store_slot(size_t column) const { return SlotAt(first_store_ + column); }
uint16_t FactLayout::product_slot(size_t column) const {
  return SlotAt(kBuiltinLineSlots + column);
}

bool FactLayout::IsPersonal(expr::Slot slot) const {
  if (slot.row != kDecisionRow) return false;
  if (slot.index == kSlotSegment) return true;
  if (slot.index >= first_customer_ && slot.index < first_request_) return true;
  if (slot.index < first_computed_ || slot.index >= decision_row_size_) return false;
  return schema_->computed[slot.index - first_computed_].personal;
}

absl::string_view FactLayout::NameOf(expr::Slot slot) const {
  const std::vector<std::string>& names = slot.row == kLineRow ? line_names_ : names_;
  return slot.row <= kLineRow && slot.index < names.size() ? absl::string_view(names[slot.index])
                                                           : absl::string_view();
}

expr::Environment FactLayout::EnvironmentFor(Scope scope, const RuleSetNames& names) const {
  expr::CheckPolicy policy;
  policy.cross_numeric_comparisons = true;
  policy.homogeneous_literals = true;
  expr::Environment environment(policy);
  Declarations declare(scope, environment);

  DeclareBuiltins(scope, *schema_, names, declare);
  for (size_t i = 0; i < schema_->customer.size(); ++i) {
    const AttributeSpec& a = schema_->customer[i];
    declare.Decision(names_[customer_slot(i)], a.type, customer_slot(i), true, a.enum_values, "",
                     ElementsOf(a));
  }
  for (size_t i = 0; i < schema_->aggregates.size(); ++i) {
    const AttributeSpec a = AsAttribute(schema_->aggregates[i]);
    declare.Decision(names_[aggregate_slot(i)], a.type, aggregate_slot(i), true, {}, "",
                     ElementsOf(a));
  }
  for (size_t i = 0; i < schema_->request.size(); ++i) {
    const AttributeSpec& a = schema_->request[i];
    declare.Decision(names_[request_slot(i)], a.type, request_slot(i), a.optional, a.enum_values,
                     "", ElementsOf(a));
  }
  for (size_t i = 0; i < schema_->store.columns.size(); ++i) {
    const AttributeSpec& a = schema_->store.columns[i];
    declare.Decision(names_[store_slot(i)], a.type, store_slot(i), true, {}, "", ElementsOf(a));
  }
  for (size_t i = 0; i < schema_->computed.size(); ++i) {
    declare.Decision(names_[computed_slot(i)], schema_->computed[i].type, computed_slot(i));
  }
  DeclareLine(*this, declare);
  for (const expr::ConstantDecl& list : names.lists) {
    const absl::Status declared = environment.Declare(list);
    assert(declared.ok());
    (void)declared;
  }
  return environment;
}

}  // namespace touchstone::rules
