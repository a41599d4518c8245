#include "rules/proof/offer_logic.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "rules/expr/checker.h"
#include "rules/expr/logical_chain.h"
#include "rules/expr/parser.h"
#include "rules/money/fixed_point.h"

namespace touchstone::rules {
namespace {

bool Meets(const ValueSet& set, int64_t first, int64_t last) {
  return !set.Intersection(ValueSet::Keys(first, last)).IsEmpty();
}

// The value in a set that a reader finds plainest: an end of it that is written in the condition.
std::string Plain(const Subject& subject, const ValueSet& set) {
  if (set.is_text()) {
    if (!set.except()) return set.texts().empty() ? "" : set.texts()[0];
    for (const std::string& word : subject.enum_values) {
      if (set.ContainsText(word)) return word;
    }
    return absl::StrCat("not ", set.texts().empty() ? "there" : set.texts()[0]);
  }
  if (set.intervals().empty()) return "NaN";
  const KeyInterval interval = set.intervals().back();
  const int64_t key = interval.first != INT64_MIN ? interval.first : interval.last;
  switch (subject.key_kind) {
    case KeyKind::kBool:
      return key != 0 ? "true" : "false";
    case KeyKind::kInt:
      return absl::StrCat(key);
    case KeyKind::kDecimal:
      return FormatFixedPoint(key, 3, TrailingZeros::kTrim);
    case KeyKind::kMoney:
      return FormatFixedPoint(key, 4, TrailingZeros::kTrim);
    case KeyKind::kTimestamp:
      return absl::FormatTime(absl::FromUnixNanos(key));
    case KeyKind::kDuration:
      return absl::FormatDuration(absl::Nanoseconds(key));
    case KeyKind::kDouble:
    case KeyKind::kText:
      return "as the condition says";
  }
  return "";
}

// Whether another part of the row says that no element is one of those that the literal asks for.
bool NoneIsThere(const Literal& literal, const ConditionRow& row,
                 const std::deque<Subject>& subjects) {
  const Subject& some = subjects[literal.subject];
  return std::any_of(row.begin(), row.end(), [&](const Literal& other) {
    const Subject& none = subjects[other.subject];
    return none.kind == Subject::Kind::kNoElement && none.slot == some.slot &&
           none.fields == some.fields &&
           literal.set->Intersection(other.set->Complement(none.domain)).IsEmpty();
  });
}

// Whether an expression over one fact alone is an error where that is absent.
bool FailsWithout(const Subject& subject, expr::Slot fact) {
  if (!subject.program || subject.program->slots().size() != 1) return false;
  if (!(subject.program->slots()[0] == fact)) return false;
  expr::Scratch scratch;
  return subject.program->Evaluate(expr::Frame{}, scratch).IsError();
}

int64_t StartOfDay(absl::CivilDay day, absl::Duration margin) {
  return absl::ToUnixNanos(absl::FromCivil(day, absl::UTCTimeZone()) + margin);
}

}  // namespace

ConditionRows ConditionForm::WhenFalse() const {
  ConditionRows all;
  for (const ConditionRows& rows : parts_when_false)
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

OfferLogic::OfferLogic(const ProofInput& input)
    : input_(input),
      environment_(
          input.rule_set.layout->EnvironmentFor(Scope::kRequires, NamesOf(input.rule_set))),
      line_environment_(
          input.rule_set.layout->EnvironmentFor(Scope::kLine, NamesOf(input.rule_set))),
      forms_(environment_),
      line_forms_(line_environment_),
      is_count_(input.rule_set.layout->decision_row_size()),
      is_stored_(input.rule_set.layout->decision_row_size()) {
  const std::vector<AggregateSpec>& aggregates = input.rule_set.schema.aggregates;
  for (const StoredSlot& stored : input.rule_set.layout->stored_slots()) {
    is_stored_[stored.slot] = true;
    is_count_[stored.slot] = stored.is_aggregate && IsCount(aggregates[stored.index].function);
  }
  for (const v1::Segment& segment : input.message.segments()) {
    segments_.push_back(FormOf(segment.when()));
  }
}

const ConditionForm* OfferLogic::Read(const std::string& text, const expr::Environment& environment,
                                      NormalForms& forms, FormsByText& known) {
  if (text.empty()) return nullptr;
  const auto [entry, is_new] = known.try_emplace(text);
  if (!is_new) return entry->second.get();
  const expr::ParseResult parsed = expr::Parse(text);
  if (parsed.expr != nullptr &&
      expr::Check(*parsed.expr, environment, expr::Type(expr::TypeKind::kBool)).empty()) {
    entry->second = std::make_unique<ConditionForm>();
    entry->second->when_true = forms.WhenTrue(*parsed.expr);
    for (const expr::Expr* part : expr::ChainTerms(expr::Function::kAnd, *parsed.expr)) {
      entry->second->parts_when_false.push_back(forms.WhenFalse(*part));
    }
  }
  return entry->second.get();
}

const ConditionForm* OfferLogic::FormOf(const std::string& text) {
  return Read(text, environment_, forms_, known_);
}

const ConditionForm* OfferLogic::LineFormOf(const std::string& text) {
  return Read(text, line_environment_, line_forms_, known_lines_);
}

bool OfferLogic::CanHold(const ConditionRows& rows, const Frame& frame) const {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const ConditionRow& row) { return RowCanHold(row, frame); });
}

bool OfferLogic::RowCanHold(const ConditionRow& row, const Frame& frame) const {
  return std::all_of(row.begin(), row.end(),
                     [&](const Literal& literal) { return LiteralCanHold(literal, row, frame); });
}

bool OfferLogic::LiteralCanHold(const Literal& literal, const ConditionRow& row,
                                const Frame& frame) const {
  const Subject& subject = forms_.subjects()[literal.subject];
  if (!subject.slot) return true;
  switch (subject.kind) {
    case Subject::Kind::kValue:
      if (!FactCanBe(subject, *literal.set, frame)) return false;
      if (subject.slot->index == kSlotKnown && !literal.set->ContainsKey(1)) {
        return !IsAboutACustomer(row);
      }
      if (subject.slot->index == kSlotSegment && frame.segments) {
        return SegmentCanHold(row, *literal.set);
      }
      return true;
    case Subject::Kind::kPresence:
      // What is compared is there.
      if (literal.set->ContainsKey(1)) return true;
      return std::none_of(row.begin(), row.end(), [&](const Literal& other) {
        const Subject& fact = forms_.subjects()[other.subject];
        return fact.kind != Subject::Kind::kPresence &&
               (fact.slot == subject.slot || FailsWithout(fact, *subject.slot));
      });
    case Subject::Kind::kSomeElement:
      return !NoneIsThere(literal, row, forms_.subjects());
    case Subject::Kind::kNoElement:
      return true;
  }
  return true;
}

bool OfferLogic::FactCanBe(const Subject& subject, const ValueSet& set, const Frame& frame) const {
  const uint16_t slot = subject.slot->index;
  if (set.is_text()) {
    if (slot == kSlotChannel) {
      const std::vector<std::string>& channels = input_.rule_set.channels;
      for (size_t i = 0; i < channels.size(); ++i) {
        if ((frame.channels >> i & 1) != 0 && set.ContainsText(channels[i])) return true;
      }
      return false;
    }
    return subject.enum_values.empty() ||
           std::any_of(subject.enum_values.begin(), subject.enum_values.end(),
                       [&set](const std::string& word) { return set.ContainsText(word); });
  }
  if (slot == kSlotNow) return NowCanBe(set, frame.window);
  return !is_count_[slot] || Meets(set, 0, INT64_MAX);
}

bool OfferLogic::NowCanBe(const ValueSet& set, const WindowSpec* window) const {
  // Local days of all zones, from 14 hours before UTC's to 12 after it.
  int64_t first = absl::ToUnixNanos(input_.now);
  int64_t last = INT64_MAX;
  if (window != nullptr && window->from) {
    first = std::max(first, StartOfDay(*window->from, -absl::Hours(14)));
  }
  if (window != nullptr && window->through) {
    last = StartOfDay(*window->through + 2, absl::Hours(12));
  }
  return Meets(set, first, last);
}

bool OfferLogic::IsAboutACustomer(const ConditionRow& row) const {
  return std::any_of(row.begin(), row.end(), [this](const Literal& literal) {
    const Subject& subject = forms_.subjects()[literal.subject];
    return subject.kind != Subject::Kind::kPresence && subject.slot &&
           is_stored_[subject.slot->index];
  });
}

bool OfferLogic::SegmentCanHold(const ConditionRow& row, const ValueSet& segments) const {
  if (segments.ContainsText(kAnonymousSegment) && !IsAboutACustomer(row)) return true;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (!segments.ContainsText(input_.rule_set.segments[i].name)) continue;
    if (segments_[i] == nullptr || !ShareAFact({row}, segments_[i]->when_true)) return true;
    if (CanHold(forms_.Both({row}, segments_[i]->when_true), Frame{})) return true;
  }
  return false;
}

bool OfferLogic::LinesCanHold(const ConditionRows& rows, bool takes_marked_down) const {
  const ValueSet touched = ValueSet::Texts({"regular", "shelf"});
  return std::any_of(rows.begin(), rows.end(), [&](const ConditionRow& row) {
    return std::all_of(row.begin(), row.end(), [&](const Literal& literal) {
      const Subject& subject = line_forms_.subjects()[literal.subject];
      if (subject.kind == Subject::Kind::kSomeElement &&
          NoneIsThere(literal, row, line_forms_.subjects())) {
        return false;
      }
      const bool is_source = subject.kind == Subject::Kind::kValue &&
                             subject.slot == expr::Slot{kLineRow, kLineSlotPriceSource};
      return takes_marked_down || !is_source || !literal.set->Intersection(touched).IsEmpty();
    });
  });
}

bool OfferLogic::ShareAFact(const ConditionRows& a, const ConditionRows& b) const {
  const auto share = [this](const Literal& x, const Literal& y) {
    if (x.subject == y.subject) return true;
    const Subject& first = forms_.subjects()[x.subject];
    const Subject& second = forms_.subjects()[y.subject];
    const auto reads = [](const Subject& subject, const Subject& other) {
      return subject.program && other.slot &&
             absl::c_linear_search(subject.program->slots(), *other.slot);
    };
    return (first.slot && first.slot == second.slot) || reads(first, second) ||
           reads(second, first);
  };
  for (const ConditionRow& row : a) {
    for (const ConditionRow& other : b) {
      for (const Literal& x : row) {
        for (const Literal& y : other) {
          if (share(x, y)) return true;
        }
      }
    }
  }
  return false;
}

uint64_t OfferLogic::ChannelsOf(size_t offer) const {
  const OfferSpec& spec = input_.rule_set.offers[offer];
  if (spec.benefit) return spec.channels;
  uint64_t shown_on = 0;
  for (size_t i = 0; i < spec.treatments.size(); ++i) {
    if (spec.treatments[i]) shown_on |= uint64_t{1} << input_.rule_set.placements[i].channel;
  }
  return spec.channels & shown_on;
}

ConditionRows OfferLogic::RowsOf(size_t offer) {
  const v1::Offer& message = *input_.offers[offer];
  const ConditionForm* eligible = FormOf(message.eligible());
  const ConditionForm* requires_form = FormOf(message.requires_condition());
  ConditionRows rows = eligible == nullptr ? ConditionRows(1) : eligible->when_true;
  return requires_form == nullptr ? rows : Both(rows, requires_form->when_true);
}

bool OfferLogic::CanMeet(size_t a, size_t b) const {
  const OfferSpec& first = input_.rule_set.offers[a];
  const OfferSpec& second = input_.rule_set.offers[b];
  if ((first.channels & second.channels) == 0) return false;
  const WindowSpec* window = WindowOfUse(first);
  const WindowSpec* other = WindowOfUse(second);
  if (window == nullptr || other == nullptr) return true;
  const WindowSpec& x = *window;
  const WindowSpec& y = *other;
  // Hours that pass midnight reach into the next day: then any days may meet.
  const bool by_day = x.opens_minute < x.closes_minute && y.opens_minute < y.closes_minute;
  if (by_day && (x.days & y.days) == 0) return false;
  if (by_day && x.zone_of == y.zone_of && x.zone == y.zone &&
      (x.closes_minute <= y.opens_minute || y.closes_minute <= x.opens_minute)) {
    return false;
  }
  if (x.through && y.from && *x.through < *y.from) return false;
  return !(y.through && x.from && *y.through < *x.from);
}

bool OfferLogic::CanBothApply(size_t a, size_t b) {
  if (!CanMeet(a, b)) return false;
  Frame frame;
  frame.segments = true;
  frame.channels = input_.rule_set.offers[a].channels & input_.rule_set.offers[b].channels;
  return CanHold(Both(RowsOf(a), RowsOf(b)), frame);
}

std::string OfferLogic::Example(const ConditionRows& rows) const {
  for (const ConditionRow& row : rows) {
    if (!RowCanHold(row, Frame{})) continue;
    std::string example;
    for (const Literal& literal : row) {
      const Subject& subject = forms_.subjects()[literal.subject];
      if (subject.kind != Subject::Kind::kValue || !subject.slot) continue;
      absl::StrAppend(&example, example.empty() ? "" : ", ", subject.text, " ",
                      Plain(subject, *literal.set));
    }
    return example;
  }
  return "";
}

}  // namespace touchstone::rules
