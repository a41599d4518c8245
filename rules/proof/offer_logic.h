#pragma once

// What can be true at one time: the conditions of offers and segments as rows of value sets
// (rules/eligibility), with what else is known of their facts. Internal to this room.
//
// Known beside the conditions: counts are not negative; what has a value is there; a channel is one
// of the offer's; a segment holds together with its own condition; `now` is not before the moment
// of the proof and, unless the offer is granted, within its window. A part that is no comparison
// with a constant may be anything. So "cannot" is a proof and "can" is not. Thread safety: one
// thread. Lifetime: refers to the input. Cost: conditions are read once each, by their text.

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "rules/eligibility/normal_form.h"
#include "rules/expr/environment.h"
#include "rules/proof/proof_input.h"

namespace touchstone::rules {

// A condition by when it is true and when it is false.
struct ConditionForm {
  ConditionRows when_true;
  std::vector<ConditionRows> parts_when_false;  // of the terms of the conjunction, in order

  ConditionRows WhenFalse() const;
};

// Outside of which the offer changes no basket; null: it has none. How long a granted offer can be
// used is its grants' to say.
inline const WindowSpec* WindowOfUse(const OfferSpec& offer) {
  return offer.window && offer.applies != Applies::kGranted ? &*offer.window : nullptr;
}

class OfferLogic {
 public:
  explicit OfferLogic(const ProofInput& input);
  OfferLogic(const OfferLogic&) = delete;
  OfferLogic& operator=(const OfferLogic&) = delete;

  // What else is asked of a row beside the facts alone.
  struct Frame {
    uint64_t channels = ~uint64_t{0};
    const WindowSpec* window = nullptr;
    bool segments = false;  // the row's segment with its condition
  };

  // Of a condition of the scopes of segments, `eligible` and `requires`; null for a text that the
  // compiler took and this does not read.
  const ConditionForm* FormOf(const std::string& text);
  // Of a condition over lines: subjects of their own.
  const ConditionForm* LineFormOf(const std::string& text);

  // Whether some row can hold.
  bool CanHold(const ConditionRows& rows, const Frame& frame) const;
  bool LinesCanHold(const ConditionRows& rows, bool takes_marked_down) const;
  ConditionRows Both(const ConditionRows& a, const ConditionRows& b) const {
    return forms_.Both(a, b);
  }
  ConditionRows LinesBoth(const ConditionRows& a, const ConditionRows& b) const {
    return line_forms_.Both(a, b);
  }
  // Whether some rows of both are about one fact: if not, both can hold where each can.
  bool ShareAFact(const ConditionRows& a, const ConditionRows& b) const;
  // The channels that the offer has an effect in.
  uint64_t ChannelsOf(size_t offer) const;
  // Rows of `eligible` and `requires` at once.
  ConditionRows RowsOf(size_t offer);
  // Whether there is a moment and a channel for both offers.
  bool CanMeet(size_t a, size_t b) const;
  // And a customer.
  bool CanBothApply(size_t a, size_t b);

  // "customer.spend_90d 300.00, customer.tier gold": facts for which some row holds.
  std::string Example(const ConditionRows& rows) const;
  const Subject& subject(uint32_t index) const { return forms_.subjects()[index]; }
  const Subject& line_subject(uint32_t index) const { return line_forms_.subjects()[index]; }

 private:
  // By text of the message; null: not read. A form keeps its address.
  using FormsByText = absl::flat_hash_map<absl::string_view, std::unique_ptr<ConditionForm>>;

  const ConditionForm* Read(const std::string& text, const expr::Environment& environment,
                            NormalForms& forms, FormsByText& known);
  bool RowCanHold(const ConditionRow& row, const Frame& frame) const;
  bool LiteralCanHold(const Literal& literal, const ConditionRow& row, const Frame& frame) const;
  bool FactCanBe(const Subject& subject, const ValueSet& set, const Frame& frame) const;
  bool IsAboutACustomer(const ConditionRow& row) const;
  bool NowCanBe(const ValueSet& set, const WindowSpec* window) const;
  bool SegmentCanHold(const ConditionRow& row, const ValueSet& segments) const;

  const ProofInput& input_;
  expr::Environment environment_;
  expr::Environment line_environment_;
  NormalForms forms_;
  NormalForms line_forms_;
  FormsByText known_;
  FormsByText known_lines_;
  std::vector<bool> is_count_;   // by slot of the decision row
  std::vector<bool> is_stored_;  // of a customer's record
  // By segment of the rule set; null: otherwise, or not read.
  std::vector<const ConditionForm*> segments_;
};

}  // namespace touchstone::rules
