#pragma once

// Adds contacts to a record without taking it apart: what decisions write, and what most reads of a
// record with pending patches merge.
//
// Thread safety: a pure function. Errors: none; what it does not do is left to RecordImage.
// Cost: one copy of the record, and a look at its contacts for each transaction of a patch.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::store {

// The bytes that ApplyPatches gives. nullopt when a patch is malformed or does anything but count
// changes and add contacts, when there is no record or it is malformed, and when contacts with
// limits are among them.
std::optional<std::string> SpliceContacts(absl::string_view record,
                                          absl::Span<const absl::string_view> patches);

}  // namespace touchstone::store
