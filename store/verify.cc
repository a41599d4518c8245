#include "store/verify.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/links.h"
#include "store/receipt_segment.h"
#include "store/record.h"
#include "store/row_walk.h"
#include "store/verify_grants.h"
#include "store/verify_ledger.h"
#include "store/verify_meta.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/storage/v1/state.pb.h"

namespace touchstone::store {
namespace {

constexpr std::array<absl::string_view, kFaults> kFaultNames = {
    "damaged_table",    "damaged_row",       "lost_identity",
    "foreign_identity", "lost_member",       "foreign_household",
    "lost_record",      "lost_merge",        "revived_customer",
    "lost_survivor",    "unlisted_event",    "lost_event",
    "lost_reversal",    "lost_revision",     "number_ahead",
    "damaged_receipts", "aggregate_differs", "unlisted_reservation",
    "lost_reservation", "sold_reservation",  "unlisted_sale",
    "lost_sale",        "budget_differs",    "unlisted_code",
    "lost_code",        "code_differs",      "grant_differs"};

class StoreVerifier {
 public:
  StoreVerifier(const Database& database, VerifyProgress progress, VerifyReport* report)
      : rows_(database, report), database_(database), progress_(progress), report_(*report) {}

  absl::Status Run() {
    for (const auto step :
         {&StoreVerifier::Tables, &StoreVerifier::Customers, &StoreVerifier::Households,
          &StoreVerifier::Members, &StoreVerifier::Identities, &StoreVerifier::Events,
          &StoreVerifier::KnownEvents, &StoreVerifier::Reversals, &StoreVerifier::Outcomes,
          &StoreVerifier::Ledger, &StoreVerifier::Revisions, &StoreVerifier::Snapshots,
          &StoreVerifier::Audit, &StoreVerifier::Meta}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Tables() {
    progress_("tables");
    absl::Status status = ToStatus("tables", database_.rocks()->VerifyChecksum());
    if (!absl::IsDataLoss(status)) return status;
    rows_.Found(Fault::kDamagedTable, std::string(status.message()));
    return absl::OkStatus();
  }

  absl::Status Customers() {
    progress_("customers");
    return rows_.ForEach(Family::kCustomers, absl::string_view(&kCustomer, 1),
                         [this](absl::string_view key, absl::string_view value) {
                           ++report_.customers;
                           return Customer(key.substr(1), value);
                         });
  }

  absl::Status Customer(absl::string_view id, absl::string_view bytes) {
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
    if (!record.ok() || !IsValidId(id)) {
      rows_.DamagedRow(Family::kCustomers, id);
      return absl::OkStatus();
    }
    for (size_t i = 0; i < record->identities().size(); ++i) {
      const absl::StatusOr<std::optional<std::string>> holder =
          database_.GetCopy(Family::kIdentities, record->identities()[i]);
      if (!holder.ok()) return holder.status();
      if (*holder != id) {
        rows_.Found(Fault::kForeignIdentity, absl::StrCat("customers/", id, ", identity ", i + 1));
      }
    }
    absl::Status status = VerifyShownGrants(id, *record, &rows_);
    return status.ok() ? HouseholdOf(id, record->household()) : status;
  }

  // Whether there is a record that says so. One that cannot be read is told where its kind is read,
  // and is taken to.
  absl::StatusOr<bool> RecordSays(char kind, absl::string_view id,
                                  absl::FunctionRef<bool(const RecordView&)> says) {
    const absl::StatusOr<std::optional<std::string>> bytes =
        database_.GetCopy(Family::kCustomers, RecordRow(kind, id));
    if (!bytes.ok()) return bytes.status();
    if (!bytes->has_value()) return false;
    const absl::StatusOr<RecordView> record = RecordView::Parse(**bytes);
    return !record.ok() || says(*record);
  }

  // The household that a customer names, if any, knows her.
  absl::Status HouseholdOf(absl::string_view id, absl::string_view household_id) {
    if (household_id.empty()) return absl::OkStatus();
    const absl::StatusOr<bool> is_member =
        RecordSays(kMembers, household_id,
                   [id](const RecordView& record) { return record.members().Contains(id); });
    if (!is_member.ok()) return is_member.status();
    if (!*is_member) rows_.Found(Fault::kForeignHousehold, absl::StrCat("customers/", id));
    return absl::OkStatus();
  }

  absl::Status Households() {
    return rows_.ForEach(Family::kCustomers, absl::string_view(&kHousehold, 1),
                         [this](absl::string_view key, absl::string_view value) {
                           ++report_.households;
                           if (!RecordView::Parse(value).ok()) {
                             rows_.DamagedRow(Family::kCustomers, key.substr(1));
                           }
                           return absl::OkStatus();
                         });
  }

  absl::Status Members() {
    return rows_.ForEach(Family::kCustomers, absl::string_view(&kMembers, 1),
                         [this](absl::string_view key, absl::string_view value) {
                           return MembersOf(key.substr(1), value);
                         });
  }

  // A household goes with the last of its members.
  absl::Status MembersOf(absl::string_view household_id, absl::string_view bytes) {
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
    if (!record.ok() || record->members().empty() || !IsValidId(household_id)) {
      rows_.DamagedRow(Family::kCustomers, household_id);
      return absl::OkStatus();
    }
    const std::string place = absl::StrCat("households/", household_id);
    const absl::StatusOr<bool> exists =
        database_.Contains(Family::kCustomers, RecordRow(kHousehold, household_id));
    if (!exists.ok()) return exists.status();
    if (!*exists) rows_.Found(Fault::kLostRecord, place);
    for (size_t i = 0; i < record->members().size(); ++i) {
      const absl::StatusOr<bool> names_it = RecordSays(
          kCustomer, record->members()[i],
          [household_id](const RecordView& member) { return member.household() == household_id; });
      if (!names_it.ok()) return names_it.status();
      if (!*names_it) rows_.Found(Fault::kLostMember, absl::StrCat("of ", place));
    }
    return absl::OkStatus();
  }

  absl::Status Identities() {
    progress_("identities");
    return rows_.ForEach(Family::kIdentities, "",
                         [this](absl::string_view key, absl::string_view value) {
                           ++report_.identities;
                           return Identity(key, value);
                         });
  }

  absl::Status Identity(absl::string_view identity, absl::string_view customer_id) {
    const absl::StatusOr<bool> is_held = RecordSays(
        kCustomer, customer_id,
        [identity](const RecordView& record) { return record.identities().Contains(identity); });
    if (!is_held.ok()) return is_held.status();
    // The identity itself is personal.
    if (!*is_held) rows_.Found(Fault::kLostIdentity, absl::StrCat("of customers/", customer_id));
    return absl::OkStatus();
  }

  absl::Status Events() {
    progress_("events");
    return rows_.ForEach(
        Family::kEvents, "e", [this](absl::string_view key, absl::string_view value) {
          ++report_.events;
          const std::optional<JournalKey> parts = ParseJournalKey(key);
          storage::StoredEvent event;
          if (!parts.has_value() || !Parses(value, &event) || event.event_id() != parts->id) {
            rows_.DamagedRow(Family::kEvents, parts.has_value() ? parts->customer_id : "");
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
      rows_.Found(Fault::kUnlistedEvent, absl::StrCat("of customers/", parts.customer_id));
    }
    return absl::OkStatus();
  }

  absl::Status KnownEvents() {
    return rows_.ForEach(
        Family::kEvents, "E", [this](absl::string_view key, absl::string_view value) {
          const size_t end = key.find('\0');
          if (end == absl::string_view::npos || value.size() != sizeof(uint64_t)) {
            rows_.DamagedRow(Family::kEvents, "");
            return absl::OkStatus();
          }
          const absl::string_view customer_id = key.substr(1, end - 1);
          const std::string row = absl::StrCat(JournalPrefix(Journal::kEvents, customer_id), value,
                                               key.substr(end + 1));
          return CheckKept(row, customer_id);
        });
  }

  absl::Status CheckKept(absl::string_view row, absl::string_view customer_id) {
    const absl::StatusOr<bool> kept = database_.Contains(Family::kEvents, row);
    if (!kept.ok()) return kept.status();
    if (!*kept) rows_.Found(Fault::kLostEvent, absl::StrCat("of customers/", customer_id));
    return absl::OkStatus();
  }

  absl::Status Reversals() {
    return rows_.ForEach(
        Family::kEvents, "R", [this](absl::string_view key, absl::string_view value) {
          const absl::string_view customer_id = key.substr(1, key.find('\0') - 1);
          const absl::StatusOr<bool> known =
              database_.Contains(Family::kEvents, EventSeenRow(customer_id, value));
          if (!known.ok()) return known.status();
          if (!*known)
            rows_.Found(Fault::kLostReversal, absl::StrCat("of customers/", customer_id));
          return absl::OkStatus();
        });
  }

  // An outcome's own row does not say whose it is, so that lost ones are told by their number.
  absl::Status Outcomes() {
    progress_("outcomes");
    absl::Status status =
        rows_.ForEach(Family::kEvents, "o", [this](absl::string_view key, absl::string_view value) {
          ++report_.outcomes;
          const std::optional<JournalKey> parts = ParseJournalKey(key);
          storage::StoredOutcome outcome;
          if (!parts.has_value() || !Parses(value, &outcome)) {
            rows_.DamagedRow(Family::kEvents, "");
            return absl::OkStatus();
          }
          return CheckSeen(OutcomeSeenRow(parts->id), *parts);
        });
    if (!status.ok()) return status;
    uint64_t known = 0;
    status = rows_.ForEach(Family::kEvents, "O", [&known](absl::string_view, absl::string_view) {
      ++known;
      return absl::OkStatus();
    });
    for (uint64_t lost = report_.outcomes; lost < known; ++lost) {
      rows_.Found(Fault::kLostEvent, "an outcome");
    }
    return status;
  }

  absl::Status Revisions() {
    progress_("revisions");
    const uint64_t last = database_.progress().last_revision();
    absl::Status status =
        rows_.ForEach(Family::kRevisions, absl::string_view(&kRevisionInfoPrefix, 1),
                      [this, last](absl::string_view key, absl::string_view value) {
                        ++report_.revisions;
                        storage::RevisionInfo info;
                        if (key.size() != 1 + sizeof(uint64_t) || !Parses(value, &info)) {
                          rows_.DamagedRow(Family::kRevisions, "");
                          return absl::OkStatus();
                        }
                        const uint64_t number = ReadOrdered(key.data() + 1);
                        if (number > last)
                          rows_.Found(Fault::kNumberAhead, absl::StrCat("revisions/", number));
                        const absl::StatusOr<bool> kept = database_.Contains(
                            Family::kRevisions, NumberRow(kRuleSetPrefix, number));
                        if (!kept.ok()) return kept.status();
                        if (!*kept)
                          rows_.Found(Fault::kLostRevision, absl::StrCat("revisions/", number));
                        return absl::OkStatus();
                      });
    if (status.ok()) status = KeptTerms();
    return status.ok() ? ActiveRevision() : status;
  }

  absl::Status KeptTerms() {
    return rows_.ForEach(Family::kRevisions, absl::string_view(&kKeptTermsPrefix, 1),
                         [this](absl::string_view key, absl::string_view value) {
                           storage::KeptTerms terms;
                           const bool is_right =
                               Parses(value, &terms) && !terms.body().empty() &&
                               key ==
                                   KeptTermsRow(static_cast<uint32_t>(terms.offer()), terms.id());
                           if (!is_right) rows_.DamagedRow(Family::kRevisions, "terms");
                           return absl::OkStatus();
                         });
  }

  absl::Status ActiveRevision() {
    const absl::StatusOr<std::optional<std::string>> row =
        database_.GetCopy(Family::kMeta, kActiveRevisionRow);
    if (!row.ok()) return rows_.Told(Family::kMeta, row.status());
    if (!row->has_value()) return absl::OkStatus();
    storage::ActiveRevision active;
    if (!Parses(**row, &active)) {
      rows_.DamagedRow(Family::kMeta, kActiveRevisionRow);
      return absl::OkStatus();
    }
    const absl::StatusOr<bool> kept =
        database_.Contains(Family::kRevisions, NumberRow(kRevisionInfoPrefix, active.revision()));
    if (!kept.ok()) return kept.status();
    if (!*kept) {
      rows_.Found(Fault::kLostRevision,
                  absl::StrCat("revisions/", active.revision(), ", the active one"));
    }
    return absl::OkStatus();
  }

  absl::Status Snapshots() {
    progress_("reference");
    const uint64_t last = database_.progress().last_reference_version();
    return rows_.ForEach(Family::kReference, "", [&](absl::string_view key, absl::string_view) {
      ++report_.snapshots;
      const size_t end = key.find('\0');
      if (end == absl::string_view::npos || key.size() != end + 1 + sizeof(uint64_t)) {
        rows_.DamagedRow(Family::kReference, "");
      } else if (ReadOrdered(key.data() + end + 1) > last) {
        rows_.Found(Fault::kNumberAhead, absl::StrCat("reference table ", key.substr(0, end)));
      }
      return absl::OkStatus();
    });
  }

  absl::Status Ledger() {
    progress_("ledger");
    return VerifyLedger(&rows_);
  }

  absl::Status Meta() {
    progress_("meta");
    return VerifyMeta(&rows_);
  }

  absl::Status Audit() {
    progress_("audit");
    const uint64_t last = database_.progress().position();
    return rows_.ForEach(
        Family::kAudit, absl::string_view(&kAuditPrefix, 1),
        [&](absl::string_view key, absl::string_view value) {
          ++report_.audit_records;
          storage::AuditRecord record;
          if (key.size() != 1 + sizeof(uint64_t) || !Parses(value, &record)) {
            rows_.DamagedRow(Family::kAudit, "");
          } else if (const uint64_t position = ReadOrdered(key.data() + 1); position > last) {
            rows_.Found(Fault::kNumberAhead, absl::StrCat("audit record ", position));
          }
          return absl::OkStatus();
        });
  }

  RowWalk rows_;
  const Database& database_;
  VerifyProgress progress_;
  VerifyReport& report_;
};

}  // namespace

absl::string_view FaultName(Fault fault) { return kFaultNames[static_cast<size_t>(fault)]; }

void VerifyReport::Add(Fault fault, std::string place) {
  ++faults;
  if (findings.size() < kMaxFindings) findings.push_back({fault, std::move(place)});
}

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
    report->Add(Fault::kDamagedReceipts, absl::StrCat("segment ", number));
  }
  return absl::OkStatus();
}

}  // namespace touchstone::store
