#include "tests/rules/decide/naive_facts.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace touchstone::rules {

using expr::ErrorCode;
using expr::Value;

namespace {

bool ReadsBasket(const expr::Program& program) {
  return std::any_of(program.slots().begin(), program.slots().end(), [](expr::Slot slot) {
    return slot.row == 0 && slot.index >= kSlotBasketCurrency && slot.index <= kSlotBasketLines;
  });
}

}  // namespace

NaiveFacts::NaiveFacts(const RuleSet& rules, const DecisionInput& input, NaiveDecision* memory)
    : rules_(rules),
      input_(input),
      scratches_(memory->scratches),
      arena_(memory->arenas.emplace_back(std::make_unique<expr::Arena>())) {
  BindFacts();
  BindLines();
}

Value NaiveFacts::Run(const expr::Program& program, int line) {
  expr::Scratch& scratch = *scratches_.emplace_back(std::make_unique<expr::Scratch>());
  expr::Frame frame;
  frame.zone = rules_.schema.zone;
  frame.rows[0] = facts_;
  if (line != kNoLine) frame.rows[1] = rows_[static_cast<size_t>(line)];
  return program.Evaluate(frame, scratch);
}

// The first row whose cells all hold, each asked in turn.
Value NaiveFacts::Run(const DecisionTableSpec& table) {
  expr::Scratch& scratch = *scratches_.emplace_back(std::make_unique<expr::Scratch>());
  expr::Frame frame;
  frame.zone = rules_.schema.zone;
  frame.rows[0] = facts_;
  const DecisionTable::Hit hit = table.rows.FirstRowPlainly(frame, scratch);
  if (hit.kind == DecisionTable::Hit::Kind::kOpen) return Value::Error(hit.error);
  return hit.kind == DecisionTable::Hit::Kind::kRow ? table.outputs[hit.row] : table.otherwise;
}

NaiveAnswer NaiveFacts::Ask(const Condition& condition, int line, bool without_basket) {
  std::vector<std::pair<int, Value>> values;
  for (size_t i = 0; i < condition.conjuncts.size(); ++i) {
    const expr::Program& program = condition.conjuncts[i].program;
    if (without_basket && ReadsBasket(program)) continue;
    values.emplace_back(static_cast<int>(i), Run(program, line));
  }
  for (const auto& [part, value] : values) {
    if (value.IsFalse()) return {NaiveAnswer::kNo, part, ErrorCode::kAbsent, false};
  }
  std::vector<std::pair<int, ErrorCode>> errors;
  for (const auto& [part, value] : values) {
    if (value.IsError()) errors.emplace_back(part, value.error());
  }
  if (errors.empty()) return {};
  const bool open = std::all_of(errors.begin(), errors.end(), [](const auto& error) {
    return error.second == ErrorCode::kUnavailable;
  });
  return {NaiveAnswer::kError, errors[0].first, errors[0].second, open};
}

void NaiveFacts::BindFacts() {
  facts_.assign(input_.facts.begin(), input_.facts.end());
  const FactLayout& layout = *rules_.layout;
  const bool here = input_.customer == InputStatus::kPresent;
  const bool late = input_.customer == InputStatus::kUnavailable;
  const Value missing = late ? Value::Error(ErrorCode::kUnavailable) : Value::Absent();
  for (size_t i = 0; !here && i < rules_.schema.customer.size(); ++i) {
    facts_[layout.customer_slot(i)] = missing;
  }
  for (size_t i = 0; !here && i < rules_.schema.aggregates.size(); ++i) {
    facts_[layout.aggregate_slot(i)] = missing;
  }
  facts_[kSlotKnown] = late ? missing : Value::Bool(here);
  facts_[kSlotNow] = Value::Timestamp(input_.now);
  facts_[kSlotChannel] = Value::String(rules_.channels[input_.channel]);
  facts_[kSlotDirection] = Value::String(input_.outbound ? "outbound" : "inbound");
  facts_[kSlotStoreKey] = input_.store.empty() ? Value() : Value::String(input_.store);
  const Value* store = input_.reference->stores.Find(input_.store);
  for (size_t i = 0; i < rules_.schema.store.columns.size(); ++i) {
    facts_[layout.store_slot(i)] = store == nullptr ? Value() : store[i];
  }
  for (size_t i = 0; i < rules_.schema.computed.size(); ++i) {
    const ComputedSpec& computed = rules_.schema.computed[i];
    facts_[layout.computed_slot(i)] =
        computed.program ? Run(*computed.program) : Run(rules_.tables[computed.table]);
  }
  facts_[kSlotSegment] = here || late ? Segment() : Value::String("anonymous");
}

Value NaiveFacts::Segment() {
  for (const SegmentSpec& segment : rules_.segments) {
    const NaiveAnswer answer = Ask(segment.when);
    if (answer.kind == NaiveAnswer::kYes) return Value::String(segment.name);
    if (answer.open) return Value::Error(ErrorCode::kUnavailable);
  }
  return Value();
}

void NaiveFacts::BindLines() {
  if (!has_basket()) return;
  for (size_t i = 0; i < input_.basket.lines.size(); ++i) BindLine(i);
  for (size_t i = 0; i < rows_.size(); ++i) {
    BasketLine line = input_.basket.lines[i];
    if (line.counts_as_merchandise() && rules_.has_never_discount) {
      line.never_discount =
          Ask(rules_.never_discount, static_cast<int>(i)).kind != NaiveAnswer::kNo;
    }
    lines_.push_back(line);
  }
  int64_t units = 0;
  Value* merchandise = arena_->NewArray<Value>(lines_.size());
  auto* list = arena_->NewArray<expr::ListData>(1);
  list->elements = merchandise;
  for (size_t i = 0; i < lines_.size(); ++i) {
    if (!lines_[i].counts_as_merchandise()) continue;
    units += lines_[i].quantity.thousandths;
    merchandise[list->size++] = Value::Record(rows_[i].data(), kBuiltinLineSlots);
  }
  facts_[kSlotBasketCurrency] = Value::String(input_.basket.currency.code());
  facts_[kSlotBasketTenders] = TenderTypes();
  facts_[kSlotBasketUnits] = Value::OfDecimal(Decimal{units});
  facts_[kSlotBasketLines] = Value::List(list);
  facts_[kSlotBasketGross] = MerchandiseNet({});
  SetApplied({});
}

Value NaiveFacts::TenderTypes() {
  auto* list = arena_->NewArray<expr::ListData>(1);
  Value* types = arena_->NewArray<Value>(input_.tender_types.size());
  list->elements = types;
  for (const absl::string_view type : input_.tender_types) {
    types[list->size++] = Value::String(type);
  }
  return Value::List(list);
}

int64_t NaiveFacts::Gross(const BasketLine& line) const {
  return LineTotal(line.quantity, line.unit_price_e4, input_.basket.currency,
                   rules_.pricing.rounding)
             ->amount_minor -
         line.manual_discount_minor;
}

void NaiveFacts::BindLine(size_t index) {
  const BasketLine& line = input_.basket.lines[index];
  const absl::string_view sku = input_.line_facts[index].sku;
  const Value* product = input_.reference->products.Find(sku);
  std::vector<Value>& row = rows_.emplace_back(rules_.layout->line_row_size());
  const Currency currency = input_.basket.currency;
  row[kLineSlotSku] = Value::String(sku);
  row[kLineSlotQuantity] = Value::OfDecimal(line.quantity);
  row[kLineSlotUnitPrice] = Value::OfMoney(
      *LineTotal(Decimal{1000}, line.unit_price_e4, currency, rules_.pricing.rounding));
  row[kLineSlotGross] = Value::OfMoney({Gross(line), currency});
  const char* const sources[] = {"regular", "shelf", "markdown", "override"};
  row[kLineSlotPriceSource] = Value::String(sources[static_cast<int>(line.price_source)]);
  auto* given = arena_->NewArray<expr::ListData>(1);
  Value* names = arena_->NewArray<Value>(input_.line_facts[index].caller_categories.size());
  given->elements = names;
  for (const absl::string_view name : input_.line_facts[index].caller_categories) {
    names[given->size++] = Value::String(name);
  }
  row[kLineSlotCategories] = Value::List(given);
  const std::vector<AttributeSpec>& columns = rules_.schema.product.columns;
  for (size_t i = 0; i < columns.size() && product != nullptr; ++i) {
    row[rules_.layout->product_slot(i)] = product[i];
    if (columns[i].name == "categories") row[kLineSlotCategories] = product[i];
  }
  row[kLineSlotProduct] =
      Value::Record(row.data() + kBuiltinLineSlots, static_cast<uint32_t>(columns.size()));
}

NaivePricing NaiveFacts::Price(const std::vector<NaiveOffer>& offers) const {
  NaivePricing pricing(Basket{input_.basket.currency, lines_}, rules_.pricing);
  for (const NaiveOffer& offer : offers) pricing.Apply(offer);
  return pricing;
}

void NaiveFacts::SetApplied(const std::vector<NaiveOffer>& offers) {
  facts_[kSlotBasketNet] = MerchandiseNet(offers);
}

Value NaiveFacts::MerchandiseNet(const std::vector<NaiveOffer>& offers) const {
  int64_t net = 0;
  const NaivePricing pricing = Price(offers);
  for (const BasketLine& line : lines_) {
    if (!line.counts_as_merchandise()) continue;
    net += pricing.lines().at(std::string(line.line_id)).net();
  }
  return Value::OfMoney({net, input_.basket.currency});
}

}  // namespace touchstone::rules
