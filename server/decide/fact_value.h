#pragma once

// Typed values of facts from the two places where they are kept: the customer's record and the
// request.
//
// Thread safety: pure functions. Lifetime: strings of the result point into the source, lists and
// records into `memory`. Cost: nothing allocates once `memory` has grown.

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "rules/expr/arena.h"
#include "rules/expr/value.h"
#include "rules/facts/schema.h"
#include "store/record.h"
#include "touchstone/v1/attribute_value.pb.h"

namespace touchstone::server {

// A field of a declared record and where it stands in a record value.
struct RecordFieldSlot {
  uint32_t id = 0;  // StableId of its name
  uint32_t position = 0;
  rules::expr::TypeKind kind = rules::expr::TypeKind::kDyn;
};
// The fields of a list(record) attribute, ascending by id as they are stored; empty for others.
std::vector<RecordFieldSlot> RecordFieldSlots(const rules::expr::Type& type);

// Nothing when the value is not of the declared type: the attribute had another one when it was
// stored. `fields` of list(record).
std::optional<rules::expr::Value> FromStored(const store::ValueView& stored,
                                             const rules::expr::Type& type,
                                             absl::Span<const RecordFieldSlot> fields,
                                             rules::expr::Arena& memory);

// InvalidArgument with a sentence that says what would be right. A value without a kind is absent.
absl::StatusOr<rules::expr::Value> FromRequest(const v1::AttributeValue& given,
                                               const rules::AttributeSpec& spec,
                                               rules::expr::Arena& memory);

// The reverse, for explanations; without a kind for absent values and errors. Records lose nothing
// but their names when `type` is not theirs.
v1::AttributeValue ToAttributeValue(const rules::expr::Value& value, const rules::expr::Type& type);

}  // namespace touchstone::server
