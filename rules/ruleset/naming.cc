#include "rules/ruleset/naming.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rules/expr/nearest_name.h"

namespace touchstone::rules {
namespace {

constexpr size_t kMostListed = 8;

bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }
bool IsLetterOrDigit(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }

}  // namespace

bool IsSchemaName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  if (!absl::ascii_islower(static_cast<unsigned char>(name[0]))) return false;
  for (const char c : name) {
    if (!absl::ascii_islower(static_cast<unsigned char>(c)) &&
        !absl::ascii_isdigit(static_cast<unsigned char>(c)) && c != '_') {
      return false;
    }
  }
  return name != "in" && name != "true" && name != "false" && name != "null";
}

bool IsId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxNameBytes) return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-'; });
}

bool IsLocale(absl::string_view tag) {
  bool first = true;
  for (const absl::string_view part : absl::StrSplit(tag, '-')) {
    const bool fits = first
                          ? part.size() >= 2 && std::all_of(part.begin(), part.end(), IsLetter)
                          : !part.empty() && std::all_of(part.begin(), part.end(), IsLetterOrDigit);
    if (!fits || part.size() > 8) return false;
    first = false;
  }
  return true;
}

std::string HintFor(absl::string_view name, const std::vector<std::string>& known) {
  const std::vector<absl::string_view> names(known.begin(), known.end());
  const std::optional<std::string> nearest = expr::NearestName(name, names);
  if (nearest) return absl::StrCat("did you mean `", *nearest, "`?");
  if (known.empty() || known.size() > kMostListed) return "";
  return absl::StrCat("there is ", absl::StrJoin(known, ", "));
}

}  // namespace touchstone::rules
