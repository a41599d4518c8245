#include "rules/proof/golden_scene.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/basket/basket.h"
#include "rules/decide/decide.h"
#include "rules/facts/aggregate.h"
#include "rules/facts/text.h"
#include "rules/money/fixed_point.h"
#include "rules/money/money.h"
#include "rules/ruleset/literal.h"

namespace touchstone::rules {
namespace {

using expr::Value;

// The keys of a protobuf map in order, since its own order is not one.
template <typename Map>
std::vector<std::string> KeysInOrder(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

template <typename Spec>
const Spec* FindByName(const std::vector<Spec>& specs, absl::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [name](const Spec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

template <typename Spec>
size_t IndexOf(const Spec* spec, const std::vector<Spec>& specs) {
  return static_cast<size_t>(spec - specs.data());
}

std::optional<ContactKind> FindContactKind(absl::string_view name) {
  if (name == "shown") return ContactKind::kShown;
  if (name == "accepted") return ContactKind::kAccepted;
  if (name == "declined") return ContactKind::kDeclined;
  if (name == "redeemed") return ContactKind::kRedeemed;
  return std::nullopt;
}

std::optional<PriceSource> FindPriceSource(absl::string_view name) {
  if (name.empty() || name == "regular") return PriceSource::kRegular;
  if (name == "shelf") return PriceSource::kShelf;
  if (name == "markdown") return PriceSource::kMarkdown;
  if (name == "override") return PriceSource::kOverride;
  return std::nullopt;
}

absl::Status AddRow(const v1::ReferenceRow& row, const RuleSet& rule_set, const ReferenceSpec& spec,
                    ReferenceTable& table) {
  expr::Arena memory;
  std::vector<Value> values(spec.columns.size());
  for (const std::string& name : KeysInOrder(row.fields())) {
    const AttributeSpec* column = FindByName(spec.columns, name);
    if (column == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("its table has no column `", name, "`"));
    }
    const absl::StatusOr<Value> value =
        ParseLiteral(row.fields().at(name), *column, rule_set.schema.currencies.front(),
                     rule_set.schema.zone, memory);
    if (!value.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("`", name, "`: ", value.status().message()));
    }
    values[IndexOf(column, spec.columns)] = *value;
  }
  return table.Add(row.key(), values);
}

}  // namespace

ReferenceSnapshot TestReference(const v1::RuleSet& message, const RuleSet& rule_set,
                                std::vector<GoldenFailure>& failures) {
  const Schema& schema = rule_set.schema;
  ReferenceSnapshot snapshot;
  snapshot.version = "golden";
  snapshot.products = ReferenceTable(schema.product.columns.size());
  snapshot.stores = ReferenceTable(schema.store.columns.size());
  for (int i = 0; i < message.test_reference_size(); ++i) {
    const v1::ReferenceRow& row = message.test_reference(i);
    absl::Status added = absl::InvalidArgumentError("its table is neither `product` nor `store`");
    if (row.table() == "product") {
      added = AddRow(row, rule_set, schema.product, snapshot.products);
    } else if (row.table() == "store") {
      added = AddRow(row, rule_set, schema.store, snapshot.stores);
    }
    if (added.ok()) continue;
    failures.push_back(
        {absl::StrCat("test_reference[", i, "]"),
         absl::StrCat("the row `", row.key(), "` cannot be used: ", added.message())});
  }
  return snapshot;
}

GoldenScene::GoldenScene(const v1::GoldenTest& test, std::string path, const RuleSet& rule_set,
                         const ReferenceSnapshot& reference)
    : test_(test),
      path_(std::move(path)),
      rule_set_(rule_set),
      reference_(reference),
      zone_(rule_set.schema.zone),
      product_terms_(rule_set.schema.product),
      facts_(rule_set.layout->decision_row_size()) {
  input_.reference = &reference_;
  input_.decision_id = "golden";
  input_.step_limit = kDefaultDecisionStepLimit;
  input_.locale = test_.locale();
  SetPlace();
  SetCurrency();
  SetChannel();
  SetPlacements();
  SetCustomer();
  SetRequest();
  SetBasket();
  SetContacts();
  SetClosedBudgets();
  SetCodes();
  SetGrants();
  input_.facts = facts_;
  input_.line_facts = line_facts_;
  input_.contacts = contacts_;
  input_.closed_budgets = closed_budgets_;
  input_.codes = codes_;
  input_.grants = grants_;
  input_.placements = placements_;
}

void GoldenScene::Fail(absl::string_view field, absl::string_view message) {
  failures_.push_back({absl::StrCat(path_, ".", field), std::string(message)});
}

Value GoldenScene::StoreFact(absl::string_view column) const {
  const std::vector<AttributeSpec>& columns = rule_set_.schema.store.columns;
  const AttributeSpec* spec = FindByName(columns, column);
  const Value* row = reference_.stores.Find(test_.store());
  return spec == nullptr || row == nullptr ? Value::Absent() : row[IndexOf(spec, columns)];
}

void GoldenScene::SetPlace() {
  input_.store = test_.store();
  if (!test_.store().empty() && reference_.stores.Find(test_.store()) == nullptr) {
    Fail("store", absl::StrCat("there is no reference row for the store `", test_.store(), "`"));
  }
  const Value zone = StoreFact("zone");
  if (zone.kind() == expr::Kind::kString && !absl::LoadTimeZone(zone.string_value(), &zone_)) {
    Fail("store", absl::StrCat("`", zone.string_value(), "` is not a time zone"));
  }
  const absl::StatusOr<absl::Time> now = ParseTimestamp(test_.at(), zone_);
  if (!now.ok()) return Fail("at", now.status().message());
  input_.now = *now;
}

// Of the basket: as given, else the store's, else the rule set's first.
void GoldenScene::SetCurrency() {
  std::string code(rule_set_.schema.currencies.front().code());
  const Value of_store = StoreFact("currency");
  if (of_store.kind() == expr::Kind::kString) code = std::string(of_store.string_value());
  if (!test_.given().currency().empty()) code = test_.given().currency();
  const absl::StatusOr<Currency> currency = Currency::FromCode(code);
  if (!currency.ok()) return Fail("given.currency", currency.status().message());
  input_.basket.currency = *currency;
}

void GoldenScene::SetChannel() {
  const std::vector<std::string>& channels = rule_set_.channels;
  const auto found = std::find(channels.begin(), channels.end(), test_.channel());
  if (found == channels.end()) {
    Fail("channel", absl::StrCat("there is no channel `", test_.channel(), "`"));
  } else {
    input_.channel = static_cast<uint16_t>(found - channels.begin());
  }
  input_.outbound = test_.direction() == "outbound";
  if (!test_.direction().empty() && test_.direction() != "inbound" && !input_.outbound) {
    Fail("direction", "direction is `inbound` or `outbound`");
  }
}

void GoldenScene::SetPlacements() {
  for (size_t i = 0; test_.placements().empty() && i < rule_set_.placements.size(); ++i) {
    if (rule_set_.placements[i].channel != input_.channel) continue;
    placements_.push_back(static_cast<uint16_t>(i));
  }
  for (int i = 0; i < test_.placements_size(); ++i) {
    const auto found = rule_set_.placement_by_name.find(test_.placements(i));
    if (found != rule_set_.placement_by_name.end()) {
      placements_.push_back(static_cast<uint16_t>(found->second));
      continue;
    }
    Fail(absl::StrCat("placements[", i, "]"),
         absl::StrCat("there is no placement `", test_.placements(i), "`"));
  }
}

void GoldenScene::Give(const v1::Literal& literal, const AttributeSpec& attribute, uint16_t slot,
                       const std::string& field) {
  const absl::StatusOr<Value> value =
      ParseLiteral(literal, attribute, rule_set_.schema.currencies.front(), zone_, memory_);
  if (!value.ok()) {
    return Fail(field, absl::StrCat("`", attribute.name, "`: ", value.status().message()));
  }
  facts_[slot] = *value;
}

void GoldenScene::SetCustomer() {
  const v1::GoldenGiven& given = test_.given();
  const bool unavailable = given.record() == "unavailable";
  if (!given.record().empty() && given.record() != "present" && !unavailable) {
    Fail("given.record", "record is `present` or `unavailable`");
  }
  input_.customer = unavailable            ? InputStatus::kUnavailable
                    : given.has_customer() ? InputStatus::kPresent
                                           : InputStatus::kAnonymous;
  if (input_.customer != InputStatus::kPresent) return;
  const Schema& schema = rule_set_.schema;
  for (size_t i = 0; i < schema.customer.size(); ++i) {
    facts_[rule_set_.layout->customer_slot(i)] = schema.customer[i].default_value;
  }
  for (size_t i = 0; i < schema.aggregates.size(); ++i) {
    facts_[rule_set_.layout->aggregate_slot(i)] =
        AggregateValue(schema.aggregates[i], {}, BucketsAt(input_.now, schema.zone), memory_);
  }
  GiveCustomerFacts();
}

void GoldenScene::GiveCustomerFacts() {
  const Schema& schema = rule_set_.schema;
  const FactLayout& layout = *rule_set_.layout;
  const v1::LiteralRecord& given = test_.given().customer();
  for (const std::string& name : KeysInOrder(given.fields())) {
    const std::string field = absl::StrCat("given.customer[", name, "]");
    const v1::Literal& literal = given.fields().at(name);
    if (const AttributeSpec* attribute = FindByName(schema.customer, name)) {
      const size_t index = IndexOf(attribute, schema.customer);
      Give(literal, *attribute, layout.customer_slot(index), field);
    } else if (const AggregateSpec* aggregate = FindByName(schema.aggregates, name)) {
      const size_t index = IndexOf(aggregate, schema.aggregates);
      Give(literal, AsAttribute(*aggregate), layout.aggregate_slot(index), field);
    } else {
      Fail(field, absl::StrCat("a customer has no attribute or aggregate `", name, "`"));
    }
  }
}

void GoldenScene::SetRequest() {
  const std::vector<AttributeSpec>& request = rule_set_.schema.request;
  for (size_t i = 0; i < request.size(); ++i) {
    facts_[rule_set_.layout->request_slot(i)] = request[i].default_value;
  }
  const v1::LiteralRecord& given = test_.given().request();
  for (const std::string& name : KeysInOrder(given.fields())) {
    const std::string field = absl::StrCat("given.request[", name, "]");
    const AttributeSpec* attribute = FindByName(request, name);
    if (attribute == nullptr) {
      Fail(field, absl::StrCat("a request has no fact `", name, "`"));
      continue;
    }
    const size_t index = IndexOf(attribute, request);
    Give(given.fields().at(name), *attribute, rule_set_.layout->request_slot(index), field);
  }
}

void GoldenScene::AddLine(const v1::GoldenLine& given, const std::string& field) {
  BasketLine line;
  line.line_id = memory_.Copy(absl::StrCat(lines_.size() + 1));
  const absl::StatusOr<Decimal> quantity =
      ParseDecimal(given.quantity().empty() ? "1" : given.quantity());
  if (!quantity.ok()) return Fail(field + ".quantity", quantity.status().message());
  line.quantity = *quantity;
  line.is_return = quantity->thousandths < 0;
  const absl::StatusOr<int64_t> price = ParseFixedPoint(given.price(), kUnitPriceDecimals);
  if (!price.ok()) return Fail(field + ".price", price.status().message());
  line.unit_price_e4 = *price;
  const std::optional<PriceSource> source = FindPriceSource(given.price_source());
  if (!source.has_value()) {
    return Fail(field + ".price_source",
                "price_source is `regular`, `shelf`, `markdown` or `override`");
  }
  line.price_source = *source;
  line.is_measured = !IsCountedUnit(given.unit());
  const Value* product = reference_.products.Find(given.sku());
  line.merchandise =
      given.kind().empty() ? product_terms_.IsMerchandise(product) : given.kind() == "merchandise";
  line.is_delivery = given.kind() == "delivery";
  line.floor_price_e4 = product_terms_.FloorPriceE4(product, input_.basket.currency);
  const absl::string_view kinds[] = {"", "merchandise", "deposit", "gift_card", "delivery"};
  if (std::find(std::begin(kinds), std::end(kinds), given.kind()) == std::end(kinds)) {
    return Fail(field + ".kind", "kind is `merchandise`, `deposit`, `gift_card` or `delivery`");
  }
  const size_t count = static_cast<size_t>(given.categories_size());
  absl::string_view* categories = memory_.NewArray<absl::string_view>(count);
  for (size_t i = 0; i < count; ++i) categories[i] = given.categories(static_cast<int>(i));
  lines_.push_back(line);
  line_facts_.push_back({given.sku(), absl::MakeConstSpan(categories, count)});
}

void GoldenScene::SetBasket() {
  for (int i = 0; i < test_.given().basket_size(); ++i) {
    AddLine(test_.given().basket(i), absl::StrCat("given.basket[", i, "]"));
  }
  tender_types_.assign(test_.given().tenders().begin(), test_.given().tenders().end());
  input_.tender_types = tender_types_;
  input_.basket.lines = lines_;
  for (const BasketViolation& violation : ValidateBasket(input_.basket)) {
    Fail("given.basket", absl::StrCat(violation.field, ": ", violation.description));
  }
}

void GoldenScene::SetCodes() {
  for (const std::string& code : KeysInOrder(test_.given().codes())) {
    const std::string& id = test_.given().codes().at(code);
    const std::string field = absl::StrCat("given.codes[", code, "]");
    const auto found = rule_set_.offer_by_id.find(id);
    if (found == rule_set_.offer_by_id.end()) {
      Fail(field, absl::StrCat("there is no offer `", id, "`"));
    } else if (!AsksForRight(rule_set_.offers[found->second].applies)) {
      Fail(field, absl::StrCat("the offer `", id,
                               "` needs no code: it is neither `applies: coded` nor `granted`"));
    } else {
      codes_.push_back({CodeStanding::kValid, found->second, id});
    }
  }
}

void GoldenScene::SetGrants() {
  const v1::GoldenGiven& given = test_.given();
  // They stand in her record.
  if (given.grants_size() > 0 && input_.customer != InputStatus::kPresent) {
    Fail("given.grants", "grants are a known customer's: add `customer: {}`");
  }
  for (int i = 0; i < given.grants_size(); ++i) {
    const std::string& id = given.grants(i);
    const std::string field = absl::StrCat("given.grants[", i, "]");
    const auto found = rule_set_.offer_by_id.find(id);
    if (found == rule_set_.offer_by_id.end()) {
      Fail(field, absl::StrCat("there is no offer `", id, "`"));
    } else if (rule_set_.offers[found->second].applies != Applies::kGranted) {
      Fail(field, absl::StrCat("the offer `", id, "` is not `applies: granted`"));
    } else {
      grants_.push_back({CodeStanding::kValid, found->second, id});
    }
  }
}

void GoldenScene::SetContacts() {
  for (int i = 0; i < test_.given().contacts_size(); ++i) {
    const v1::GoldenContact& given = test_.given().contacts(i);
    const std::string field = absl::StrCat("given.contacts[", i, "]");
    if (!rule_set_.offer_by_id.contains(given.offer())) {
      Fail(field + ".offer", absl::StrCat("there is no offer `", given.offer(), "`"));
    }
    const std::optional<ContactKind> kind = FindContactKind(given.kind());
    if (!kind.has_value()) {
      Fail(field + ".kind", "kind is `shown`, `accepted`, `declined` or `redeemed`");
    }
    const absl::StatusOr<absl::Time> at = ParseTimestamp(given.at(), zone_);
    if (!at.ok()) Fail(field + ".at", at.status().message());
    if (kind.has_value() && at.ok()) {
      contacts_.push_back({StableId(given.offer()), *kind, *at});
    }
  }
}

void GoldenScene::SetClosedBudgets() {
  const std::vector<BudgetSpec>& budgets = rule_set_.budgets;
  for (int i = 0; i < test_.given().closed_budgets_size(); ++i) {
    const std::string& name = test_.given().closed_budgets(i);
    if (const BudgetSpec* budget = FindByName(budgets, name)) {
      closed_budgets_.push_back(static_cast<uint32_t>(IndexOf(budget, budgets)));
    } else {
      Fail(absl::StrCat("given.closed_budgets[", i, "]"),
           absl::StrCat("there is no budget `", name, "`"));
    }
  }
  std::sort(closed_budgets_.begin(), closed_budgets_.end());
}

}  // namespace touchstone::rules
