#include "rules/proof/golden.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/decide/decide.h"
#include "rules/decide/explain.h"
#include "rules/decide/near_misses.h"
#include "rules/proof/golden_scene.h"

namespace touchstone::rules {
namespace {

// In order of key, since a protobuf map's own order is not one.
template <typename Value>
std::map<std::string, Value> InOrder(const google::protobuf::Map<std::string, Value>& map) {
  return std::map<std::string, Value>(map.begin(), map.end());
}

// Compares one decision with what a test expects.
class Expectations {
 public:
  Expectations(const v1::GoldenExpect& expect, std::string path, const RuleSet& rule_set,
               const Decision& decision, absl::Span<const NearMiss> near_misses, Currency currency,
               std::vector<GoldenFailure>& failures)
      : expect_(expect),
        path_(std::move(path)),
        rule_set_(rule_set),
        decision_(decision),
        near_misses_(near_misses),
        currency_(currency),
        failures_(failures) {}

  void Check() {
    if (!expect_.segment().empty()) CheckSegment();
    if (expect_.has_applied()) CheckApplied();
    if (!expect_.payable().empty()) CheckPayable();
    if (expect_.has_points()) CheckPoints();
    for (const auto& [id, units] : InOrder(expect_.missing_gifts())) CheckMissingGifts(id, units);
    for (const auto& [id, uses] : InOrder(expect_.coupons())) CheckCoupons(id, uses);
    for (const auto& [offer, stage] : InOrder(expect_.refused())) CheckRefused(offer, stage);
    for (const auto& [name, shown] : InOrder(expect_.shown())) CheckShown(name, shown);
    for (int i = 0; i < expect_.wins_size(); ++i) CheckWins(i);
    if (!expect_.completeness().empty()) CheckCompleteness();
    for (const auto& [name, texts] : InOrder(expect_.texts())) CheckTexts(name, texts);
    if (expect_.has_near_misses()) CheckNearMisses();
  }

 private:
  void Fail(absl::string_view field, std::string message) {
    failures_.push_back({absl::StrCat(path_, ".", field), std::move(message)});
  }

  // nullopt after reporting that there is no such offer.
  std::optional<uint32_t> FindOffer(const std::string& id, const std::string& field) {
    const auto found = rule_set_.offer_by_id.find(id);
    if (found != rule_set_.offer_by_id.end()) return found->second;
    Fail(field, absl::StrCat("there is no offer `", id, "`"));
    return std::nullopt;
  }

  std::string Reason(uint32_t offer) const {
    const Stage stage = decision_.offers[offer].stage;
    const std::string reason = ReasonText(rule_set_, decision_, offer);
    if (stage == Stage::kNone) return reason;
    return absl::StrCat("refused at ", StageName(stage), ": ", reason);
  }

  void CheckSegment() {
    const std::string actual =
        decision_.segment_known ? std::string(decision_.segment) : "not known";
    if (actual == expect_.segment()) return;
    Fail("segment", absl::StrCat("the segment should be ", expect_.segment(), " and is ", actual));
  }

  void CheckApplied() {
    const auto& amounts = expect_.applied().amounts();
    for (const auto& [id, text] : InOrder(amounts)) {
      const std::string field = absl::StrCat("applied[", id, "]");
      const std::optional<uint32_t> offer = FindOffer(id, field);
      if (offer.has_value()) CheckTaken(*offer, text, field);
    }
    for (const AppliedOffer& applied : decision_.basket.applied) {
      const std::string& id = rule_set_.offers[applied.offer].id;
      if (amounts.contains(id)) continue;
      Fail("applied",
           absl::StrCat(id, " should not change the basket and takes off ", Format(applied.taken)));
    }
  }

  void CheckTaken(uint32_t offer, const std::string& text, const std::string& field) {
    const OfferOutcome& outcome = decision_.offers[offer];
    const std::string& id = rule_set_.offers[offer].id;
    if (!outcome.applied) {
      return Fail(field, absl::StrCat(id, " should take off ", text,
                                      " and changes nothing: ", Reason(offer)));
    }
    const absl::StatusOr<Money> expected = ParseAmount(text, outcome.taken.currency);
    if (!expected.ok()) return Fail(field, std::string(expected.status().message()));
    if (outcome.taken == *expected) return;
    Fail(field, absl::StrCat(id, " should take off ", Format(*expected), " and takes off ",
                             Format(outcome.taken)));
  }

  void CheckPayable() {
    if (!decision_.basket.priced) {
      return Fail("payable",
                  absl::StrCat(expect_.payable(), " should be payable, and there is no basket"));
    }
    const Money actual{decision_.basket.payable_minor, decision_.basket.currency};
    const absl::StatusOr<Money> expected = ParseAmount(expect_.payable(), actual.currency);
    if (!expected.ok()) return Fail("payable", std::string(expected.status().message()));
    if (actual == *expected) return;
    Fail("payable",
         absl::StrCat(Format(*expected), " should be payable and it is ", Format(actual)));
  }

  void CheckPoints() {
    if (decision_.basket.points == expect_.points()) return;
    Fail("points", absl::StrCat("offers should give ", expect_.points(), " points and give ",
                                decision_.basket.points));
  }

  void CheckMissingGifts(const std::string& id, int64_t units) {
    const std::string field = absl::StrCat("missing_gifts[", id, "]");
    const std::optional<uint32_t> offer = FindOffer(id, field);
    if (!offer.has_value()) return;
    const AppliedOffer* applied = FindApplied(decision_.basket.applied, *offer);
    const int64_t missing = applied == nullptr ? 0 : applied->missing_gifts;
    if (missing == units) return;
    Fail(field, absl::StrCat("the basket should lack ", units, " of the gift of ", id,
                             " and lacks ", missing, ": ", Reason(*offer)));
  }

  void CheckCoupons(const std::string& id, int64_t uses) {
    const std::string field = absl::StrCat("coupons[", id, "]");
    const std::optional<uint32_t> offer = FindOffer(id, field);
    if (!offer.has_value()) return;
    const AppliedOffer* applied = FindApplied(decision_.basket.applied, *offer);
    const int64_t given = applied == nullptr ? 0 : applied->coupons;
    if (given == uses) return;
    Fail(field, absl::StrCat("uses of coupons from ", id, " should be ", uses, " and are ", given,
                             ": ", Reason(*offer)));
  }

  void CheckRefused(const std::string& id, const std::string& stage) {
    const std::string field = absl::StrCat("refused[", id, "]");
    const std::optional<uint32_t> offer = FindOffer(id, field);
    if (!offer.has_value()) return;
    const std::optional<Stage> expected = FindStage(stage);
    if (!expected.has_value() || *expected == Stage::kNone) {
      return Fail(field, absl::StrCat("there is no stage `", stage, "`"));
    }
    const Stage actual = decision_.offers[*offer].stage;
    if (actual == *expected) return;
    const absl::string_view link = actual == Stage::kNone ? " and is not: " : " and is ";
    Fail(field, absl::StrCat(id, " should be refused at ", stage, link, Reason(*offer)));
  }

  // null after reporting that the placement was not asked for.
  const PlacementAnswer* FindPlacement(const std::string& name, const std::string& field) {
    for (const PlacementAnswer& answer : decision_.placements) {
      if (rule_set_.placements[answer.placement].name == name) return &answer;
    }
    Fail(field, absl::StrCat("the test does not ask for a placement `", name, "`"));
    return nullptr;
  }

  void CheckShown(const std::string& name, const v1::ShownOffers& expected) {
    const std::string field = absl::StrCat("shown[", name, "]");
    const PlacementAnswer* answer = FindPlacement(name, field);
    if (answer == nullptr) return;
    std::vector<std::string> actual;
    for (const ShownOffer& shown : answer->shown) {
      actual.push_back(rule_set_.offers[shown.offer].id);
    }
    const std::vector<std::string> wanted(expected.offers().begin(), expected.offers().end());
    if (actual == wanted) return;
    std::string message = absl::StrCat(name, " should show [", absl::StrJoin(wanted, ", "),
                                       "] and shows [", absl::StrJoin(actual, ", "), "]");
    for (const std::string& id : wanted) {
      if (std::find(actual.begin(), actual.end(), id) != actual.end()) continue;
      const auto found = rule_set_.offer_by_id.find(id);
      absl::StrAppend(
          &message, "; ", id, ": ",
          found == rule_set_.offer_by_id.end() ? "there is no such offer" : Reason(found->second));
    }
    Fail(field, std::move(message));
  }

  void CheckWins(int index) {
    const std::string field = absl::StrCat("wins[", index, "]");
    const std::optional<uint32_t> offer = FindOffer(expect_.wins(index), field);
    if (!offer.has_value()) return;
    const OfferOutcome& outcome = decision_.offers[*offer];
    if (outcome.applied || outcome.shown) return;
    Fail(field,
         absl::StrCat(expect_.wins(index),
                      " should be shown or change the basket and does neither: ", Reason(*offer)));
  }

  void CheckCompleteness() {
    const absl::string_view actual =
        decision_.completeness == Completeness::kComplete ? "complete" : "partial";
    if (actual == expect_.completeness()) return;
    Fail("completeness",
         absl::StrCat("the answer should be ", expect_.completeness(), " and is ", actual));
  }

  void CheckTexts(const std::string& name, const v1::ShownTexts& expected) {
    const std::string field = absl::StrCat("texts[", name, "]");
    const PlacementAnswer* answer = FindPlacement(name, field);
    if (answer == nullptr) return;
    if (answer->shown.empty()) {
      return Fail(field, absl::StrCat(name, " should carry texts and shows no offer"));
    }
    for (const auto& [key, text] : InOrder(expected.fields())) {
      CheckText(*answer, key, text, absl::StrCat(field, "[", key, "]"));
    }
  }

  void CheckText(const PlacementAnswer& answer, const std::string& key, const std::string& text,
                 const std::string& field) {
    const PlacementSpec& placement = rule_set_.placements[answer.placement];
    for (size_t i = 0; i < placement.fields.size(); ++i) {
      if (placement.fields[i].name != key) continue;
      const absl::string_view actual = answer.shown.front().texts[i];
      if (actual == text) return;
      return Fail(field, absl::StrCat(key, " of ", placement.name, " should be \"", text,
                                      "\" and is \"", actual, "\""));
    }
    Fail(field, absl::StrCat("the placement `", placement.name, "` has no field `", key, "`"));
  }

  void CheckNearMisses() {
    const auto& changes = expect_.near_misses().changes();
    for (const auto& [id, words] : InOrder(changes)) {
      const std::string field = absl::StrCat("near_misses[", id, "]");
      const std::optional<uint32_t> offer = FindOffer(id, field);
      if (offer.has_value()) CheckNearMiss(*offer, words, field);
    }
    if (!changes.empty() || near_misses_.empty()) return;
    const NearMiss& near = near_misses_.front();
    Fail("near_misses",
         absl::StrCat("no offer should be nearly reached, and ", rule_set_.offers[near.offer].id,
                      " is: ", WordsOf(near.change, currency_)));
  }

  void CheckNearMiss(uint32_t offer, const std::string& words, const std::string& field) {
    const absl::StatusOr<NearMissChange> expected = ParseNearMissChange(words, currency_);
    if (!expected.ok()) return Fail(field, std::string(expected.status().message()));
    const std::string wanted = WordsOf(*expected, currency_);
    const std::string& id = rule_set_.offers[offer].id;
    for (const NearMiss& near : near_misses_) {
      if (near.offer != offer) continue;
      const std::string actual = WordsOf(near.change, currency_);
      if (actual == wanted) return;
      return Fail(
          field, absl::StrCat(id, " should be reached by `", wanted, "` and is by `", actual, "`"));
    }
    Fail(field, absl::StrCat(id, " should be reached by `", wanted,
                             "` and is no near miss: ", Reason(offer)));
  }

  const v1::GoldenExpect& expect_;
  const std::string path_;
  const RuleSet& rule_set_;
  const Decision& decision_;
  const absl::Span<const NearMiss> near_misses_;
  const Currency currency_;  // of the basket
  std::vector<GoldenFailure>& failures_;
};

GoldenResult RunGoldenTest(const v1::GoldenTest& test, const std::string& path,
                           const RuleSet& rule_set, const ReferenceSnapshot& reference) {
  GoldenResult result;
  result.name = test.name();
  const GoldenScene scene(test, path, rule_set, reference);
  result.failures = scene.failures();
  if (!result.failures.empty()) return result;
  DecisionScratch scratch;
  const Decision& decision = Decide(rule_set, scene.input(), scratch, Reasons::kEveryOffer);
  NearMissScratch memory;
  const absl::Span<const NearMiss> near_misses =
      FindNearMisses(rule_set, scene.input(), decision, scratch, memory);
  Expectations(test.expect(), path + ".expect", rule_set, decision, near_misses,
               scene.input().basket.currency, result.failures)
      .Check();
  return result;
}

}  // namespace

int GoldenReport::passed() const {
  return static_cast<int>(std::count_if(results.begin(), results.end(),
                                        [](const GoldenResult& r) { return r.passed(); }));
}

int GoldenReport::failed() const { return static_cast<int>(results.size()) - passed(); }

GoldenReport RunGoldenTests(const v1::RuleSet& message, const RuleSet& rule_set) {
  GoldenReport report;
  const ReferenceSnapshot reference = TestReference(message, rule_set, report.failures);
  for (int i = 0; i < message.tests_size(); ++i) {
    report.results.push_back(
        RunGoldenTest(message.tests(i), absl::StrCat("tests[", i, "]"), rule_set, reference));
  }
  return report;
}

Diagnostics GoldenDiagnostics(const GoldenReport& report, const SourceMap& sources) {
  Diagnostics diagnostics;
  const auto add = [&](const GoldenFailure& failure, absl::string_view hint) {
    diagnostics.push_back(sources.At(Severity::kError, "golden_test_failed", failure.field_path,
                                     failure.message, hint));
  };
  for (const GoldenFailure& failure : report.failures) add(failure, "");
  for (const GoldenResult& result : report.results) {
    for (const GoldenFailure& failure : result.failures) {
      add(failure, absl::StrCat("golden test: ", result.name));
    }
  }
  return diagnostics;
}

}  // namespace touchstone::rules
