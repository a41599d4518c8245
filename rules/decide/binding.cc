#include "rules/decide/binding.h"

#include <algorithm>
#include <array>

#include "rules/decide/verdict.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;

static_assert(kMostBasketLines == kMaxBasketLines);

void FillCustomerSlots(const Value& value, DecisionContext& context) {
  for (const StoredSlot& stored : context.rules.layout->stored_slots()) {
    context.state.facts[stored.slot] = value;
  }
}

void BindCustomer(DecisionContext& context) {
  std::vector<Value>& facts = context.state.facts;
  switch (context.input.customer) {
    case InputStatus::kPresent:
      facts[kSlotKnown] = Value::Bool(true);
      return;
    case InputStatus::kUnknown:
    case InputStatus::kAnonymous:
      FillCustomerSlots(Value::Absent(), context);
      facts[kSlotKnown] = Value::Bool(false);
      return;
    case InputStatus::kUnavailable:
      FillCustomerSlots(Value::Error(ErrorCode::kUnavailable), context);
      facts[kSlotKnown] = Value::Error(ErrorCode::kUnavailable);
      return;
  }
}

void BindStore(DecisionContext& context) {
  std::vector<Value>& facts = context.state.facts;
  const absl::string_view key = context.input.store;
  facts[kSlotStoreKey] = key.empty() ? Value::Absent() : Value::String(key);
  const size_t columns = context.rules.schema.store.columns.size();
  const Value* row = key.empty() ? nullptr : context.input.reference->stores.Find(key);
  for (size_t i = 0; i < columns; ++i) {
    facts[context.rules.layout->store_slot(i)] = row == nullptr ? Value::Absent() : row[i];
  }
}

void BindContext(DecisionContext& context) {
  std::vector<Value>& facts = context.state.facts;
  facts[kSlotSegment] = Value::Absent();
  facts[kSlotNow] = Value::Timestamp(context.input.now);
  facts[kSlotChannel] = Value::String(context.rules.channels[context.input.channel]);
  facts[kSlotDirection] = Value::String(context.input.outbound ? "outbound" : "inbound");
  for (uint16_t slot = kSlotBasketCurrency; slot <= kSlotBasketLines; ++slot) {
    facts[slot] = Value::Absent();
  }
}

// What the first row that holds says; an error where that is open.
Value Evaluate(const DecisionTableSpec& table, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  DecisionTable::Hit hit{DecisionTable::Hit::Kind::kOpen, 0, ErrorCode::kStepLimit};
  if (!state.step_limit_reached && state.expr.Spend(table.rows.steps())) {
    hit = table.rows.FirstRow(state.frame, state.expr, state.eligibility);
  }
  switch (hit.kind) {
    case DecisionTable::Hit::Kind::kRow:
      return table.outputs[hit.row];
    case DecisionTable::Hit::Kind::kNoRow:
      return table.otherwise;
    case DecisionTable::Hit::Kind::kOpen:
      break;
  }
  state.step_limit_reached = state.step_limit_reached || hit.error == ErrorCode::kStepLimit;
  return Value::Error(hit.error);
}

void BindComputed(DecisionContext& context) {
  const std::vector<ComputedSpec>& computed = context.rules.schema.computed;
  for (size_t i = 0; i < computed.size(); ++i) {
    const std::optional<expr::Program>& program = computed[i].program;
    context.state.facts[context.rules.layout->computed_slot(i)] =
        program.has_value() ? Evaluate(*program, context)
                            : Evaluate(context.rules.tables[computed[i].table], context);
  }
}

// The first segment that holds. A condition that might have held with what is missing leaves the
// segment open; one that ends in any other error does not hold.
Value FindSegment(DecisionContext& context) {
  if (context.input.customer == InputStatus::kUnknown ||
      context.input.customer == InputStatus::kAnonymous) {
    return Value::String(kAnonymousSegment);
  }
  for (const SegmentSpec& segment : context.rules.segments) {
    const Verdict verdict = Evaluate(segment.when, context);
    if (verdict.holds()) return Value::String(segment.name);
    if (verdict.open) return Value::Error(verdict.error);
  }
  return Value::Absent();
}

absl::string_view PriceSourceName(PriceSource source) {
  switch (source) {
    case PriceSource::kRegular:
      return "regular";
    case PriceSource::kShelf:
      return "shelf";
    case PriceSource::kMarkdown:
      return "markdown";
    case PriceSource::kOverride:
      return "override";
  }
  return "regular";
}

Value StringList(absl::Span<const absl::string_view> texts, expr::Arena& arena) {
  Value* elements = arena.NewArray<Value>(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) elements[i] = Value::String(texts[i]);
  expr::ListData* list = arena.NewArray<expr::ListData>(1);
  list->elements = elements;
  list->size = static_cast<uint32_t>(texts.size());
  return Value::List(list);
}

// What one unit comes to. REQUIRES: the pricer was started.
Value UnitPrice(size_t index, const DecisionContext& context) {
  const BasketLine& line = context.state.lines[index];
  const Currency currency = context.input.basket.currency;
  const bool is_one_unit = line.quantity == Decimal{1000} && line.manual_discount_minor == 0;
  // The gross of such a line is its unit price times one, rounded as a unit price is.
  if (is_one_unit) {
    return Value::OfMoney({context.state.pricer.lines()[index].gross_minor, currency});
  }
  const absl::StatusOr<Money> price =
      LineTotal(Decimal{1000}, line.unit_price_e4, currency, context.rules.pricing.rounding);
  return price.ok() ? Value::OfMoney(*price) : Value::Error(ErrorCode::kOverflow);
}

// The rows of the lines' products, null where the snapshot has none. Each step goes through all
// lines, so that what the CPU has to fetch for them comes at once and not one by one.
void FindProducts(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const ReferenceTable& table = context.input.reference->products;
  const absl::Span<const LineFacts> lines = context.input.line_facts;
  state.key_hashes.resize(lines.size());
  state.products.resize(lines.size());
  for (size_t i = 0; i < lines.size(); ++i) state.key_hashes[i] = table.HashToFind(lines[i].sku);
  for (size_t i = 0; i < lines.size(); ++i) {
    state.products[i] = table.Find(lines[i].sku, state.key_hashes[i]);
  }
}

// REQUIRES: the pricer was started, since it says what a line comes to, and the products are found.
void BindLine(size_t line, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const FactLayout& layout = *context.rules.layout;
  const BasketLine& priced = state.lines[line];
  const LineFacts& given = context.input.line_facts[line];
  const size_t columns = layout.line_row_size() - kBuiltinLineSlots;
  const Value* known = state.products[line];
  const Value* product =
      known != nullptr || given.caller_product.empty() ? known : given.caller_product.data();
  Value* row = state.line_rows.data() + line * layout.line_row_size();

  row[kLineSlotSku] = Value::String(given.sku);
  row[kLineSlotQuantity] = Value::OfDecimal(priced.quantity);
  row[kLineSlotUnitPrice] = UnitPrice(line, context);
  row[kLineSlotGross] =
      Value::OfMoney({state.pricer.lines()[line].gross_minor, context.input.basket.currency});
  row[kLineSlotPriceSource] = Value::String(PriceSourceName(priced.price_source));
  row[kLineSlotCategories] = known != nullptr && layout.categories_column().has_value()
                                 ? known[*layout.categories_column()]
                                 : StringList(given.caller_categories, state.expr.arena());
  row[kLineSlotProduct] = Value::Record(row + kBuiltinLineSlots, static_cast<uint32_t>(columns));
  if (product != nullptr) {
    std::copy_n(product, columns, row + kBuiltinLineSlots);
  } else {
    std::fill_n(row + kBuiltinLineSlots, columns, Value::Absent());
  }
}

// REQUIRES: a condition `never_discount`.
bool IsNeverDiscounted(size_t line, DecisionContext& context) {
  SelectLine(line, context);
  const Condition& condition = context.rules.never_discount;
  const Value value = Evaluate(condition.conjuncts.front().program, context);
  if (value.IsFalse()) return false;  // as most lines are, and one false conjunct settles it
  return EvaluateFrom(condition, value, context).kind != Verdict::Kind::kFalse;
}

// Marks the lines that the rule set keeps from discounts; whether there are any.
bool MarkNeverDiscounted(DecisionContext& context) {
  bool any = false;
  std::vector<BasketLine>& lines = context.state.lines;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].counts_as_merchandise() || !IsNeverDiscounted(i, context)) continue;
    lines[i].never_discount = true;
    any = true;
  }
  return any;
}

Value MerchandiseLines(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const size_t stride = context.rules.layout->line_row_size();
  Value* elements = state.expr.arena().NewArray<Value>(state.lines.size());
  uint32_t count = 0;
  for (size_t i = 0; i < state.lines.size(); ++i) {
    if (!state.lines[i].counts_as_merchandise()) continue;
    elements[count++] = Value::Record(state.line_rows.data() + i * stride, kBuiltinLineSlots);
  }
  expr::ListData* list = state.expr.arena().NewArray<expr::ListData>(1);
  list->elements = elements;
  list->size = count;
  return Value::List(list);
}

void BindBasketFacts(DecisionContext& context) {
  std::vector<Value>& facts = context.state.facts;
  const Pricer& pricer = context.state.pricer;
  facts[kSlotBasketCurrency] = Value::String(context.input.basket.currency.code());
  facts[kSlotBasketTenders] = StringList(context.input.tender_types, context.state.expr.arena());
  facts[kSlotBasketGross] = Value::OfMoney(pricer.merchandise_gross());
  facts[kSlotBasketUnits] = Value::OfDecimal(pricer.merchandise_units());
  facts[kSlotBasketLines] = MerchandiseLines(context);
  UpdateBasketNet(context);
}

}  // namespace

void BindDecisionRow(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  state.facts.assign(context.input.facts.begin(), context.input.facts.end());
  state.facts.resize(context.rules.layout->decision_row_size());
  state.frame = expr::Frame();
  state.frame.rows[kDecisionRow] = state.facts;
  // One customer, one age: the calendar is that of the rule set, whatever the store.
  state.frame.zone = context.rules.schema.zone;
  BindCustomer(context);
  BindContext(context);
  BindStore(context);
  BindComputed(context);
  const Value segment = FindSegment(context);
  state.facts[kSlotSegment] = segment;
  state.decision.segment_known = !(segment.IsError() && IsMissing(segment.error()));
  state.decision.segment = segment.IsError() ? absl::string_view() : segment.string_value();
}

void BindBasket(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  state.lines.assign(context.input.basket.lines.begin(), context.input.basket.lines.end());
  if (!context.has_basket()) return;
  state.line_rows.resize(state.lines.size() * context.rules.layout->line_row_size());
  const Basket basket{context.input.basket.currency, state.lines};
  state.pricer.Start(basket, context.rules.pricing);
  FindProducts(context);
  for (size_t i = 0; i < state.lines.size(); ++i) BindLine(i, context);

  if (context.rules.has_never_discount && MarkNeverDiscounted(context)) state.pricer.StartAgain();
  BindBasketFacts(context);
  state.merchandise_known = !(context.rules.has_never_discount && state.step_limit_reached);
  if (state.merchandise_known) return;
  for (uint16_t slot = kSlotBasketGross; slot <= kSlotBasketLines; ++slot) {
    state.facts[slot] = Value::Error(ErrorCode::kStepLimit);
  }
}

void UpdateBasketNet(DecisionContext& context) {
  context.state.facts[kSlotBasketNet] = Value::OfMoney(context.state.pricer.merchandise_net());
}

}  // namespace touchstone::rules
