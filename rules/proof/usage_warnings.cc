#include "rules/proof/usage_warnings.h"

#include <optional>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "rules/ruleset/derived_facts.h"

namespace touchstone::rules {
namespace {

// Slots of the decision row and names of lists that some rule reads.
class Readings {
 public:
  explicit Readings(const RuleSet& rule_set) : rule_set_(rule_set) {
    slots_.resize(rule_set.layout->decision_row_size());
    for (const ComputedSpec& computed : rule_set.schema.computed) {
      if (computed.program) Read(*computed.program);
    }
    for (const DecisionTableSpec& table : rule_set.tables) {
      for (const expr::Slot slot : table.rows.slots()) Read(slot);
    }
    for (const SegmentSpec& segment : rule_set.segments) Read(segment.when);
    Read(rule_set.never_discount);
    for (const OfferSpec& offer : rule_set.offers) ReadOffer(offer);
  }

  bool has(uint16_t slot) const { return slots_[slot]; }
  bool has_list(absl::string_view name) const { return lists_.contains(name); }

  // Names of lists in a text of which no canonical form is kept.
  void ReadLists(absl::string_view text) {
    constexpr absl::string_view kPrefix = "list.";
    for (size_t at = text.find(kPrefix); at != absl::string_view::npos;
         at = text.find(kPrefix, at + 1)) {
      size_t end = at + kPrefix.size();
      while (end < text.size() && (absl::ascii_isalnum(text[end]) || text[end] == '_')) ++end;
      lists_.insert(std::string(text.substr(at + kPrefix.size(), end - at - kPrefix.size())));
    }
  }

 private:
  void Read(const expr::Program& program) {
    for (const expr::Slot slot : program.slots()) Read(slot);
  }
  void Read(expr::Slot slot) {
    if (slot.row == kDecisionRow) slots_[slot.index] = true;
  }
  void Read(const Condition& condition) {
    for (const Condition::Conjunct& conjunct : condition.conjuncts) {
      Read(conjunct.program);
      ReadLists(conjunct.text);
    }
  }

  void ReadOffer(const OfferSpec& offer) {
    Read(offer.eligible);
    Read(offer.requires_);
    Read(offer.lines);
    if (offer.value) Read(*offer.value);
    for (const LimitSpec& limit : offer.limits) {
      if (limit.at_most_formula) Read(*limit.at_most_formula);
    }
    if (offer.window && offer.window->zone_of == WindowZone::kCustomer) {
      if (const auto zone = rule_set_.layout->customer_zone_slot()) slots_[*zone] = true;
    }
    for (const std::optional<TreatmentSpec>& treatment : offer.treatments) {
      if (treatment) ReadTreatment(*treatment);
    }
    if (!offer.near_misses) return;
    for (const std::optional<TreatmentSpec>& treatment : offer.near_misses->treatments) {
      if (treatment) ReadTreatment(*treatment);
    }
  }

  void ReadTreatment(const TreatmentSpec& treatment) {
    for (const auto& by_locale : treatment.texts) {
      for (const TextTemplate& text : by_locale) {
        for (const TextTemplate::Piece& piece : text.pieces) {
          if (piece.placeholder == TextTemplate::Placeholder::kFact) Read(piece.slot);
        }
      }
    }
  }

  const RuleSet& rule_set_;
  std::vector<bool> slots_;
  absl::flat_hash_set<std::string> lists_;
};

void WarnOfFact(const ProofInput& input, const std::string& path, absl::string_view name) {
  input.reporter.Warning(codes::kUnusedAttribute, path, absl::StrCat("no rule reads `", name, "`"),
                         "use it, or take it out");
}

void WarnOfFacts(const ProofInput& input, const Readings& readings) {
  const Schema& schema = input.rule_set.schema;
  const FactLayout& layout = *input.rule_set.layout;
  // `section` of the schema; rules read a name of it behind `prefix`.
  const auto warn = [&](const auto& specs, auto slot_of, absl::string_view section,
                        absl::string_view prefix) {
    for (size_t i = 0; i < specs.size(); ++i) {
      if (readings.has((layout.*slot_of)(i))) continue;
      WarnOfFact(input, absl::StrCat("schema.", section, "[", specs[i].name, "]"),
                 absl::StrCat(prefix, specs[i].name));
    }
  };
  warn(schema.customer, &FactLayout::customer_slot, "customer", "customer.");
  warn(schema.aggregates, &FactLayout::aggregate_slot, "aggregates", "customer.");
  warn(schema.request, &FactLayout::request_slot, "request", "request.");
  for (size_t i = 0; i < schema.computed.size(); ++i) {
    if (readings.has(layout.computed_slot(i))) continue;
    WarnOfFact(input, DerivedFactPath(schema.computed[i].name), schema.computed[i].name);
  }
}

void WarnOfLists(const ProofInput& input, Readings& readings) {
  if (input.rule_set.lists.empty()) return;
  for (const v1::Offer* offer : input.offers) {
    readings.ReadLists(offer->value());
    for (const v1::Limit& limit : offer->limits()) readings.ReadLists(limit.at_most());
  }
  for (const auto& aggregate : input.message.schema().aggregates()) {
    readings.ReadLists(aggregate.second.where());
  }
  for (const auto& list : input.rule_set.lists) {
    if (readings.has_list(list->name)) continue;
    input.reporter.Warning(codes::kUnusedList, absl::StrCat("lists[", list->name, "]"),
                           absl::StrCat("no rule reads `list.", list->name, "`"),
                           "use it in a condition, or delete the file");
  }
}

void WarnOfBudgets(const ProofInput& input) {
  std::vector<bool> is_used(input.rule_set.budgets.size());
  for (const OfferSpec& offer : input.rule_set.offers) {
    if (offer.budget >= 0) is_used[static_cast<size_t>(offer.budget)] = true;
  }
  for (size_t i = 0; i < is_used.size(); ++i) {
    if (is_used[i]) continue;
    const std::string& name = input.rule_set.budgets[i].name;
    input.reporter.Warning(codes::kUnusedBudget, absl::StrCat("budgets[", name, "]"),
                           absl::StrCat("no offer draws on the budget `", name, "`"),
                           absl::StrCat("write `budget: ", name, "` in an offer, or take it out"));
  }
}

void WarnOfChannels(const ProofInput& input, size_t offer) {
  const v1::Offer& message = *input.offers[offer];
  if (message.has_benefit() || message.treatments().empty()) return;
  uint64_t shown_on = 0;
  for (const auto& treatment : message.treatments()) {
    const auto placement = input.rule_set.placement_by_name.find(treatment.first);
    shown_on |= uint64_t{1} << input.rule_set.placements[placement->second].channel;
  }
  for (int i = 0; i < message.channels_size(); ++i) {
    for (size_t c = 0; c < input.rule_set.channels.size(); ++c) {
      if (input.rule_set.channels[c] != message.channels(i) || (shown_on >> c & 1) != 0) continue;
      input.reporter.Warning(
          codes::kIdleChannel, input.At(offer, absl::StrCat("channels[", i, "]")),
          absl::StrCat("the offer changes no basket, and none of its treatments is for a placement "
                       "of `",
                       message.channels(i), "`"),
          "add a treatment for a placement of the channel, or leave the channel out");
    }
  }
}

void WarnOfNoValue(const ProofInput& input) {
  std::vector<bool> is_fallback(input.offers.size());
  for (const PlacementSpec& placement : input.rule_set.placements) {
    for (const uint32_t offer : placement.fallback) is_fallback[offer] = true;
  }
  size_t with_value = 0;
  std::vector<size_t> without;
  for (size_t i = 0; i < input.offers.size(); ++i) {
    if (input.offers[i]->treatments().empty() || is_fallback[i]) continue;
    if (input.offers[i]->has_value()) {
      ++with_value;
    } else {
      without.push_back(i);
    }
  }
  if (with_value < 3 || without.size() >= with_value) return;
  for (const size_t i : without) {
    input.reporter.Warning(
        codes::kNoValue, input.At(i, "offer"),
        "the offer is shown and has no `value`, so that it ranks behind all others",
        "add `value:`, what it is worth to show it");
  }
}

}  // namespace

void WarnOfUsage(const ProofInput& input) {
  Readings readings(input.rule_set);
  WarnOfFacts(input, readings);
  WarnOfLists(input, readings);
  WarnOfBudgets(input);
  for (size_t i = 0; i < input.offers.size(); ++i) WarnOfChannels(input, i);
  WarnOfNoValue(input);
}

}  // namespace touchstone::rules
