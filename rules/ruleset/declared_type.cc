#include "rules/ruleset/declared_type.h"

namespace touchstone::rules {
namespace {

using expr::Type;
using expr::TypeKind;

constexpr unsigned kIn(TypePlace place) { return 1u << static_cast<unsigned>(place); }
constexpr unsigned kEverywhere = kIn(TypePlace::kAttribute) | kIn(TypePlace::kField) |
                                 kIn(TypePlace::kColumn) | kIn(TypePlace::kComputed);
constexpr unsigned kInColumns = kIn(TypePlace::kAttribute) | kIn(TypePlace::kColumn);
constexpr unsigned kInAttributes = kIn(TypePlace::kAttribute);

struct Entry {
  absl::string_view name;
  TypeKind kind;
  ValueForm form;
  bool is_list;
  unsigned places;
};

constexpr Entry kTypes[] = {
    {"bool", TypeKind::kBool, ValueForm::kPlain, false, kEverywhere},
    {"int", TypeKind::kInt, ValueForm::kPlain, false, kEverywhere},
    {"double", TypeKind::kDouble, ValueForm::kPlain, false, kEverywhere},
    {"string", TypeKind::kString, ValueForm::kPlain, false, kEverywhere},
    {"timestamp", TypeKind::kTimestamp, ValueForm::kPlain, false, kEverywhere},
    {"date", TypeKind::kTimestamp, ValueForm::kDate, false, kEverywhere},
    {"money", TypeKind::kMoney, ValueForm::kPlain, false, kEverywhere},
    {"decimal", TypeKind::kDecimal, ValueForm::kPlain, false, kEverywhere},
    {"enum", TypeKind::kString, ValueForm::kEnum, false, kInAttributes},
    {"timezone", TypeKind::kString, ValueForm::kTimezone, false, kInColumns},
    {"currency", TypeKind::kString, ValueForm::kCurrency, false, kInColumns},
    {"list(string)", TypeKind::kString, ValueForm::kPlain, true, kInColumns},
    {"list(int)", TypeKind::kInt, ValueForm::kPlain, true, kInColumns},
    {"list(record)", TypeKind::kDyn, ValueForm::kPlain, true, kInAttributes},
};

}  // namespace

std::optional<DeclaredType> FindDeclaredType(absl::string_view name, TypePlace place) {
  for (const Entry& entry : kTypes) {
    if (entry.name != name || (entry.places & kIn(place)) == 0) continue;
    DeclaredType found;
    found.type = entry.is_list ? Type::List(Type(entry.kind)) : Type(entry.kind);
    found.form = entry.form;
    found.is_list = entry.is_list;
    found.is_record_list = entry.kind == TypeKind::kDyn;
    return found;
  }
  return std::nullopt;
}

std::vector<std::string> DeclaredTypeNames(TypePlace place) {
  std::vector<std::string> names;
  for (const Entry& entry : kTypes) {
    if ((entry.places & kIn(place)) != 0) names.emplace_back(entry.name);
  }
  return names;
}

}  // namespace touchstone::rules
