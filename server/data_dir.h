#pragma once

// Where the parts of a data folder are. Thread safety: pure functions.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "store/backup.h"

namespace touchstone::server {

// Relative to the folder.
inline constexpr const char* kStorePart = store::kStoreFolder;
inline constexpr char kReceiptsPart[] = "receipts";
inline constexpr char kTokenKeyPart[] = "token.key";

inline std::string PathIn(absl::string_view data_dir, absl::string_view part) {
  return absl::StrCat(data_dir, "/", part);
}

}  // namespace touchstone::server
