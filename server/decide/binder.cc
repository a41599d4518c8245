#include "server/decide/binder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/aggregate.h"
#include "server/decide/computation.h"
#include "server/decide/request_check.h"

namespace touchstone::server {
namespace {

using rules::expr::Value;

constexpr absl::Duration kMostClockDifference = absl::Hours(24);

void Add(std::string field, std::string description, std::vector<Violation>* violations) {
  violations->push_back({std::move(field), std::move(description)});
}

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

int FindName(const std::vector<std::string>& names, absl::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

rules::PriceSource ToPriceSource(v1::PriceSource source) {
  switch (source) {
    case v1::PRICE_SOURCE_SHELF:
      return rules::PriceSource::kShelf;
    case v1::PRICE_SOURCE_MARKDOWN:
      return rules::PriceSource::kMarkdown;
    case v1::PRICE_SOURCE_OVERRIDE:
      return rules::PriceSource::kOverride;
    default:
      return rules::PriceSource::kRegular;
  }
}

// Saturates: what leaves int64 is more than any line's total, which is a violation.
int64_t ManualDiscount(const LineView& view) {
  if (view.message == nullptr) return 0;
  const v1::BasketLine& line = *view.message;
  int64_t total = 0;
  for (const v1::ManualDiscount& discount : line.manual_discounts()) {
    if (__builtin_add_overflow(total, discount.amount_minor(), &total)) {
      return std::numeric_limits<int64_t>::max();
    }
  }
  return total;
}

// The pricing room speaks of its own structures; the caller sent a message.
std::string RequestField(absl::string_view basket_field) {
  static constexpr std::pair<absl::string_view, absl::string_view> kNames[] = {
      {"quantity", "quantity_thousandths"},
      {"unit_price", "unit_price_e4"},
      {"manual_discount", "manual_discounts"},
      {"currency", "currency_code"},
  };
  for (const auto& [ours, theirs] : kNames) {
    if (!absl::EndsWith(basket_field, ours)) continue;
    const absl::string_view path = basket_field.substr(0, basket_field.size() - ours.size());
    return absl::StrCat("basket.", path, theirs);
  }
  return absl::StrCat("basket.", basket_field);
}

void RefuseUndeclared(size_t index, const v1::ProductFacts& given,
                      const std::vector<rules::AttributeSpec>& columns,
                      std::vector<Violation>* violations) {
  for (const auto& [name, value] : given.attributes()) {
    const bool declared = name != "categories" && std::any_of(columns.begin(), columns.end(),
                                                              [&name = name](const auto& column) {
                                                                return column.name == name;
                                                              });
    if (declared) continue;
    Add(LineField(index, absl::StrCat("product.attributes[", name, "]")),
        name == "categories" ? "is given in product.categories"
                             : "is not a column of the schema's product table",
        violations);
  }
}

Value StringList(absl::Span<const absl::string_view> texts, rules::expr::Arena& memory) {
  Value* elements = memory.NewArray<Value>(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) elements[i] = Value::String(texts[i]);
  auto* list = memory.NewArray<rules::expr::ListData>(1);
  list->elements = elements;
  list->size = static_cast<uint32_t>(texts.size());
  return Value::List(list);
}

}  // namespace

absl::Time ChooseNow(const v1::DecisionContext& context, absl::Time server_now) {
  absl::Time now = server_now;
  if (context.has_as_of()) {
    now = ToTime(context.as_of());
  } else if (context.has_occurred_at()) {
    const absl::Time occurred = ToTime(context.occurred_at());
    if (absl::AbsDuration(occurred - server_now) <= kMostClockDifference) now = occurred;
  }
  // As fine as receipts keep it.
  return absl::FromUnixMicros(absl::ToUnixMicros(now));
}

void Binder::BindRequest(const v1::DecideRequest& request,
                         const std::shared_ptr<const LiveState>& live, absl::Time now,
                         std::vector<Violation>* violations) {
  BindRequest(ViewRequest(request, &line_views_), live, now, violations);
}

void Binder::BindRequest(const RequestView& view, const std::shared_ptr<const LiveState>& live,
                         absl::Time now, std::vector<Violation>* violations) {
  const v1::DecideRequest& request = *view.message;
  if (live_ == nullptr || live_->rule_set != live->rule_set) plan_.emplace(*live->rule_set);
  if (live_ != live) live_ = live;
  memory_.Reset();
  input_ = rules::DecisionInput();
  input_.reference = live_->reference.get();
  input_.paused = live_->paused;
  input_.now = now;
  budget_ = absl::InfiniteDuration();
  if (!request.has_context()) {
    Add("context", "is required", violations);
    return;
  }
  CheckContext(request.context(), violations);
  BindContext(request, violations);
  BindPlacements(request, violations);
  BindRequestFacts(request, violations);
  lines_.clear();
  line_facts_.clear();
  if (request.has_basket()) BindBasket(request.basket(), view.lines, violations);
  input_.basket.lines = lines_;
  input_.line_facts = line_facts_;
}

void Binder::BindContext(const v1::DecideRequest& request, std::vector<Violation>* violations) {
  const v1::DecisionContext& context = request.context();
  transaction_id_ = context.transaction_id();
  if (context.has_budget()) {
    budget_ =
        absl::Seconds(context.budget().seconds()) + absl::Nanoseconds(context.budget().nanos());
  }
  const int channel = FindName(live_->rule_set->channels, context.touchpoint().channel());
  if (context.touchpoint().channel().empty()) {
    Add("context.touchpoint.channel", "is required", violations);
  } else if (channel < 0) {
    Add("context.touchpoint.channel", "is not a channel of the active rule set", violations);
  } else {
    input_.channel = static_cast<uint16_t>(channel);
  }
  const std::string& store = context.touchpoint().store();
  if (!store.empty() && live_->reference->stores.size() > 0 &&
      live_->reference->stores.Find(store) == nullptr) {
    Add("context.touchpoint.store", "is not in the reference table of stores", violations);
  }
  input_.store = store;
  input_.outbound = context.direction() == v1::DIRECTION_OUTBOUND;
  input_.locale = context.locale();
}

void Binder::BindPlacements(const v1::DecideRequest& request, std::vector<Violation>* violations) {
  placements_.clear();
  if (request.placements_size() > kMaxPlacements) {
    Add("placements", "must hold at most 32", violations);
    return;
  }
  const rules::RuleSet& rules = *live_->rule_set;
  for (int i = 0; i < request.placements_size(); ++i) {
    const auto found = rules.placement_by_name.find(request.placements(i));
    if (found == rules.placement_by_name.end()) {
      Add(absl::StrCat("placements[", i, "]"), "is not a placement of the active rule set",
          violations);
      continue;
    }
    const auto placement = static_cast<uint16_t>(found->second);
    const rules::PlacementSpec& spec = rules.placements[placement];
    if (std::find(placements_.begin(), placements_.end(), placement) != placements_.end()) {
      Add(absl::StrCat("placements[", i, "]"), "is asked for twice", violations);
    }
    if (spec.channel != input_.channel) {
      Add(absl::StrCat("placements[", i, "]"), "is a placement of another channel", violations);
    }
    budget_ = std::min(budget_, spec.budget);
    placements_.push_back(placement);
  }
  input_.placements = placements_;
}

void Binder::BindRequestFacts(const v1::DecideRequest& request,
                              std::vector<Violation>* violations) {
  request_facts_.clear();
  if (request.attributes_size() > kMaxRequestAttributes) {
    Add("attributes", "must hold at most 256", violations);
    return;
  }
  for (const auto& [name, given] : request.attributes()) {
    const auto found = plan_->request.find(name);
    if (found == plan_->request.end()) {
      Add(absl::StrCat("attributes[", name, "]"), "is not declared in the schema's request",
          violations);
      continue;
    }
    absl::StatusOr<Value> value = FromRequest(given, *found->second.attribute, memory_);
    if (!value.ok()) {
      Add(absl::StrCat("attributes[", name, "]"), std::string(value.status().message()),
          violations);
      continue;
    }
    request_facts_.emplace_back(found->second.slot, *value);
  }
}

void Binder::BindBasket(const v1::Basket& basket, absl::Span<const LineView> lines,
                        std::vector<Violation>* violations) {
  const absl::StatusOr<rules::Currency> currency =
      rules::Currency::FromCode(basket.currency_code());
  if (currency.ok()) {
    input_.basket.currency = *currency;
  } else if (!basket.currency_code().empty()) {
    Add("basket.currency_code", "must be an ISO 4217 code in use", violations);
    // The lines are checked all the same.
    input_.basket.currency = live_->rule_set->schema.currencies.front();
  } else if (basket.tenders_size() > 0 && lines.empty()) {
    Add("basket.currency_code", "is required with tenders", violations);
  }
  CheckTenders(basket.tenders(), "basket.tenders", violations);
  BindTenders(basket);
  const size_t count = lines.size();
  if (count > rules::kMaxBasketLines) {
    Add("basket.lines",
        absl::StrCat("has ", count, " lines; at most ", rules::kMaxBasketLines, " can be priced"),
        violations);
    return;
  }
  line_ids_.clear();
  for (const LineView& line : lines) {
    if (line.parent_line_id.empty()) continue;
    for (const LineView& other : lines) line_ids_.insert(other.line_id);
    break;
  }
  lines_.reserve(count);
  line_facts_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    BindLine(i, lines[i], violations);
  }
  input_.basket.lines = lines_;
  for (rules::BasketViolation& violation : rules::ValidateBasket(input_.basket)) {
    Add(RequestField(violation.field), std::move(violation.description), violations);
  }
}

void Binder::BindTenders(const v1::Basket& basket) {
  const auto count = static_cast<size_t>(std::min(basket.tenders_size(), kMaxTenders));
  auto* types = memory_.NewArray<absl::string_view>(count);
  for (size_t i = 0; i < count; ++i) types[i] = basket.tenders(static_cast<int>(i)).type();
  input_.tender_types = absl::MakeConstSpan(types, count);
}

void Binder::BindLine(size_t index, const LineView& line, std::vector<Violation>* violations) {
  CheckLine(index, line, violations);
  if (!line.parent_line_id.empty() &&
      (line.parent_line_id == line.line_id || !line_ids_.contains(line.parent_line_id))) {
    Add(LineField(index, "parent_line_id"), "must be another line of this basket", violations);
  }
  const Value* product = live_->reference->products.Find(line.sku);
  rules::BasketLine& bound = lines_.emplace_back();
  bound.line_id = line.line_id;
  bound.quantity = rules::Decimal{line.quantity_thousandths};
  bound.unit_price_e4 = line.unit_price_e4;
  bound.manual_discount_minor = ManualDiscount(line);
  bound.price_source = ToPriceSource(line.price_source);
  bound.is_return = line.is_return();

  rules::LineFacts& facts = line_facts_.emplace_back();
  facts.sku = line.sku;
  if (line.has_product()) {
    const v1::ProductFacts& given = line.message->product();
    const auto categories = static_cast<size_t>(given.categories_size());
    auto* views = memory_.NewArray<absl::string_view>(categories);
    for (size_t i = 0; i < categories; ++i) views[i] = given.categories(static_cast<int>(i));
    facts.caller_categories = absl::MakeConstSpan(views, categories);
    facts.caller_product = BindProduct(index, given, violations);
  }
  if (product == nullptr && !facts.caller_product.empty()) product = facts.caller_product.data();
  bound.merchandise = line.kind == v1::LINE_KIND_UNSPECIFIED
                          ? plan_->product_terms.IsMerchandise(product)
                          : line.kind == v1::LINE_KIND_MERCHANDISE;
  bound.is_delivery = line.kind == v1::LINE_KIND_DELIVERY;
  bound.is_measured = !line.is_counted();
  bound.floor_price_e4 = plan_->product_terms.FloorPriceE4(product, input_.basket.currency);
}

// A row of the product table, of what the caller says.
absl::Span<const Value> Binder::BindProduct(size_t index, const v1::ProductFacts& given,
                                            std::vector<Violation>* violations) {
  const std::vector<rules::AttributeSpec>& columns = live_->rule_set->schema.product.columns;
  Value* row = memory_.NewArray<Value>(columns.size());
  size_t named = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    row[i] = Value::Absent();
    if (columns[i].name == "categories") {
      row[i] = StringList(line_facts_.back().caller_categories, memory_);
      continue;
    }
    const auto found = given.attributes().find(columns[i].name);
    if (found == given.attributes().end()) continue;
    ++named;
    absl::StatusOr<Value> value = FromRequest(found->second, columns[i], memory_);
    if (value.ok()) {
      row[i] = *value;
    } else {
      Add(LineField(index, absl::StrCat("product.attributes[", columns[i].name, "]")),
          std::string(value.status().message()), violations);
    }
  }
  if (named < given.attributes().size()) RefuseUndeclared(index, given, columns, violations);
  return absl::MakeConstSpan(row, columns.size());
}

absl::Status Binder::BindCustomer(const GatheredCustomer& customer) {
  const bool present = customer.status == rules::InputStatus::kPresent;
  store::RecordView view;
  store::RecordView shared;
  const store::RecordView* household = &view;  // one in no household is one of her own
  if (present) {
    absl::StatusOr<store::RecordView> parsed = store::RecordView::Parse(customer.record);
    if (!parsed.ok()) return parsed.status();
    view = *std::move(parsed);
    if (!view.household().empty()) {
      parsed = customer.household_record.empty()
                   ? store::RecordView()
                   : store::RecordView::Parse(customer.household_record);
      if (!parsed.ok()) return parsed.status();
      shared = *std::move(parsed);
      household = view.household() == customer.household_id ? &shared : nullptr;
    }
  }
  input_.customer = customer.status;
  facts_ = present ? plan_->known_row : plan_->other_row;
  for (const auto& [slot, value] : request_facts_) facts_[slot] = value;
  contacts_.clear();
  grants_.clear();
  if (present) {
    BindAttributes(view);
    BindAggregates(&view, plan_->aggregates);
    BindAggregates(household, plan_->household_aggregates);
    HideIncomplete();
    BindContacts(view);
    if (view.grant_count() > 0) {
      JudgeGrants(view, plan_->granted_offers, input_.now, TransactionHash(transaction_id_),
                  &grants_);
    }
  }
  input_.facts = facts_;
  input_.contacts = contacts_;
  input_.grants = grants_;
  return absl::OkStatus();
}

void Binder::BindAttributes(const store::RecordView& record) {
  const size_t count = record.attribute_count();
  size_t next = 0;
  for (const BindPlan::StoredFact& fact : plan_->attributes) {
    while (next < count && record.attribute(next).id < fact.id) ++next;
    if (next == count) return;
    const store::AttributeView cell = record.attribute(next);
    if (cell.id != fact.id) continue;
    if (const auto value = FromStored(cell.value, fact.attribute->type, fact.fields, memory_)) {
      facts_[fact.slot] = *value;
    }
  }
}

void Binder::BindAggregates(const store::RecordView* record,
                            absl::Span<const BindPlan::StoredFact> facts) {
  if (record == nullptr || !record->aggregates_settled()) {
    for (const BindPlan::StoredFact& fact : facts) facts_[fact.slot] = Value::Absent();
    return;
  }
  const rules::CurrentBuckets now = rules::BucketsAt(input_.now, live_->rule_set->schema.zone);
  const size_t count = record->aggregate_count();
  size_t next = 0;
  for (const BindPlan::StoredFact& fact : facts) {
    std::optional<store::AggregateView> cell;
    for (; next < count; ++next) {
      cell = record->aggregate(next);
      if (cell.has_value() && cell->id() >= fact.id) break;
    }
    if (next == count) return;
    if (cell->id() != fact.id) continue;
    const auto state = aggregate_states_.Read(*cell, *fact.aggregate, memory_);
    // A state of another form cannot be added to, so that nothing is known.
    facts_[fact.slot] = state.has_value()
                            ? rules::AggregateValue(*fact.aggregate, *state, now, memory_)
                            : rules::expr::Value::Absent();
  }
}

void Binder::HideIncomplete() {
  const std::vector<uint32_t>& incomplete = live_->incomplete_aggregates;
  if (incomplete.empty()) return;
  for (const auto* facts : {&plan_->aggregates, &plan_->household_aggregates}) {
    for (const BindPlan::StoredFact& fact : *facts) {
      if (std::binary_search(incomplete.begin(), incomplete.end(), fact.id)) {
        facts_[fact.slot] = Value::Absent();
      }
    }
  }
}

void Binder::BindContacts(const store::RecordView& record) {
  for (size_t i = 0; i < record.contact_count(); ++i) {
    const store::ContactView contact = record.contact(i);
    if (contact.kind == store::ContactKind::kReserved) {
      // As good as redeemed, unless it is this transaction that holds it.
      if (contact.transaction == TransactionHash(transaction_id_)) continue;
      contacts_.push_back({static_cast<uint32_t>(contact.offer), rules::ContactKind::kRedeemed,
                           absl::FromUnixMicros(contact.time_us)});
      continue;
    }
    const auto kind = static_cast<uint8_t>(contact.kind);
    if (kind < static_cast<uint8_t>(store::ContactKind::kShown) ||
        kind > static_cast<uint8_t>(store::ContactKind::kRedeemed)) {
      continue;  // a later version wrote it
    }
    contacts_.push_back({static_cast<uint32_t>(contact.offer),
                         static_cast<rules::ContactKind>(kind - 1),
                         absl::FromUnixMicros(contact.time_us)});
  }
}

}  // namespace touchstone::server
