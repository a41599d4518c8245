#include "rules/expr/nearest_name.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace touchstone::rules::expr {
namespace {

// Longer names are not compared: a long wrong name has no reader who needs the hint.
constexpr size_t kMaxComparedLength = 100;

// Edits between two texts with swaps of neighbours (optimal string alignment distance).
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

size_t LengthDifference(absl::string_view a, absl::string_view b) {
  return a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
}

}  // namespace

std::optional<std::string> NearestName(absl::string_view written,
                                       absl::Span<const absl::string_view> names) {
  if (written.empty() || written.size() > kMaxComparedLength) return std::nullopt;
  const std::string lower = absl::AsciiStrToLower(written);
  // One edit in three letters, at most four.
  size_t fewest = std::min<size_t>(written.size() / 3, 4) + 1;
  std::optional<std::string> nearest;
  for (const absl::string_view name : names) {
    if (LengthDifference(written, name) >= fewest) continue;
    const size_t edits = EditDistance(lower, absl::AsciiStrToLower(name));
    if (edits >= fewest) continue;
    fewest = edits;
    nearest = std::string(name);
  }
  if (nearest.has_value()) return nearest;
  const std::string as_last_part = absl::StrCat(".", lower);
  for (const absl::string_view name : names) {
    if (absl::EndsWith(absl::AsciiStrToLower(name), as_last_part)) return std::string(name);
  }
  return std::nullopt;
}

}  // namespace touchstone::rules::expr
