// Whether golden tests and their reference rows speak of things that exist, in values that can be
// read. What they expect is checked by running them (rules/proof).

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/text.h"
#include "rules/money/money.h"
#include "rules/ruleset/literal.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/near_miss_change.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

// The stages that rule an offer out, as rules/decide names them.
const std::vector<std::string>& StageWords() {
  static const auto& kWords = *new std::vector<std::string>{
      "paused",    "window",  "channel",     "placement",   "eligible",
      "segment",   "consent", "suppression", "quiet_hours", "limit",
      "cool_down", "budget",  "requires",    "stacking",    "rank"};
  return kWords;
}

std::string Keyed(absl::string_view path, absl::string_view key) {
  return absl::StrCat(path, "[", key, "]");
}

std::string RowKey(absl::string_view table, absl::string_view key) {
  return absl::StrCat(table, "/", key);
}

void CheckWord(Compilation& c, const std::string& path, absl::string_view what,
               const std::string& word, const std::vector<std::string>& known) {
  if (word.empty() || std::find(known.begin(), known.end(), word) != known.end()) return;
  c.reporter.Unknown(codes::kUnknownWord, path, what, word, known);
}

const AttributeSpec* FindAttribute(const std::vector<AttributeSpec>& specs,
                                   absl::string_view name) {
  for (const AttributeSpec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

class GoldenTestCheck {
 public:
  GoldenTestCheck(Compilation& c, int position, const v1::GoldenTest& test,
                  const absl::flat_hash_set<std::string>& rows)
      : c_(c), path_(Keyed("tests", absl::StrCat(position))), test_(test), rows_(rows) {}

  void Check() {
    if (test_.name().empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a golden test has a name",
                        "a sentence that says what must happen");
    }
    CheckPlace();
    CheckCurrency();
    CheckGiven();
    CheckExpect();
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }
  const RuleSet& rule_set() const { return c_.rule_set; }

  void CheckTime(const std::string& path, const std::string& text) {
    if (text.empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a time is missing",
                        "add `at: \"2026-11-26T08:30\"`");
      return;
    }
    const absl::StatusOr<absl::Time> time = ParseTimestamp(text, rule_set().schema.zone);
    if (!time.ok()) c_.reporter.Error(codes::kBadValue, path, time.status().message());
  }

  // Where and when the decision is made.
  void CheckPlace() {
    CheckTime(At("at"), test_.at());
    if (!test_.store().empty() && !rows_.contains(RowKey("store", test_.store()))) {
      c_.reporter.Error(codes::kUnknownRow, At("store"),
                        absl::StrCat("there is no store `", test_.store(), "`"),
                        "add it to tests/reference/store.yaml");
    }
    const int channel = FindChannel(rule_set(), test_.channel());
    if (test_.channel().empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a golden test names its channel",
                        "add `channel: pos`");
    } else if (channel < 0) {
      c_.reporter.Unknown(codes::kUnknownChannel, At("channel"), "channel", test_.channel(),
                          rule_set().channels);
    }
    for (int i = 0; i < test_.placements_size(); ++i) {
      const std::string at = Keyed(At("placements"), absl::StrCat(i));
      const PlacementSpec* placement = CheckPlacement(at, test_.placements(i));
      if (placement == nullptr || channel < 0 || placement->channel == channel) continue;
      c_.reporter.Error(codes::kUnknownPlacement, at,
                        absl::StrCat("the placement `", test_.placements(i),
                                     "` is not of the channel `", test_.channel(), "`"));
    }
    CheckWord(c_, At("direction"), "direction", test_.direction(), {"inbound", "outbound"});
    if (!test_.locale().empty() && !IsLocale(test_.locale())) {
      c_.reporter.Error(codes::kBadValue, At("locale"),
                        absl::StrCat("`", test_.locale(), "` is not a BCP 47 language tag"));
    }
  }

  const PlacementSpec* CheckPlacement(const std::string& path, const std::string& name) {
    const auto found = rule_set().placement_by_name.find(name);
    if (found != rule_set().placement_by_name.end()) return &rule_set().placements[found->second];
    c_.reporter.Unknown(codes::kUnknownPlacement, path, "placement", name,
                        SortedKeys(c_.message.placements()));
    return nullptr;
  }

  const OfferSpec* CheckOffer(const std::string& path, const std::string& id) {
    const auto found = rule_set().offer_by_id.find(id);
    if (found != rule_set().offer_by_id.end()) return &rule_set().offers[found->second];
    std::vector<std::string> known;
    for (const OfferSpec& offer : rule_set().offers) known.push_back(offer.id);
    c_.reporter.Unknown(codes::kUnknownOffer, path, "offer", id, known);
    return nullptr;
  }

  // The basket's currency: the test's, the store's, the rule set's first.
  void CheckCurrency() {
    const Schema& schema = rule_set().schema;
    if (!schema.currencies.empty()) currency_ = schema.currencies.front();
    if (!test_.given().currency().empty()) {
      currency_ =
          FindCurrency(c_, At("given.currency"), test_.given().currency()).value_or(currency_);
      return;
    }
    for (const v1::ReferenceRow& row : c_.message.test_reference()) {
      if (test_.store().empty() || row.table() != "store" || row.key() != test_.store()) continue;
      const auto code = row.fields().find("currency");
      if (code == row.fields().end()) return;
      const absl::StatusOr<Currency> currency = Currency::FromCode(code->second.text());
      if (currency.ok()) currency_ = *currency;
      return;
    }
  }

  void CheckAmount(const std::string& path, const std::string& text) {
    if (currency_.is_none() || ParseAmount(text, currency_).ok()) return;
    c_.reporter.Error(codes::kBadValue, path,
                      absl::StrCat("`", text, "` is not an amount of ", currency_.code()));
  }

  void CheckFact(const std::string& path, const AttributeSpec& spec, const v1::Literal& literal) {
    if (spec.type.Is(expr::TypeKind::kError)) return;
    const absl::StatusOr<expr::Value> value =
        ParseLiteral(literal, spec, currency_, rule_set().schema.zone, memory_);
    if (!value.ok()) c_.reporter.Error(codes::kBadValue, path, value.status().message());
  }

  void CheckFacts(absl::string_view key, const v1::LiteralRecord& given,
                  const std::vector<AttributeSpec>& attributes) {
    for (const std::string& name : SortedKeys(given.fields())) {
      const std::string path = Keyed(absl::StrCat(At(key), ".fields"), name);
      if (const AttributeSpec* spec = FindAttribute(attributes, name)) {
        CheckFact(path, *spec, given.fields().at(name));
        continue;
      }
      std::vector<std::string> known;
      for (const AttributeSpec& spec : attributes) known.push_back(spec.name);
      c_.reporter.Unknown(codes::kUnknownAttribute, path, "attribute or aggregate", name, known);
    }
  }

  void CheckGiven() {
    const v1::GoldenGiven& given = test_.given();
    std::vector<AttributeSpec> customer = rule_set().schema.customer;
    for (const AggregateSpec& aggregate : rule_set().schema.aggregates) {
      customer.push_back(AsAttribute(aggregate));
    }
    CheckFacts("given.customer", given.customer(), customer);
    CheckFacts("given.request", given.request(), rule_set().schema.request);
    for (int i = 0; i < given.basket_size(); ++i) {
      CheckLine(Keyed(At("given.basket"), absl::StrCat(i)), given.basket(i));
    }
    for (int i = 0; i < given.contacts_size(); ++i) {
      const std::string at = Keyed(At("given.contacts"), absl::StrCat(i));
      CheckOffer(absl::StrCat(at, ".offer"), given.contacts(i).offer());
      CheckTime(absl::StrCat(at, ".at"), given.contacts(i).at());
      if (given.contacts(i).kind().empty()) {
        c_.reporter.Error(codes::kMissingValue, at, "a contact says what happened",
                          "add `kind: shown`");
      }
      CheckWord(c_, absl::StrCat(at, ".kind"), "kind of contact", given.contacts(i).kind(),
                {"shown", "accepted", "declined", "redeemed"});
    }
    CheckWord(c_, At("given.record"), "state of a record", given.record(),
              {"present", "unavailable"});
  }

  void CheckLine(const std::string& path, const v1::GoldenLine& line) {
    if (line.sku().empty()) {
      c_.reporter.Error(codes::kMissingValue, path, "a line names its product", "add `sku:`");
    }
    if (!line.quantity().empty()) {
      const absl::StatusOr<Decimal> quantity = ParseDecimal(line.quantity());
      if (!quantity.ok() || quantity->thousandths == 0) {
        c_.reporter.Error(codes::kBadValue, absl::StrCat(path, ".quantity"),
                          absl::StrCat("`", line.quantity(), "` is not a quantity"),
                          "a number with at most three decimals");
      }
    }
    // A unit price has four decimals whatever the currency (fuel, weighed goods).
    const absl::StatusOr<ExactNumber> price = ParseExactNumber(line.price());
    if (!price.ok() || price->mantissa < 0 || price->scale > 4) {
      c_.reporter.Error(line.price().empty() ? codes::kMissingValue : codes::kBadValue,
                        absl::StrCat(path, ".price"),
                        line.price().empty()
                            ? "a line has a price"
                            : absl::StrCat("`", line.price(), "` is not a unit price"),
                        "a number with at most four decimals");
    }
    CheckWord(c_, absl::StrCat(path, ".price_source"), "price source", line.price_source(),
              {"regular", "shelf", "markdown", "override"});
  }

  void CheckExpect() {
    const v1::GoldenExpect& expect = test_.expect();
    CheckSegment(At("expect.segment"), expect.segment());
    for (const std::string& offer : SortedKeys(expect.applied().amounts())) {
      const std::string at = Keyed(At("expect.applied.amounts"), offer);
      const OfferSpec* spec = CheckOffer(at, offer);
      if (spec != nullptr && !spec->benefit) {
        c_.reporter.Error(codes::kMissingBenefit, at,
                          absl::StrCat("the offer `", offer, "` has no benefit to apply"));
      }
      CheckAmount(at, expect.applied().amounts().at(offer));
    }
    if (!expect.payable().empty()) CheckAmount(At("expect.payable"), expect.payable());
    for (const std::string& offer : SortedKeys(expect.refused())) {
      const std::string at = Keyed(At("expect.refused"), offer);
      CheckOffer(at, offer);
      CheckWord(c_, at, "stage", expect.refused().at(offer), StageWords());
    }
    CheckShown(expect);
    CheckNearMisses(expect.near_misses());
    for (int i = 0; i < expect.wins_size(); ++i) {
      CheckOffer(Keyed(At("expect.wins"), absl::StrCat(i)), expect.wins(i));
    }
    CheckWord(c_, At("expect.completeness"), "completeness", expect.completeness(),
              {"complete", "partial"});
  }

  void CheckNearMisses(const v1::NearMisses& expected) {
    for (const std::string& offer : SortedKeys(expected.changes())) {
      const std::string at = Keyed(At("expect.near_misses.changes"), offer);
      const OfferSpec* spec = CheckOffer(at, offer);
      if (spec != nullptr && !spec->near_misses) {
        c_.reporter.Error(codes::kMissingText, at,
                          absl::StrCat("the offer `", offer, "` has no texts of near misses"),
                          "add `near_misses:` to it, or leave it out here");
      }
      const absl::StatusOr<NearMissChange> change =
          ParseNearMissChange(expected.changes().at(offer), currency_);
      if (!change.ok()) c_.reporter.Error(codes::kBadValue, at, change.status().message());
    }
  }

  void CheckSegment(const std::string& path, const std::string& name) {
    if (name.empty() || name == kAnonymousSegment) return;
    std::vector<std::string> known;
    for (const SegmentSpec& segment : rule_set().segments) known.push_back(segment.name);
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    c_.reporter.Unknown(codes::kUnknownSegment, path, "segment", name, known);
  }

  void CheckShown(const v1::GoldenExpect& expect) {
    for (const std::string& placement : SortedKeys(expect.shown())) {
      const std::string at = Keyed(At("expect.shown"), placement);
      CheckPlacement(at, placement);
      const auto& offers = expect.shown().at(placement).offers();
      for (int i = 0; i < offers.size(); ++i) {
        CheckOffer(absl::StrCat(at, ".offers[", i, "]"), offers[i]);
      }
    }
    for (const std::string& placement : SortedKeys(expect.texts())) {
      const std::string at = Keyed(At("expect.texts"), placement);
      const PlacementSpec* spec = CheckPlacement(at, placement);
      if (spec == nullptr) continue;
      std::vector<std::string> known;
      for (const PlacementSpec::Field& field : spec->fields) known.push_back(field.name);
      for (const std::string& field : SortedKeys(expect.texts().at(placement).fields())) {
        if (std::find(known.begin(), known.end(), field) != known.end()) continue;
        c_.reporter.Unknown(codes::kUnknownField, Keyed(absl::StrCat(at, ".fields"), field),
                            absl::StrCat("field of `", placement, "` named"), field, known);
      }
    }
  }

  Compilation& c_;
  const std::string path_;
  const v1::GoldenTest& test_;
  const absl::flat_hash_set<std::string>& rows_;
  Currency currency_;
  expr::Arena memory_;
};

void CheckReferenceRow(Compilation& c, const std::string& path, const v1::ReferenceRow& row) {
  const Schema& schema = c.rule_set.schema;
  if (row.key().empty()) {
    c.reporter.Error(codes::kMissingValue, path, "a reference row has a key");
  }
  if (row.table() != "product" && row.table() != "store") {
    CheckWord(c, path, "reference table", row.table().empty() ? "?" : row.table(),
              {"product", "store"});
    return;
  }
  const ReferenceSpec& table = row.table() == "product" ? schema.product : schema.store;
  const Currency currency = schema.currencies.empty() ? Currency() : schema.currencies.front();
  expr::Arena memory;
  for (const std::string& name : SortedKeys(row.fields())) {
    const std::string at = Keyed(absl::StrCat(path, ".fields"), name);
    const AttributeSpec* column = FindAttribute(table.columns, name);
    if (column == nullptr) {
      std::vector<std::string> known;
      for (const AttributeSpec& spec : table.columns) known.push_back(spec.name);
      c.reporter.Unknown(codes::kUnknownAttribute, at,
                         absl::StrCat("column of `", row.table(), "` named"), name, known);
      continue;
    }
    if (column->type.Is(expr::TypeKind::kError)) continue;
    const absl::StatusOr<expr::Value> value =
        ParseLiteral(row.fields().at(name), *column, currency, schema.zone, memory);
    if (!value.ok()) c.reporter.Error(codes::kBadValue, at, value.status().message());
  }
}

}  // namespace

void CheckGoldenTests(Compilation& c) {
  absl::flat_hash_set<std::string> rows;
  for (int i = 0; i < c.message.test_reference_size(); ++i) {
    const v1::ReferenceRow& row = c.message.test_reference(i);
    const std::string key = RowKey(row.table(), row.key());
    const bool is_new = rows.insert(key).second;
    const std::string path = Keyed("test_reference", is_new ? key : absl::StrCat(i));
    if (!is_new) {
      c.reporter.Error(codes::kDuplicateName, path,
                       absl::StrCat("there are two rows of ", row.key(), " in ", row.table()));
    }
    CheckReferenceRow(c, path, row);
  }
  absl::flat_hash_set<std::string> names;
  for (int i = 0; i < c.message.tests_size(); ++i) {
    const v1::GoldenTest& test = c.message.tests(i);
    if (!test.name().empty() && !names.insert(test.name()).second) {
      c.reporter.Error(codes::kDuplicateName, absl::StrCat("tests[", i, "].name"),
                       "there are two golden tests of this name");
    }
    GoldenTestCheck(c, i, test, rows).Check();
  }
}

}  // namespace touchstone::rules
