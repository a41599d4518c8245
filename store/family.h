#pragma once

// The column families of a store. Thread safety: pure functions.

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace touchstone::store {

enum class Family : uint8_t {
  kCustomers,
  kIdentities,
  kEvents,
  kLedger,
  kSales,
  kRevisions,
  kReference,
  kAudit,
  kMeta,
};
inline constexpr size_t kFamilyCount = 9;
absl::string_view FamilyName(Family family);

}  // namespace touchstone::store
