#pragma once

// What the checks of verify.h share: walks over the rows of a family, and what is found in them.
//
// Thread safety: for one thread. Lifetime: database and report must outlive it.
// Errors: Unavailable when the device refuses; damage ends the walk and is a finding.

#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "store/database.h"
#include "store/verify.h"

namespace touchstone::store {

template <typename Message>
bool Parses(absl::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

class RowWalk {
 public:
  RowWalk(const Database& database, VerifyReport* report) : database_(database), report_(*report) {}

  const Database& database() const { return database_; }
  VerifyReport& report() { return report_; }

  void Found(Fault fault, std::string place) { report_.Add(fault, std::move(place)); }
  void DamagedRow(Family family, absl::string_view of) {
    Found(Fault::kDamagedRow, absl::StrCat(FamilyName(family), of.empty() ? "" : ": ", of));
  }

  // Every row whose key begins with `prefix`, in order, until `visit` gives an error.
  using Visit = absl::FunctionRef<absl::Status(absl::string_view key, absl::string_view value)>;
  absl::Status ForEach(Family family, absl::string_view prefix, Visit visit) {
    Database::PrefixIterator rows = database_.Iterate(family, std::string(prefix), prefix);
    for (; rows.Valid(); rows.Next()) {
      absl::Status status = visit(rows.key(), rows.value());
      if (!status.ok()) return Told(family, std::move(status));
    }
    return Told(family, rows.status());
  }

  // What a read gave: damage becomes a finding, and is OK then.
  absl::Status Told(Family family, absl::Status status) {
    if (status.ok() || !absl::IsDataLoss(status)) return status;
    Found(Fault::kDamagedTable, absl::StrCat(FamilyName(family), ": ", status.message()));
    return absl::OkStatus();
  }

 private:
  const Database& database_;
  VerifyReport& report_;
};

}  // namespace touchstone::store
