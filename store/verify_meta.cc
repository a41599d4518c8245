#include "store/verify_meta.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "store/keys.h"
#include "store/links.h"
#include "store/merge.h"
#include "store/record.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/storage/v1/state.pb.h"

namespace touchstone::store {
namespace {

// "customers/anna"; the id is one.
std::string NameOf(char kind, absl::string_view id) {
  return absl::StrCat(kind == kHousehold ? "households/" : "customers/", id);
}

class MetaVerifier {
 public:
  explicit MetaVerifier(RowWalk* rows) : rows_(*rows), database_(rows->database()) {}

  absl::Status Run() {
    for (const auto step :
         {&MetaVerifier::Backfill, &MetaVerifier::DroppedEvents, &MetaVerifier::Waiting,
          &MetaVerifier::Survivors, &MetaVerifier::Merges, &MetaVerifier::Erasures,
          &MetaVerifier::ImportRuns, &MetaVerifier::PausedOffers, &MetaVerifier::Requests}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  using Row = std::optional<std::string>;

  void Damaged(absl::string_view of) { rows_.DamagedRow(Family::kMeta, of); }

  // Every row of a kind; `visit` gets its key without the letter of the kind.
  absl::Status ForEach(char kind, RowWalk::Visit visit) {
    return rows_.ForEach(Family::kMeta, absl::string_view(&kind, 1),
                         [&visit](absl::string_view key, absl::string_view value) {
                           return visit(key.substr(1), value);
                         });
  }

  absl::StatusOr<Row> Read(absl::string_view key) const {
    return database_.GetCopy(Family::kMeta, key);
  }

  // An aggregate is complete or is being filled. The ids are in no order that all writers keep.
  absl::Status Backfill() {
    const absl::StatusOr<Row> row = Read(kBackfillRow);
    if (!row.ok()) return rows_.Told(Family::kMeta, row.status());
    storage::Backfill backfill;
    bool is_good = !row->has_value() || Parses(**row, &backfill);
    absl::flat_hash_set<uint32_t> ids;
    for (const auto* list : {&backfill.complete(), &backfill.filling()}) {
      for (const uint32_t id : *list) is_good = ids.insert(id).second && is_good;
    }
    is_good = is_good && (backfill.through_id().empty() || IsValidId(backfill.through_id()));
    if (!is_good) Damaged(kBackfillRow);
    return absl::OkStatus();
  }

  absl::Status DroppedEvents() {
    const absl::StatusOr<Row> row = Read(kDroppedRow);
    if (!row.ok()) return rows_.Told(Family::kMeta, row.status());
    storage::DroppedEvents dropped;
    if (row->has_value() && !Parses(**row, &dropped)) Damaged(kDroppedRow);
    return absl::OkStatus();
  }

  // A record is marked by what changes it, and the mark goes with it.
  absl::Status Waiting() {
    return ForEach(kWaitingPrefix, [this](absl::string_view key, absl::string_view value) {
      ++rows_.report().waiting_records;
      const char kind = key.empty() ? '\0' : key[0];
      if ((kind != kCustomer && kind != kHousehold) || !IsValidId(key.substr(1)) ||
          !value.empty()) {
        Damaged("waiting record");
        return absl::OkStatus();
      }
      const absl::StatusOr<bool> exists = database_.Contains(Family::kCustomers, key);
      if (!exists.ok()) return exists.status();
      if (!*exists) rows_.Found(Fault::kLostRecord, NameOf(kind, key.substr(1)));
      return absl::OkStatus();
    });
  }

  // An erasure takes both rows of each merge into the erased customer with it, so that nobody leads
  // to one who is gone.
  absl::Status Survivors() {
    return ForEach(kSurvivorPrefix, [this](absl::string_view merged, absl::string_view surviving) {
      ++rows_.report().merged_customers;
      if (!IsValidId(merged) || !IsValidId(surviving)) {
        Damaged("merged customer");
        return absl::OkStatus();
      }
      const absl::StatusOr<bool> kept =
          database_.Contains(Family::kMeta, MergedRow(surviving, merged));
      if (!kept.ok()) return kept.status();
      if (!*kept) rows_.Found(Fault::kLostMerge, NameOf(kCustomer, merged));
      const absl::StatusOr<bool> exists =
          database_.Contains(Family::kCustomers, RecordRow(kCustomer, merged));
      if (!exists.ok()) return exists.status();
      if (*exists) rows_.Found(Fault::kRevivedCustomer, NameOf(kCustomer, merged));
      const absl::StatusOr<bool> ends = LeadsToACustomer(std::string(surviving));
      if (!ends.ok()) return ends.status();
      if (!*ends) {
        rows_.Found(Fault::kLostSurvivor, absl::StrCat("of ", NameOf(kCustomer, merged)));
      }
      return absl::OkStatus();
    });
  }

  absl::StatusOr<bool> LeadsToACustomer(std::string id) const {
    absl::flat_hash_set<std::string> passed;
    while (passed.insert(id).second) {
      absl::StatusOr<Row> next = Read(SurvivorRow(id));
      if (!next.ok()) return next.status();
      if (!next->has_value()) {
        return database_.Contains(Family::kCustomers, RecordRow(kCustomer, id));
      }
      id = **std::move(next);
    }
    return false;  // a circle
  }

  absl::Status Merges() {
    return ForEach(kMergedPrefix, [this](absl::string_view key, absl::string_view value) {
      const size_t end = key.find('\0');
      const absl::string_view surviving = key.substr(0, end);
      const absl::string_view merged =
          end == absl::string_view::npos ? absl::string_view() : key.substr(end + 1);
      storage::MergedCustomer undo;
      if (!IsValidId(surviving) || !IsValidId(merged) || !Parses(value, &undo) ||
          !RecordView::Parse(undo.surviving_record()).ok() ||
          !RecordView::Parse(undo.merged_record()).ok()) {
        Damaged("merge");
        return absl::OkStatus();
      }
      const absl::StatusOr<Row> survivor = Read(SurvivorRow(merged));
      if (!survivor.ok()) return survivor.status();
      if (*survivor != surviving) {
        rows_.Found(Fault::kLostMerge, absl::StrCat(NameOf(kCustomer, merged), " into ",
                                                    NameOf(kCustomer, surviving)));
      }
      return absl::OkStatus();
    });
  }

  // The customer may have come back meanwhile.
  absl::Status Erasures() {
    return ForEach(kErasurePrefix, [this](absl::string_view key, absl::string_view value) {
      ++rows_.report().pending_erasures;
      storage::PendingErasure erasure;
      if (!IsValidId(key) || !Parses(value, &erasure) || erasure.customer_id() != key) {
        Damaged("erasure");
      }
      return absl::OkStatus();
    });
  }

  absl::Status ImportRuns() {
    return ForEach(kImportRunPrefix, [this](absl::string_view key, absl::string_view value) {
      ++rows_.report().import_runs;
      storage::ImportRun run;
      if (key.size() <= sizeof(int64_t) || !Parses(value, &run) || !IsValidId(run.run_id()) ||
          run.run_id() != key.substr(sizeof(int64_t)) ||
          run.ended_time_us() != ReadOrderedSigned(key.data())) {
        Damaged("import run");
      }
      return absl::OkStatus();
    });
  }

  absl::Status PausedOffers() {
    return ForEach(kPausedOfferPrefix, [this](absl::string_view key, absl::string_view value) {
      storage::PausedOffer offer;
      if (!Parses(value, &offer) || offer.offer_id() != key) Damaged("paused offer");
      return absl::OkStatus();
    });
  }

  absl::Status Requests() {
    return ForEach(kRequestPrefix, [this](absl::string_view key, absl::string_view value) {
      storage::EntryResult result;
      if (!IsValidKeyText(key, kMaxRequestIdBytes) || value.size() < RequestHead::kBytes ||
          !Parses(value.substr(RequestHead::kBytes), &result)) {
        Damaged("remembered request");
      }
      return absl::OkStatus();
    });
  }

  RowWalk& rows_;
  const Database& database_;
};

}  // namespace

absl::Status VerifyMeta(RowWalk* rows) { return MetaVerifier(rows).Run(); }

}  // namespace touchstone::store
