#pragma once

// Changes of a customer's attributes: checked against the schema, then written into a record patch.
//
// Thread safety: pure functions. Cost: linear in the attributes.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/map.h"
#include "rules/expr/arena.h"
#include "rules/facts/schema.h"
#include "server/rpc/rpc_error.h"
#include "store/record_patch.h"
#include "store/value.h"
#include "touchstone/v1/attribute_value.pb.h"

namespace touchstone::server {

// Who says so and since when, kept with each attribute.
struct AttributeOrigin {
  uint16_t source = 0;   // SourceId
  uint32_t as_of_s = 0;  // seconds since the epoch; 0: not stated
};

// The record has two bytes for a source: a fingerprint of its name, 0 for none.
uint16_t SourceId(absl::string_view source);

using AttributeMap = google::protobuf::Map<std::string, v1::AttributeValue>;

// The specification of an attribute, by name; nullptr when it is not declared.
const rules::AttributeSpec* FindAttribute(const std::vector<rules::AttributeSpec>& specs,
                                          absl::string_view name);

// The form in which a record keeps it; nothing for kinds that no scalar has.
std::optional<store::Value> ScalarToStored(const rules::expr::Value& value, rules::ValueForm form);

// InvalidArgument with a sentence that says what would be right. REQUIRES: `given` has a kind.
absl::StatusOr<store::Value> ToStored(const v1::AttributeValue& given,
                                      const rules::AttributeSpec& spec, rules::expr::Arena& memory);

// A value without a kind clears its attribute. `field` is the path of the map in the request.
// Nothing of use is in the patch when a violation was added.
void PatchAttributes(const rules::Schema& schema, const AttributeMap& attributes,
                     const AttributeOrigin& origin, absl::string_view field,
                     store::RecordPatch* patch, std::vector<Violation>* violations);

}  // namespace touchstone::server
