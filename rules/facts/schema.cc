#include "rules/facts/schema.h"

#include "absl/strings/str_cat.h"

namespace touchstone::rules {

uint32_t StableId(absl::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 16777619u;
  }
  return hash;
}

uint32_t AggregateId(absl::string_view name, absl::string_view declaration) {
  return StableId(absl::StrCat(name, "\n", declaration));
}

AttributeSpec AsAttribute(const AggregateSpec& aggregate) {
  AttributeSpec attribute;
  attribute.name = aggregate.name;
  attribute.declared_type = aggregate.type.ToString();
  attribute.type = aggregate.type;
  if (aggregate.k > 0) attribute.max_elements = aggregate.k;
  return attribute;
}

bool IsCount(AggregateFunction function) {
  return function == AggregateFunction::kCount || function == AggregateFunction::kDistinct ||
         function == AggregateFunction::kOpen;
}

AggregateForm FormOf(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kCount:
    case AggregateFunction::kSum:
    case AggregateFunction::kDecayed:
      return AggregateForm::kBuckets;
    case AggregateFunction::kDistinct:
      return AggregateForm::kDistinct;
    default:
      return AggregateForm::kCells;
  }
}

}  // namespace touchstone::rules
