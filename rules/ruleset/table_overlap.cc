#include "rules/ruleset/table_overlap.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace touchstone::rules {
namespace {

using Intervals = std::vector<KeyInterval>;

// NaN stands beside the line of keys; no double has this one.
constexpr KeyInterval kNanInterval = {INT64_MAX, INT64_MAX};

bool Meet(const Intervals& a, const Intervals& b) {
  auto x = a.begin();
  auto y = b.begin();
  while (x != a.end() && y != b.end()) {
    if (x->first <= y->last && y->first <= x->last) return true;
    if (x->last < y->last) {
      ++x;
    } else {
      ++y;
    }
  }
  return false;
}

bool Covers(const Intervals& a, const Intervals& b) {
  auto x = a.begin();
  for (const KeyInterval& part : b) {
    while (x != a.end() && x->last < part.last) ++x;
    if (x == a.end() || x->first > part.first) return false;
  }
  return true;
}

// One column with its sets as intervals of one line, each distinct set once; texts take the places
// of their order.
class Line {
 public:
  explicit Line(const TableColumn& column) {
    std::vector<absl::string_view> texts;
    for (const ValueSet* set : column) {
      if (set == nullptr) continue;
      for (const std::string& text : set->texts()) texts.push_back(text);
    }
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    absl::flat_hash_map<const ValueSet*, uint32_t> known;
    for (const ValueSet* set : column) {
      if (set == nullptr) {
        cells_.push_back(kAnything);
        continue;
      }
      const auto [cell, is_new] = known.emplace(set, static_cast<uint32_t>(sets_.size()));
      if (is_new) sets_.push_back(set->is_text() ? OfTexts(*set, texts) : OfKeys(*set));
      cells_.push_back(cell->second);
    }
  }

  size_t sets() const { return sets_.size(); }
  bool Meet(uint32_t a, uint32_t b) const {
    const uint32_t x = cells_[a];
    const uint32_t y = cells_[b];
    return x == kAnything || y == kAnything || x == y ||
           touchstone::rules::Meet(sets_[x], sets_[y]);
  }
  bool Covers(uint32_t a, uint32_t b) const {
    const uint32_t x = cells_[a];
    const uint32_t y = cells_[b];
    if (x == kAnything || x == y) return true;
    return y != kAnything && touchstone::rules::Covers(sets_[x], sets_[y]);
  }

 private:
  static constexpr uint32_t kAnything = UINT32_MAX;

  static Intervals OfKeys(const ValueSet& set) {
    Intervals intervals(set.intervals().begin(), set.intervals().end());
    if (set.nan()) intervals.push_back(kNanInterval);
    return intervals;
  }
  // The place behind all texts is that of every other.
  static Intervals OfTexts(const ValueSet& set, const std::vector<absl::string_view>& texts) {
    std::vector<KeyInterval> points;
    int64_t next = 0;
    for (const std::string& text : set.texts()) {
      const auto place = std::lower_bound(texts.begin(), texts.end(), text) - texts.begin();
      if (set.except()) {
        if (next < place) points.push_back({next, place - 1});
      } else {
        points.push_back({place, place});
      }
      next = place + 1;
    }
    if (set.except()) points.push_back({next, static_cast<int64_t>(texts.size())});
    return points;
  }

  std::vector<Intervals> sets_;
  std::vector<uint32_t> cells_;  // by row
};

// The column that tells most rows apart first.
std::vector<Line> LinesOf(absl::Span<const TableColumn> columns) {
  std::vector<Line> lines(columns.begin(), columns.end());
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.sets() > b.sets(); });
  return lines;
}

}  // namespace

std::vector<RowPair> OverlappingRows(absl::Span<const TableColumn> columns, size_t rows,
                                     size_t most) {
  const std::vector<Line> lines = LinesOf(columns);
  std::vector<RowPair> pairs;
  for (uint32_t above = 0; above < rows && pairs.size() < most; ++above) {
    for (uint32_t below = above + 1; below < rows; ++below) {
      if (!std::all_of(lines.begin(), lines.end(),
                       [&](const Line& line) { return line.Meet(above, below); })) {
        continue;
      }
      pairs.push_back({above, below});
      break;
    }
  }
  return pairs;
}

std::vector<RowPair> CoveredRows(absl::Span<const TableColumn> columns, size_t rows, size_t most) {
  const std::vector<Line> lines = LinesOf(columns);
  std::vector<RowPair> pairs;
  for (uint32_t below = 0; below < rows && pairs.size() < most; ++below) {
    for (uint32_t above = 0; above < below; ++above) {
      if (!std::all_of(lines.begin(), lines.end(),
                       [&](const Line& line) { return line.Covers(above, below); })) {
        continue;
      }
      pairs.push_back({above, below});
      break;
    }
  }
  return pairs;
}

}  // namespace touchstone::rules
