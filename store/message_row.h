#pragma once

// Rows that hold one message each, read by key. Internal to the store.
//
// Thread safety: as Database. Errors: as Database; DataLoss for a row that is no such message.
// Cost: blocks.

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "store/database.h"

namespace touchstone::store {

template <typename Message>
absl::Status ParseRow(Family family, absl::string_view bytes, Message* message) {
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(FamilyName(family), ": malformed row"));
}

template <typename Message>
absl::StatusOr<std::optional<Message>> ReadIfThere(const Database& database, Family family,
                                                   absl::string_view key) {
  const absl::StatusOr<std::optional<std::string>> row = database.GetCopy(family, key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::nullopt;
  Message message;
  if (absl::Status status = ParseRow(family, **row, &message); !status.ok()) return status;
  return message;
}

}  // namespace touchstone::store
