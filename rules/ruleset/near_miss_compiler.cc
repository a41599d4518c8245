// What an offer says when it was nearly reached, and how far that may be.

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/expr/parser.h"
#include "rules/facts/text.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

constexpr int kMostNearMisses = 10;  // of one answer
constexpr int kMostUnits = 100;
constexpr int kMostDays = 31;  // until an offer applies

// Numbers, each once.
class Thresholds {
 public:
  void Add(ExactNumber number) {
    const bool is_known =
        std::any_of(numbers_.begin(), numbers_.end(), [number](ExactNumber known) {
          return CompareExact(known.mantissa, known.scale, number) == 0;
        });
    if (number.mantissa <= 0 || is_known || numbers_.size() == kMaxThresholds) return;
    numbers_.push_back(number);
  }

  // The literals of a condition's parts that read the basket.
  void AddFrom(const Condition& condition) {
    for (const Condition::Conjunct& conjunct : condition.conjuncts) {
      const absl::Span<const expr::Slot> slots = conjunct.program.slots();
      const bool reads_basket = std::any_of(slots.begin(), slots.end(), [](expr::Slot slot) {
        return slot.row == kDecisionRow && slot.index >= kSlotBasketGross &&
               slot.index <= kSlotBasketLines;
      });
      if (!reads_basket) continue;
      // The text of what was checked, which can be read.
      AddLiterals(*expr::Parse(conjunct.text).expr);
    }
  }

  void AddFrom(const BenefitSpec& benefit) {
    for (const BenefitTier& tier : benefit.tiers) {
      for (const Money& amount : tier.from_amount) AddAmount(amount);
      if (tier.from_units > 0) Add({tier.from_units, 0});
    }
    for (const Money& amount : benefit.reward.each) AddAmount(amount);
  }

  std::vector<ExactNumber> Take() { return std::move(numbers_); }

 private:
  void AddAmount(const Money& amount) {
    Add({amount.amount_minor, amount.currency.minor_digits()});
  }

  void AddLiterals(const expr::Expr& tree) {
    if (tree.kind == expr::ExprKind::kConstant) {
      const absl::StatusOr<ExactNumber> number = ParseExactNumber(tree.text);
      if (number.ok()) Add(*number);
    }
    for (const expr::ExprPtr& child : tree.children) AddLiterals(*child);
  }

  std::vector<ExactNumber> numbers_;
};

bool ReadsKnown(const Condition& condition) {
  constexpr expr::Slot kKnown = {kDecisionRow, kSlotKnown};
  return std::any_of(condition.conjuncts.begin(), condition.conjuncts.end(),
                     [&](const Condition::Conjunct& conjunct) {
                       const absl::Span<const expr::Slot> slots = conjunct.program.slots();
                       return std::find(slots.begin(), slots.end(), kKnown) != slots.end();
                     });
}

bool IsMissing(TextTemplate::Placeholder placeholder) {
  return placeholder == TextTemplate::Placeholder::kNearMissCard ||
         placeholder == TextTemplate::Placeholder::kNearMissSpend ||
         placeholder == TextTemplate::Placeholder::kNearMissUnits ||
         placeholder == TextTemplate::Placeholder::kNearMissFrom;
}

// Whether the texts of one locale speak of two changes: a near miss has one.
bool SpeaksOfTwoChanges(const TreatmentSpec& treatment, size_t locale) {
  std::optional<TextTemplate::Placeholder> first;
  for (const std::vector<TextTemplate>& texts : treatment.texts) {
    if (locale >= texts.size()) continue;
    for (const TextTemplate::Piece& piece : texts[locale].pieces) {
      if (!piece.placeholder.has_value() || !IsMissing(*piece.placeholder)) continue;
      if (first.has_value() && *first != *piece.placeholder) return true;
      first = piece.placeholder;
    }
  }
  return false;
}

void CheckTexts(Compilation& c, const std::string& path, const v1::Treatment& message,
                const TreatmentSpec& treatment) {
  if (message.fields().empty()) {
    c.reporter.Error(codes::kMissingText, path, "a near miss says something where it is named",
                     "add one of the placement's fields, or leave the placement out");
  }
  for (size_t locale = 0; locale < c.rule_set.locales.size(); ++locale) {
    if (!SpeaksOfTwoChanges(treatment, locale)) continue;
    c.reporter.Error(codes::kBadText, path,
                     absl::StrCat("the texts for ", c.rule_set.locales[locale],
                                  " speak of two changes, and a near miss is one"),
                     "keep one of the placeholders {near_miss.…}");
    return;  // most often it is so in every locale
  }
}

}  // namespace

void CompileNearMisses(Compilation& c, uint32_t index) {
  const v1::Offer& message = *c.offers[index];
  if (message.near_misses().empty()) return;
  OfferSpec& spec = c.rule_set.offers[index];
  const std::string path = absl::StrCat("offers[", spec.id, "].near_misses");
  if (!spec.benefit) {
    c.reporter.Error(codes::kUnexpectedValue, path,
                     "an offer that changes no basket cannot be nearly reached",
                     "a treatment shows it; leave `near_misses` out");
    return;
  }
  NearMissSpec& near_misses = spec.near_misses.emplace();
  near_misses.treatments =
      CompileTreatments(c, path, TextKind::kNearMiss, message.near_misses(), &*spec.benefit);
  for (size_t i = 0; i < near_misses.treatments.size(); ++i) {
    const std::string& placement = c.rule_set.placements[i].name;
    if (!near_misses.treatments[i]) continue;
    CheckTexts(c, absl::StrCat(path, "[", placement, "]"), message.near_misses().at(placement),
               *near_misses.treatments[i]);
  }
  near_misses.reads_known = ReadsKnown(spec.eligible) || ReadsKnown(spec.requires_);
  Thresholds thresholds;
  thresholds.AddFrom(spec.requires_);
  thresholds.AddFrom(*spec.benefit);
  thresholds.AddFrom(spec.eligible);
  near_misses.thresholds = thresholds.Take();
}

void CompileNearMissReach(Compilation& c) {
  if (!c.message.pricing().has_near_misses()) return;
  const v1::NearMissReach& message = c.message.pricing().near_misses();
  const std::string path = "pricing.near_misses";
  NearMissReach& reach = c.rule_set.near_miss_reach;
  if (message.has_at_most()) {
    if (message.at_most() < 0 || message.at_most() > kMostNearMisses) {
      c.reporter.Error(codes::kOutOfRange, path + ".at_most",
                       absl::StrCat("an answer has 0 to ", kMostNearMisses, " near misses"));
    } else {
      reach.at_most = static_cast<size_t>(message.at_most());
    }
  }
  if (message.has_spend()) {
    reach.spend = CompileAmounts(c, path + ".spend", message.spend(), Currencies::kSome);
  }
  if (message.units() < 0 || message.units() > kMostUnits) {
    c.reporter.Error(codes::kOutOfRange, path + ".units",
                     absl::StrCat("1 to ", kMostUnits, " units may be missing"));
  } else if (message.units() > 0) {
    reach.units = message.units();
  }
  if (message.within().empty()) return;
  const absl::StatusOr<TrailingWindow> within = ParseTrailingWindow(message.within());
  if (!within.ok()) {
    c.reporter.Error(codes::kBadValue, path + ".within", within.status().message(),
                     "days or hours, such as `7d`");
    return;
  }
  reach.within = LengthOf(*within);
  if (reach.within > kMostDays * absl::Hours(24)) {
    c.reporter.Error(codes::kOutOfRange, path + ".within",
                     absl::StrCat("a near miss is at most ", kMostDays, " days away"));
  }
}

}  // namespace touchstone::rules
