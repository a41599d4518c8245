#include "rules/expr/type.h"

#include "absl/strings/str_cat.h"

namespace touchstone::rules::expr {

struct Type::Structure {
  std::string name;
  std::vector<Type> params;
  std::vector<Field> fields;
};

Type Type::List(Type element) {
  Type type(TypeKind::kList);
  type.structure_ = std::make_shared<const Structure>(Structure{"", {std::move(element)}, {}});
  return type;
}

Type Type::Map(Type key, Type value) {
  Type type(TypeKind::kMap);
  type.structure_ =
      std::make_shared<const Structure>(Structure{"", {std::move(key), std::move(value)}, {}});
  return type;
}

Type Type::Wrapper(Type primitive) {
  Type type(TypeKind::kWrapper);
  type.structure_ = std::make_shared<const Structure>(Structure{"", {std::move(primitive)}, {}});
  return type;
}

Type Type::Optional(Type value) {
  Type type(TypeKind::kOptional);
  type.structure_ = std::make_shared<const Structure>(Structure{"", {std::move(value)}, {}});
  return type;
}

Type Type::TypeOf(Type denoted) {
  Type type(TypeKind::kType);
  type.structure_ = std::make_shared<const Structure>(Structure{"", {std::move(denoted)}, {}});
  return type;
}

Type Type::Param(absl::string_view name) {
  Type type(TypeKind::kParam);
  type.structure_ = std::make_shared<const Structure>(Structure{std::string(name), {}, {}});
  return type;
}

Type Type::Record(absl::string_view name, std::vector<Field> fields) {
  Type type(TypeKind::kRecord);
  type.structure_ =
      std::make_shared<const Structure>(Structure{std::string(name), {}, std::move(fields)});
  return type;
}

const Type& Type::param(size_t i) const {
  static const Type& dyn = *new Type(TypeKind::kDyn);
  if (structure_ == nullptr || i >= structure_->params.size()) return dyn;
  return structure_->params[i];
}

absl::string_view Type::name() const {
  return structure_ == nullptr ? absl::string_view() : absl::string_view(structure_->name);
}

const std::vector<Type::Field>& Type::fields() const {
  static const auto& none = *new std::vector<Field>();
  return structure_ == nullptr ? none : structure_->fields;
}

int Type::FieldIndex(absl::string_view field) const {
  const std::vector<Field>& all = fields();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == field) return static_cast<int>(i);
  }
  return -1;
}

absl::string_view Type::RunTimeName() const {
  switch (kind_) {
    case TypeKind::kError:
      return "error";
    case TypeKind::kDyn:
      return "dyn";
    case TypeKind::kNull:
      return "null_type";
    case TypeKind::kBool:
      return "bool";
    case TypeKind::kInt:
      return "int";
    case TypeKind::kUint:
      return "uint";
    case TypeKind::kDouble:
      return "double";
    case TypeKind::kString:
      return "string";
    case TypeKind::kBytes:
      return "bytes";
    case TypeKind::kTimestamp:
      return "google.protobuf.Timestamp";
    case TypeKind::kDuration:
      return "google.protobuf.Duration";
    case TypeKind::kMoney:
      return "money";
    case TypeKind::kDecimal:
      return "decimal";
    case TypeKind::kList:
      return "list";
    case TypeKind::kMap:
      return "map";
    case TypeKind::kWrapper:
      return "wrapper";
    case TypeKind::kOptional:
      return "optional_type";
    case TypeKind::kType:
      return "type";
    case TypeKind::kRecord:
      return name().empty() ? "record" : name();
    case TypeKind::kParam:
      return name();
  }
  return "error";
}

std::string Type::ToString() const {
  switch (kind_) {
    case TypeKind::kTimestamp:
      return "timestamp";
    case TypeKind::kDuration:
      return "duration";
    case TypeKind::kList:
    case TypeKind::kWrapper:
    case TypeKind::kOptional:
      return absl::StrCat(RunTimeName(), "(", param(0).ToString(), ")");
    case TypeKind::kMap:
      return absl::StrCat("map(", param(0).ToString(), ", ", param(1).ToString(), ")");
    case TypeKind::kRecord:
      return absl::StrCat("record(", name(), ")");
    case TypeKind::kParam:
      return absl::StrCat("param:", name());
    default:
      return std::string(RunTimeName());
  }
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_) return false;
  if (a.structure_ == b.structure_) return true;
  if (a.structure_ == nullptr || b.structure_ == nullptr) return false;
  const Type::Structure& x = *a.structure_;
  const Type::Structure& y = *b.structure_;
  if (x.name != y.name || x.params != y.params || x.fields.size() != y.fields.size()) return false;
  for (size_t i = 0; i < x.fields.size(); ++i) {
    if (x.fields[i].name != y.fields[i].name || x.fields[i].type != y.fields[i].type) return false;
  }
  return true;
}

}  // namespace touchstone::rules::expr
