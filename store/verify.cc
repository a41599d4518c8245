#include "store/verify.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/receipt_segment.h"
#include "store/record.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/storage/v1/state.pb.h"

namespace touchstone::store {
namespace {

constexpr std::array<absl::string_view, kFaults> kFaultNames = {
    "damaged_table", "damaged_row",   "lost_identity", "foreign_identity", "unlisted_event",
    "lost_event",    "lost_reversal", "lost_revision", "number_ahead",     "damaged_receipts"};

void Report(Fault fault, std::string place, VerifyReport* report) {
  ++report->faults;
  if (report->findings.size() < VerifyReport::kMaxFindings) {
    report->findings.push_back({fault, std::move(place)});
  }
}

template <typename Message>
bool Parses(absl::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

class StoreVerifier {
 public:
  StoreVerifier(const Database& database, VerifyProgress progress, VerifyReport* report)
      : database_(database), progress_(progress), report_(*report) {}

  absl::Status Run() {
    for (const auto step :
         {&StoreVerifier::Tables, &StoreVerifier::Customers, &StoreVerifier::Households,
          &StoreVerifier::Identities, &StoreVerifier::Events, &StoreVerifier::KnownEvents,
          &StoreVerifier::Reversals, &StoreVerifier::Outcomes, &StoreVerifier::Revisions,
          &StoreVerifier::Snapshots, &StoreVerifier::Audit}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  using Visit = absl::FunctionRef<absl::Status(absl::string_view key, absl::string_view value)>;

  void Found(Fault fault, std::string place) { Report(fault, std::move(place), &report_); }
  void DamagedRow(Family family, absl::string_view of) {
    Found(Fault::kDamagedRow, absl::StrCat(FamilyName(family), of.empty() ? "" : ": ", of));
  }

  // Damage ends the walk and is a finding; a device that refuses is the caller's.
  absl::Status ForEach(Family family, absl::string_view prefix, Visit visit) {
    Database::PrefixIterator rows = database_.Iterate(family, std::string(prefix), prefix);
    for (; rows.Valid(); rows.Next()) {
      absl::Status status = visit(rows.key(), rows.value());
      if (!status.ok()) return Told(family, std::move(status));
    }
    return Told(family, rows.status());
  }

  absl::Status Told(Family family, absl::Status status) {
    if (status.ok() || !absl::IsDataLoss(status)) return status;
    Found(Fault::kDamagedTable, absl::StrCat(FamilyName(family), ": ", status.message()));
    return absl::OkStatus();
  }

  absl::Status Tables() {
    progress_("tables");
    absl::Status status = ToStatus("tables", database_.rocks()->VerifyChecksum());
    if (!absl::IsDataLoss(status)) return status;
    Found(Fault::kDamagedTable, std::string(status.message()));
    return absl::OkStatus();
  }

  absl::Status Customers() {
    progress_("customers");
    const char prefix = static_cast<char>(RecordKind::kCustomer);
    return ForEach(Family::kCustomers, absl::string_view(&prefix, 1),
                   [this](absl::string_view key, absl::string_view value) {
                     ++report_.customers;
                     return Customer(key.substr(1), value);
                   });
  }

  absl::Status Customer(absl::string_view id, absl::string_view bytes) {
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
    if (!record.ok() || !IsValidId(id)) {
      DamagedRow(Family::kCustomers, id);
      return absl::OkStatus();
    }
    for (size_t i = 0; i < record->identities().size(); ++i) {
      const absl::StatusOr<std::optional<std::string>> holder =
          database_.GetCopy(Family::kIdentities, record->identities()[i]);
      if (!holder.ok()) return holder.status();
      if (*holder != id) {
        Found(Fault::kForeignIdentity, absl::StrCat("customers/", id, ", identity ", i + 1));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Households() {
    const char prefix = static_cast<char>(RecordKind::kHousehold);
    return ForEach(Family::kCustomers, absl::string_view(&prefix, 1),
                   [this](absl::string_view key, absl::string_view value) {
                     ++report_.households;
                     if (!RecordView::Parse(value).ok()) {
                       DamagedRow(Family::kCustomers, key.substr(1));
                     }
                     return absl::OkStatus();
                   });
  }

  absl::Status Identities() {
    progress_("identities");
    return ForEach(Family::kIdentities, "", [this](absl::string_view key, absl::string_view value) {
      ++report_.identities;
      return Identity(key, value);
    });
  }

  absl::Status Identity(absl::string_view identity, absl::string_view customer_id) {
    const absl::StatusOr<std::optional<std::string>> bytes = database_.GetCopy(
        Family::kCustomers, RecordRow(static_cast<char>(RecordKind::kCustomer), customer_id));
    if (!bytes.ok()) return bytes.status();
    bool is_held = false;
    if (bytes->has_value()) {
      const absl::StatusOr<RecordView> record = RecordView::Parse(**bytes);
      if (!record.ok()) return absl::OkStatus();  // told when customers were read
      for (size_t i = 0; i < record->identities().size() && !is_held; ++i) {
        is_held = record->identities()[i] == identity;
      }
    }
    // The identity itself is personal.
    if (!is_held) Found(Fault::kLostIdentity, absl::StrCat("of customers/", customer_id));
    return absl::OkStatus();
  }

  absl::Status Events() {
    progress_("events");
    return ForEach(Family::kEvents, "e", [this](absl::string_view key, absl::string_view value) {
      ++report_.events;
      const std::optional<JournalKey> parts = ParseJournalKey(key);
      storage::StoredEvent event;
      if (!parts.has_value() || !Parses(value, &event) || event.event_id() != parts->id) {
        DamagedRow(Family::kEvents, parts.has_value() ? parts->customer_id : "");
        return absl::OkStatus();
      }
      return CheckSeen(EventSeenRow(parts->customer_id, parts->id), *parts);
    });
  }

  // Whether the row that makes a thing happen once speaks of this one.
  absl::Status CheckSeen(absl::string_view seen_row, const JournalKey& parts) {
    const absl::StatusOr<std::optional<std::string>> time =
        database_.GetCopy(Family::kEvents, seen_row);
    if (!time.ok()) return time.status();
    if (*time != parts.time) {
      Found(Fault::kUnlistedEvent, absl::StrCat("of customers/", parts.customer_id));
    }
    return absl::OkStatus();
  }

  absl::Status KnownEvents() {
    return ForEach(Family::kEvents, "E", [this](absl::string_view key, absl::string_view value) {
      const size_t end = key.find('\0');
      if (end == absl::string_view::npos || value.size() != sizeof(uint64_t)) {
        DamagedRow(Family::kEvents, "");
        return absl::OkStatus();
      }
      const absl::string_view customer_id = key.substr(1, end - 1);
      const std::string row =
          absl::StrCat(JournalPrefix(Journal::kEvents, customer_id), value, key.substr(end + 1));
      return CheckKept(row, customer_id);
    });
  }

  absl::Status CheckKept(absl::string_view row, absl::string_view customer_id) {
    const absl::StatusOr<bool> kept = database_.Contains(Family::kEvents, row);
    if (!kept.ok()) return kept.status();
    if (!*kept) Found(Fault::kLostEvent, absl::StrCat("of customers/", customer_id));
    return absl::OkStatus();
  }

  absl::Status Reversals() {
    return ForEach(Family::kEvents, "R", [this](absl::string_view key, absl::string_view value) {
      const absl::string_view customer_id = key.substr(1, key.find('\0') - 1);
      const absl::StatusOr<bool> known =
          database_.Contains(Family::kEvents, EventSeenRow(customer_id, value));
      if (!known.ok()) return known.status();
      if (!*known) Found(Fault::kLostReversal, absl::StrCat("of customers/", customer_id));
      return absl::OkStatus();
    });
  }

  // An outcome's own row does not say whose it is, so that lost ones are told by their number.
  absl::Status Outcomes() {
    progress_("outcomes");
    absl::Status status =
        ForEach(Family::kEvents, "o", [this](absl::string_view key, absl::string_view value) {
          ++report_.outcomes;
          const std::optional<JournalKey> parts = ParseJournalKey(key);
          storage::StoredOutcome outcome;
          if (!parts.has_value() || !Parses(value, &outcome)) {
            DamagedRow(Family::kEvents, "");
            return absl::OkStatus();
          }
          return CheckSeen(OutcomeSeenRow(parts->id), *parts);
        });
    if (!status.ok()) return status;
    uint64_t known = 0;
    status = ForEach(Family::kEvents, "O", [&known](absl::string_view, absl::string_view) {
      ++known;
      return absl::OkStatus();
    });
    for (uint64_t lost = report_.outcomes; lost < known; ++lost) {
      Found(Fault::kLostEvent, "an outcome");
    }
    return status;
  }

  absl::Status Revisions() {
    progress_("revisions");
    const uint64_t last = database_.progress().last_revision();
    absl::Status status =
        ForEach(Family::kRevisions, absl::string_view(&kRevisionInfoPrefix, 1),
                [this, last](absl::string_view key, absl::string_view value) {
                  ++report_.revisions;
                  storage::RevisionInfo info;
                  if (key.size() != 1 + sizeof(uint64_t) || !Parses(value, &info)) {
                    DamagedRow(Family::kRevisions, "");
                    return absl::OkStatus();
                  }
                  const uint64_t number = ReadOrdered(key.data() + 1);
                  if (number > last) Found(Fault::kNumberAhead, absl::StrCat("revisions/", number));
                  const absl::StatusOr<bool> kept =
                      database_.Contains(Family::kRevisions, NumberRow(kRuleSetPrefix, number));
                  if (!kept.ok()) return kept.status();
                  if (!*kept) Found(Fault::kLostRevision, absl::StrCat("revisions/", number));
                  return absl::OkStatus();
                });
    return status.ok() ? ActiveRevision() : status;
  }

  absl::Status ActiveRevision() {
    const absl::StatusOr<std::optional<std::string>> row =
        database_.GetCopy(Family::kMeta, kActiveRevisionRow);
    if (!row.ok()) return Told(Family::kMeta, row.status());
    if (!row->has_value()) return absl::OkStatus();
    storage::ActiveRevision active;
    if (!Parses(**row, &active)) {
      DamagedRow(Family::kMeta, kActiveRevisionRow);
      return absl::OkStatus();
    }
    const absl::StatusOr<bool> kept =
        database_.Contains(Family::kRevisions, NumberRow(kRevisionInfoPrefix, active.revision()));
    if (!kept.ok()) return kept.status();
    if (!*kept) {
      Found(Fault::kLostRevision,
            absl::StrCat("revisions/", active.revision(), ", the active one"));
    }
    return absl::OkStatus();
  }

  absl::Status Snapshots() {
    progress_("reference");
    const uint64_t last = database_.progress().last_reference_version();
    return ForEach(Family::kReference, "", [&](absl::string_view key, absl::string_view) {
      ++report_.snapshots;
      const size_t end = key.find('\0');
      if (end == absl::string_view::npos || key.size() != end + 1 + sizeof(uint64_t)) {
        DamagedRow(Family::kReference, "");
      } else if (ReadOrdered(key.data() + end + 1) > last) {
        Found(Fault::kNumberAhead, absl::StrCat("reference table ", key.substr(0, end)));
      }
      return absl::OkStatus();
    });
  }

  absl::Status Audit() {
    progress_("audit");
    const uint64_t last = database_.progress().position();
    return ForEach(Family::kAudit, absl::string_view(&kAuditPrefix, 1),
                   [&](absl::string_view key, absl::string_view value) {
                     ++report_.audit_records;
                     storage::AuditRecord record;
                     if (key.size() != 1 + sizeof(uint64_t) || !Parses(value, &record)) {
                       DamagedRow(Family::kAudit, "");
                     } else if (const uint64_t position = ReadOrdered(key.data() + 1);
                                position > last) {
                       Found(Fault::kNumberAhead, absl::StrCat("audit record ", position));
                     }
                     return absl::OkStatus();
                   });
  }

  const Database& database_;
  VerifyProgress progress_;
  VerifyReport& report_;
};

}  // namespace

absl::string_view FaultName(Fault fault) { return kFaultNames[static_cast<size_t>(fault)]; }

absl::StatusOr<VerifyReport> VerifyStore(const Store& store, VerifyProgress progress) {
  VerifyReport report;
  absl::Status status = StoreVerifier(store.database(), progress, &report).Run();
  if (!status.ok()) return status;
  return report;
}

absl::Status VerifyReceipts(const std::string& directory,
                            const std::shared_ptr<rocksdb::FileSystem>& file_system,
                            VerifyProgress progress, VerifyReport* report) {
  progress("receipts");
  const std::shared_ptr<rocksdb::FileSystem> files =
      file_system != nullptr ? file_system : rocksdb::FileSystem::Default();
  if (files->FileExists(directory, rocksdb::IOOptions(), nullptr).IsNotFound()) {
    return absl::OkStatus();  // nothing was ever decided
  }
  const SegmentDirectory segments{files.get(), directory};
  const absl::StatusOr<std::vector<uint64_t>> numbers = segments.List();
  if (!numbers.ok()) return numbers.status();
  for (const uint64_t number : *numbers) {
    const absl::StatusOr<uint64_t> good =
        ReadFrames(segments, number, [report](uint64_t, const Frame&) {
          ++report->receipts;
          return true;
        });
    uint64_t bytes = 0;
    absl::Status sized = ToStatus(
        "receipts",
        files->GetFileSize(segments.SegmentPath(number), rocksdb::IOOptions(), &bytes, nullptr));
    if (!sized.ok()) return sized;
    if (good.ok() && *good >= bytes) continue;
    if (!good.ok() && !absl::IsDataLoss(good.status())) return good.status();
    if (good.ok() && number == numbers->back()) continue;
    Report(Fault::kDamagedReceipts, absl::StrCat("segment ", number), report);
  }
  return absl::OkStatus();
}

}  // namespace touchstone::store
