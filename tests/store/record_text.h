#pragma once

// Everything that a record holds, as text: two records are the same if their texts are. Reads every
// value, so that a sanitizer notices a view that leaves its bytes.

#include <string>

#include "store/record.h"

namespace touchstone::store {

std::string RecordText(const RecordView& record);

}  // namespace touchstone::store
