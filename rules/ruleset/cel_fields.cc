#include "rules/ruleset/cel_fields.h"

#include <algorithm>
#include <iterator>

namespace touchstone::rules {
namespace {

constexpr absl::string_view kCelFields[] = {
    "touchstone.v1.Aggregate.closed_when",
    "touchstone.v1.Aggregate.decayed",
    "touchstone.v1.Aggregate.distinct",
    "touchstone.v1.Aggregate.first",
    "touchstone.v1.Aggregate.last",
    "touchstone.v1.Aggregate.max",
    "touchstone.v1.Aggregate.min",
    "touchstone.v1.Aggregate.oldest_open",
    "touchstone.v1.Aggregate.open",
    "touchstone.v1.Aggregate.sum",
    "touchstone.v1.Aggregate.top",
    "touchstone.v1.Aggregate.where",
    "touchstone.v1.Audience.when",
    "touchstone.v1.Benefit.lines",
    "touchstone.v1.ComputedAttribute.is",
    "touchstone.v1.DecisionTable.InputsEntry.value",
    "touchstone.v1.Limit.at_most",
    "touchstone.v1.Offer.eligible",
    "touchstone.v1.Offer.requires_condition",
    "touchstone.v1.Offer.value",
    "touchstone.v1.Pricing.never_discount",
    "touchstone.v1.Segment.when",
    "touchstone.v1.SetPart.lines",
    "touchstone.v1.SuppressRule.when",
};

}  // namespace

absl::Span<const absl::string_view> CelFields() { return kCelFields; }

bool IsCelField(absl::string_view full_field_name) {
  return std::binary_search(std::begin(kCelFields), std::end(kCelFields), full_field_name);
}

}  // namespace touchstone::rules
