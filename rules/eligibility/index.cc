#include "rules/eligibility/index.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace touchstone::rules {
namespace {

// With so few, all columns are gone through sooner than the emptiest is found.
constexpr size_t kFewBlocks = 8;

// The set as a shared value would be listed for each of many rows: an index keeps it once.
using SetNumbers = absl::flat_hash_map<const ValueSet*, uint32_t>;

bool IsSameList(const Subject& a, const Subject& b) {
  return a.slot == b.slot && a.fields == b.fields && a.field_is_list == b.field_is_list;
}

RowBlock AllRows() {
  RowBlock all;
  for (RowWords& lane : all.lanes) lane = ~lane;
  return all;
}

size_t MemoryOf(const ValueSet& set) {
  size_t bytes = sizeof(ValueSet) + set.intervals().size() * sizeof(KeyInterval) +
                 set.texts().size() * sizeof(std::string);
  for (const std::string& text : set.texts()) {
    if (text.capacity() > std::string().capacity()) bytes += text.capacity() + 1;
  }
  return bytes;
}

}  // namespace

// What building needs and the index does not.
struct EligibilityIndex::Builder {
  // All constraints of one subject; of elements, the n-th of each row.
  struct Group {
    uint32_t subject = 0;
    std::vector<RowConstraint> constraints;
    bool is_dimension = false;
  };

  EligibilityIndex& index;
  absl::Span<const ConditionRows> conditions;
  std::vector<Group> groups;
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, uint32_t> group_of;  // subject, repeat
  std::vector<const ConditionRow*> rows;

  void CollectRows();
  void ChooseDimensions();
  void AddDimension(const Group& group);
  uint32_t ListOf(uint32_t subject);
  void AddChecks();
  // Calls visit(literal, group) for each literal of the row.
  template <typename Visit>
  void VisitLiterals(const ConditionRow& row, Visit&& visit);
  uint32_t GroupOf(uint32_t subject, uint32_t repeat);
};

template <typename Visit>
void EligibilityIndex::Builder::VisitLiterals(const ConditionRow& row, Visit&& visit) {
  uint32_t repeat = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    repeat = i > 0 && row[i].subject == row[i - 1].subject ? repeat + 1 : 0;
    visit(row[i], GroupOf(row[i].subject, repeat));
  }
}

uint32_t EligibilityIndex::Builder::GroupOf(uint32_t subject, uint32_t repeat) {
  const auto [found, is_new] =
      group_of.emplace(std::pair(subject, repeat), static_cast<uint32_t>(groups.size()));
  if (is_new) groups.push_back({subject, {}, false});
  return found->second;
}

void EligibilityIndex::Builder::CollectRows() {
  for (uint32_t offer = 0; offer < conditions.size(); ++offer) {
    for (const ConditionRow& row : conditions[offer]) {
      const auto number = static_cast<uint32_t>(rows.size());
      rows.push_back(&row);
      index.offer_of_row_.push_back(offer);
      VisitLiterals(row, [&](const Literal& literal, uint32_t group) {
        groups[group].constraints.push_back({number, literal.set.get()});
      });
    }
  }
}

void EligibilityIndex::Builder::ChooseDimensions() {
  // A fact is cheap to read, so that it pays for fewer rows than a program does.
  constexpr size_t kRowsPerFactUse = 256;
  constexpr size_t kRowsPerProgramUse = 16;
  // A row is left to checks only where this many dimensions have looked at it.
  constexpr size_t kMinDimensions = 3;
  std::vector<uint8_t> covered(rows.size(), 0);
  for (const bool second_look : {false, true}) {
    for (Group& group : groups) {
      if (group.is_dimension) continue;
      const bool is_fact = index.subjects_[group.subject].slot.has_value();
      const size_t uses = group.constraints.size();
      group.is_dimension = uses * (is_fact ? kRowsPerFactUse : kRowsPerProgramUse) >= rows.size();
      if (second_look && is_fact) {
        group.is_dimension =
            std::any_of(group.constraints.begin(), group.constraints.end(),
                        [&](const RowConstraint& c) { return covered[c.row] < kMinDimensions; });
      }
      if (!group.is_dimension) continue;
      for (const RowConstraint& constraint : group.constraints) {
        if (covered[constraint.row] < kMinDimensions) ++covered[constraint.row];
      }
    }
  }
}

void EligibilityIndex::Builder::AddDimension(const Group& group) {
  const Subject& subject = index.subjects_[group.subject];
  const size_t size = rows.size();
  std::vector<Dimension>& dimensions = index.dimensions_;
  if (subject.is_element()) {
    const uint32_t list = ListOf(group.subject);
    ElementDimension elements(group.constraints, size, subject.kind, index.lists_[list].numbers);
    dimensions.push_back({group.subject, list, std::move(elements)});
    return;
  }
  const bool points = std::all_of(
      group.constraints.begin(), group.constraints.end(),
      [&](const RowConstraint& c) { return PointDimension::Takes(*c.set, subject.domain); });
  if (points) {
    dimensions.push_back(
        {group.subject, 0, PointDimension(group.constraints, size, subject.domain)});
  } else {
    dimensions.push_back(
        {group.subject, 0, RangeDimension(group.constraints, size, subject.domain)});
  }
}

uint32_t EligibilityIndex::Builder::ListOf(uint32_t subject) {
  for (uint32_t i = 0; i < index.lists_.size(); ++i) {
    if (IsSameList(index.subjects_[index.lists_[i].subject], index.subjects_[subject])) return i;
  }
  index.lists_.push_back({subject, {}});
  return static_cast<uint32_t>(index.lists_.size() - 1);
}

void EligibilityIndex::Builder::AddChecks() {
  SetNumbers numbers;
  for (const ConditionRow* row : rows) {
    index.check_starts_.push_back(static_cast<uint32_t>(index.checks_.size()));
    VisitLiterals(*row, [&](const Literal& literal, uint32_t group) {
      if (groups[group].is_dimension) return;
      const auto [set, is_new] =
          numbers.emplace(literal.set.get(), static_cast<uint32_t>(index.check_sets_.size()));
      if (is_new) index.check_sets_.push_back(*literal.set);
      index.checks_.push_back({literal.subject, set->second});
    });
  }
  index.check_starts_.push_back(static_cast<uint32_t>(index.checks_.size()));
}

EligibilityIndex::EligibilityIndex(absl::Span<const ConditionRows> conditions,
                                   std::deque<Subject> subjects)
    : subjects_(std::move(subjects)) {
  Builder builder{*this, conditions, {}, {}, {}};
  builder.CollectRows();
  builder.ChooseDimensions();
  for (const Builder::Group& group : builder.groups) {
    if (group.is_dimension) builder.AddDimension(group);
  }
  for (List& list : lists_) list.numbers.Finish();
  builder.AddChecks();
  blocks_ = BlocksFor(offer_of_row_.size());
  offer_of_row_.shrink_to_fit();
  check_starts_.shrink_to_fit();
  checks_.shrink_to_fit();
  check_sets_.shrink_to_fit();
}

const ValueKey& EligibilityIndex::ValueOf(uint32_t subject, EligibilityProbe& probe,
                                          EligibilityScratch& scratch) const {
  if (scratch.asked_[subject] != scratch.probe_) {
    scratch.asked_[subject] = scratch.probe_;
    scratch.values_[subject] = Ask(subjects_[subject], probe);
  }
  return scratch.values_[subject];
}

RowColumn EligibilityIndex::FindColumn(const Dimension& dimension, EligibilityProbe& probe,
                                       EligibilityScratch& scratch, RowBlock* space,
                                       bool& foreign) const {
  if (const auto* elements = std::get_if<ElementDimension>(&dimension.columns)) {
    foreign = scratch.lists_[dimension.list].foreign;
    return elements->Find(scratch.lists_[dimension.list], space);
  }
  const ValueKey& value = ValueOf(dimension.subject, probe, scratch);
  if (value.state == ValueKey::State::kForeign) {
    foreign = true;
    return RowColumn();
  }
  if (const auto* points = std::get_if<PointDimension>(&dimension.columns)) {
    return points->Find(value, space);
  }
  return std::get<RangeDimension>(dimension.columns).Find(value, space);
}

// Fills scratch.columns_, of many blocks the emptiest first; returns whether some value has no key.
bool EligibilityIndex::FindColumns(EligibilityProbe& probe, EligibilityScratch& scratch) const {
  scratch.columns_.clear();
  scratch.lists_.resize(std::max(scratch.lists_.size(), lists_.size()));
  for (size_t i = 0; i < lists_.size(); ++i) {
    const Subject& subject = subjects_[lists_[i].subject];
    FindElements(subject, ReadSlot(probe.frame, *subject.slot), lists_[i].numbers,
                 scratch.lists_[i]);
  }
  RowBlock* space = scratch.space_.data();
  bool foreign = false;
  for (const Dimension& dimension : dimensions_) {
    bool no_key = false;
    const RowColumn column = FindColumn(dimension, probe, scratch, space, no_key);
    // Of a column that was made, the count is a guess: it may rule rows out all the same.
    const bool is_made = column.blocks == space;
    if (is_made) space += blocks_;
    foreign = foreign || no_key;
    if (!no_key && (is_made || column.count < rows())) scratch.columns_.push_back(column);
  }
  if (blocks_ > kFewBlocks) {
    std::sort(scratch.columns_.begin(), scratch.columns_.end(),
              [](const RowColumn& a, const RowColumn& b) { return a.count < b.count; });
  }
  return foreign;
}

template <typename Take>
void EligibilityIndex::VisitMatches(EligibilityProbe& probe, EligibilityScratch& scratch,
                                    Take&& take) const {
  scratch.space_.resize(std::max(scratch.space_.size(), dimensions_.size() * blocks_));
  if (scratch.asked_.size() != subjects_.size() || ++scratch.probe_ == 0) {
    scratch.asked_.assign(subjects_.size(), 0);
    scratch.values_.resize(subjects_.size());
    scratch.probe_ = 1;
  }
  const bool foreign = FindColumns(probe, scratch);
  uint32_t taken = UINT32_MAX;  // an offer of several rows is taken once
  const absl::Span<const RowColumn> columns = scratch.columns_;
  for (size_t i = 0; i < blocks_; ++i) {
    RowBlock left = columns.empty() ? AllRows() : columns[0].blocks[i];
    for (size_t j = 1; j < columns.size() && !IsZero(left); ++j) {
      left = And(left, columns[j].blocks[i]);
    }
    if (IsZero(left)) continue;
    for (size_t j = 0; j < kBlockWords; ++j) {
      for (uint64_t word = left.word(j); word != 0; word &= word - 1) {
        const auto row = static_cast<uint32_t>(i * kBlockRows + j * 64 +
                                               static_cast<size_t>(__builtin_ctzll(word)));
        if (row >= rows()) break;
        const uint32_t offer = offer_of_row_[row];
        if (offer == taken || !Holds(row, foreign, probe, scratch)) continue;
        taken = offer;
        if (!take(offer)) return;
      }
    }
  }
}

void EligibilityIndex::Match(EligibilityProbe& probe, EligibilityScratch& scratch,
                             std::vector<uint32_t>& offers) const {
  VisitMatches(probe, scratch, [&offers](uint32_t offer) {
    offers.push_back(offer);
    return true;
  });
}

std::optional<uint32_t> EligibilityIndex::MatchFirst(EligibilityProbe& probe,
                                                     EligibilityScratch& scratch) const {
  std::optional<uint32_t> first;
  VisitMatches(probe, scratch, [&first](uint32_t offer) {
    first = offer;
    return false;
  });
  return first;
}

bool EligibilityIndex::Holds(uint32_t row, bool foreign, EligibilityProbe& probe,
                             EligibilityScratch& scratch) const {
  for (uint32_t i = check_starts_[row]; i < check_starts_[row + 1]; ++i) {
    if (!Passes(checks_[i], probe, scratch, foreign)) return false;
  }
  return !foreign || probe.plain(offer_of_row_[row]);
}

bool EligibilityIndex::Passes(const Check& check, EligibilityProbe& probe,
                              EligibilityScratch& scratch, bool& foreign) const {
  const Subject& subject = subjects_[check.subject];
  const ValueSet& set = check_sets_[check.set];
  if (subject.is_element()) return PassesElements(subject, set, probe.frame, foreign);
  const ValueKey& value = ValueOf(check.subject, probe, scratch);
  switch (value.state) {
    case ValueKey::State::kNone:
      return false;
    case ValueKey::State::kKey:
      return set.ContainsKey(value.key);
    case ValueKey::State::kText:
      return set.ContainsText(value.text);
    case ValueKey::State::kNan:
      return set.nan();
    case ValueKey::State::kForeign:
      foreign = true;
      return true;
  }
  return false;
}

bool EligibilityIndex::PassesElements(const Subject& subject, const ValueSet& set,
                                      const expr::Frame& frame, bool& foreign) const {
  const expr::Value list = ReadSlot(frame, *subject.slot);
  if (list.IsError()) return false;
  bool some = false;
  bool no_key = list.kind() != expr::Kind::kList;
  const bool complete = VisitElements(subject, list, [&](const ValueKey& key) {
    no_key = no_key || key.state == ValueKey::State::kForeign;
    some = some || (key.state == ValueKey::State::kKey && set.ContainsKey(key.key)) ||
           (key.state == ValueKey::State::kText && set.ContainsText(key.text));
  });
  foreign = foreign || no_key;
  if (no_key) return true;
  return subject.kind == Subject::Kind::kSomeElement ? some : complete && !some;
}

size_t EligibilityIndex::memory_bytes() const {
  size_t bytes = offer_of_row_.capacity() * sizeof(uint32_t) +
                 check_starts_.capacity() * sizeof(uint32_t) + checks_.capacity() * sizeof(Check) +
                 dimensions_.capacity() * sizeof(Dimension);
  for (const ValueSet& set : check_sets_) bytes += MemoryOf(set);
  for (const Dimension& dimension : dimensions_) {
    bytes +=
        std::visit([](const auto& columns) { return columns.memory_bytes(); }, dimension.columns);
  }
  return bytes;
}

}  // namespace touchstone::rules
