#include "rules/ruleset/table_cell.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "rules/expr/string_literal.h"
#include "rules/facts/text.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kNot = "not ";
constexpr absl::string_view kRange = "..";

absl::Status NotACell(absl::string_view item) {
  return absl::InvalidArgumentError(absl::StrCat("`", item, "` cannot be read as a cell"));
}

// At every | outside single quotes; nullopt when a quote does not end.
std::optional<std::vector<absl::string_view>> SplitItems(absl::string_view cell) {
  std::vector<absl::string_view> items;
  bool quoted = false;
  size_t begin = 0;
  for (size_t at = 0; at < cell.size(); ++at) {
    if (cell[at] == '\'') quoted = !quoted;
    if (quoted || cell[at] != '|') continue;
    items.push_back(absl::StripAsciiWhitespace(cell.substr(begin, at - begin)));
    begin = at + 1;
  }
  if (quoted) return std::nullopt;
  items.push_back(absl::StripAsciiWhitespace(cell.substr(begin)));
  return items;
}

std::optional<std::string> TextLiteral(absl::string_view item) {
  if (item.empty()) return std::nullopt;
  if (item.find('\'') == absl::string_view::npos) return expr::QuoteString(item);
  if (item.size() < 2 || item.front() != '\'' || item.back() != '\'') return std::nullopt;
  const std::string inside(item.substr(1, item.size() - 2));
  if (absl::StrReplaceAll(inside, {{"''", ""}}).find('\'') != std::string::npos) {
    return std::nullopt;
  }
  return expr::QuoteString(absl::StrReplaceAll(inside, {{"''", "'"}}));
}

// Digits, and more of them behind a point.
std::optional<std::string> NumberLiteral(absl::string_view item, KeyKind kind) {
  absl::string_view rest = item;
  absl::ConsumePrefix(&rest, "-");
  const size_t point = rest.find('.');
  const auto are_digits = [](absl::string_view digits) {
    return !digits.empty() && absl::c_all_of(digits, absl::ascii_isdigit);
  };
  const bool whole = point == absl::string_view::npos;
  if (!are_digits(rest.substr(0, point)) || (!whole && !are_digits(rest.substr(point + 1)))) {
    return std::nullopt;
  }
  if (kind == KeyKind::kInt && !whole) return std::nullopt;
  return absl::StrCat(item, kind == KeyKind::kDouble && whole ? ".0" : "");
}

// A day begins at 00:00 UTC, as the dates of the schema do.
std::optional<std::string> TimeLiteral(absl::string_view item, absl::TimeZone zone) {
  absl::Time time;
  if (const absl::StatusOr<absl::CivilDay> day = ParseDate(item); day.ok()) {
    time = absl::FromCivil(*day, absl::UTCTimeZone());
  } else if (const absl::StatusOr<absl::Time> moment = ParseTimestamp(item, zone); moment.ok()) {
    time = *moment;
  } else {
    return std::nullopt;
  }
  return absl::StrCat("timestamp(\"",
                      absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()), "\")");
}

class CellReader {
 public:
  CellReader(absl::string_view input, KeyKind kind, absl::TimeZone zone)
      : input_(input), kind_(kind), zone_(zone) {}

  absl::StatusOr<std::string> Read(absl::string_view cell) const {
    absl::string_view items_text = cell;
    const bool negated = absl::ConsumePrefix(&items_text, kNot);
    const std::optional<std::vector<absl::string_view>> items = SplitItems(items_text);
    if (!items.has_value()) return NotACell(cell);
    std::vector<std::string> alternatives;
    for (const absl::string_view item : *items) {
      std::optional<std::string> alternative = ReadItem(item);
      if (!alternative.has_value()) return NotACell(item);
      alternatives.push_back(*std::move(alternative));
    }
    const std::string any = absl::StrJoin(alternatives, " || ");
    return negated ? absl::StrCat("!(", any, ")") : any;
  }

 private:
  bool is_ordered() const { return kind_ != KeyKind::kText && kind_ != KeyKind::kBool; }

  std::optional<std::string> ReadItem(absl::string_view item) const {
    if (kind_ == KeyKind::kBool) {
      if (item == "true") return absl::StrCat("(", input_, ")");
      return item == "false" ? std::optional(absl::StrCat("!(", input_, ")")) : std::nullopt;
    }
    if (!is_ordered()) return Comparison("==", item);
    if (!item.empty() && (item.front() == '[' || item.front() == '(')) return ReadRange(item);
    for (const absl::string_view relation : {">=", "<=", ">", "<"}) {
      absl::string_view bound = item;
      if (absl::ConsumePrefix(&bound, relation)) return Comparison(relation, bound);
    }
    return Comparison("==", item);
  }

  std::optional<std::string> ReadRange(absl::string_view item) const {
    const size_t dots = item.find(kRange);
    const char end = item.back();
    if (dots == absl::string_view::npos || (end != ']' && end != ')')) return std::nullopt;
    const absl::string_view first = item.substr(1, dots - 1);
    absl::string_view last = item.substr(dots + kRange.size());
    last.remove_suffix(1);
    const std::optional<std::string> from = Comparison(item.front() == '[' ? ">=" : ">", first);
    const std::optional<std::string> to = Comparison(end == ']' ? "<=" : "<", last);
    if (!from.has_value() || !to.has_value()) return std::nullopt;
    return absl::StrCat("(", *from, " && ", *to, ")");
  }

  std::optional<std::string> Comparison(absl::string_view relation,
                                        absl::string_view literal) const {
    const std::optional<std::string> right = Literal(absl::StripAsciiWhitespace(literal));
    if (!right.has_value()) return std::nullopt;
    return absl::StrCat("(", input_, ") ", relation, " ", *right);
  }

  std::optional<std::string> Literal(absl::string_view item) const {
    if (kind_ == KeyKind::kText) return TextLiteral(item);
    if (kind_ == KeyKind::kTimestamp) return TimeLiteral(item, zone_);
    return NumberLiteral(item, kind_);
  }

  const absl::string_view input_;
  const KeyKind kind_;
  const absl::TimeZone zone_;
};

}  // namespace

absl::string_view CellHint(KeyKind kind) {
  switch (kind) {
    case KeyKind::kText:
      return "write gold, gold | silver, or not gold";
    case KeyKind::kBool:
      return "write true or false";
    case KeyKind::kTimestamp:
      return "write >= 2026-11-01, or [2026-11-01..2026-12-01) for a range";
    default:
      return "write 18, >= 18, or [18..65) for a range";
  }
}

absl::StatusOr<std::string> CellCondition(absl::string_view cell, absl::string_view input,
                                          KeyKind kind, absl::TimeZone zone) {
  return CellReader(input, kind, zone).Read(absl::StripAsciiWhitespace(cell));
}

}  // namespace touchstone::rules
