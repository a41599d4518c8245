#pragma once

// The open store: RocksDB with one column family per kind of thing, and every read of it.
//
// Writes go through a Writer (writer.h). Reads see acknowledged writes and, at most, writes that
// are about to be acknowledged.
//
// Thread safety: all methods are safe from any thread.
// Lifetime: pinned values and writers must be gone before the store is.
// Errors: DataLoss for bytes that fail their check, Unavailable for a device that fails; texts name
// files and kinds, never a customer's data. The output of a read that finds nothing is empty.
// Cost: a read copies no more than RocksDB does; with ReadTier::kMemoryOnly it never waits for a
// device.

#include <rocksdb/file_system.h>
#include <rocksdb/slice.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/storage/v1/ledger.pb.h"
#include "touchstone/storage/v1/state.pb.h"

namespace touchstone::store {

namespace storage = ::touchstone::storage::v1;

// Version of everything in docs/formats/store.md. A store written by a later one is refused.
inline constexpr uint32_t kFormatVersion = 1;

struct StoreOptions {
  std::string path;
  bool create_if_missing = true;
  size_t cache_bytes = size_t{512} << 20;  // of rows and of blocks, half of it each
  // Changes to store/rocksdb.options, which says what may be changed; empty: none.
  std::string options_file;
  size_t write_buffer_bytes = 0;  // of all column families together; 0: as the options say
  bool keep_rows = true;          // by themselves in the cache; false: it is of blocks alone
  // Null: the default one. Tests put faults in here.
  std::shared_ptr<rocksdb::FileSystem> file_system;
};

// What a household shares is apart from who is in it: a decision reads the one, and its receipt
// must not name the other members.
enum class RecordKind : char { kCustomer = 'c', kHousehold = 'h', kMembers = 'm' };

// REQUIRES: id is 1-64 bytes of [A-Za-z0-9._-]; any other id is never found.
struct RecordKey {
  RecordKind kind;
  absl::string_view id;
};

enum class ReadTier {
  kMemoryOnly,  // memtables and caches only; kNotInMemory means: ask again with kMayBlock
  kMayBlock,
};

enum class Found { kFound, kNotFound, kNotInMemory };

// A value that stays where RocksDB has it. Reusing one saves the allocation of its buffer.
// Lifetime: must not outlive the store; bytes() is valid until Reset, the next read into it, or its
// end.
class PinnedValue {
 public:
  absl::string_view bytes() const { return absl::string_view(slice_.data(), slice_.size()); }
  void Reset() { slice_.Reset(); }
  // For readers that are no Store: keeps a copy.
  void Copy(absl::string_view bytes) {
    slice_.Reset();
    slice_.PinSelf(rocksdb::Slice(bytes.data(), bytes.size()));
  }

 private:
  friend class Store;
  rocksdb::PinnableSlice slice_;
};

class Database;

class Store {
 public:
  // FailedPrecondition when a later format wrote the store, or it is open elsewhere; NotFound when
  // it is missing and may not be created; DataLoss when it is corrupt; InvalidArgument for an
  // options file that cannot be read or taken.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The record, to be read by RecordView. An absent key is kNotFound without a device read, but for
  // one in a hundred.
  absl::StatusOr<Found> GetRecord(RecordKey key, ReadTier tier, PinnedValue* record) const;

  // The customer whom an identity finds.
  absl::StatusOr<Found> ResolveIdentity(absl::string_view identity, ReadTier tier,
                                        std::string* customer_id) const;

  // The customer's events with from <= time < until, in order of time, at most `limit`. Blocks.
  absl::StatusOr<std::vector<storage::StoredEvent>> ListEvents(absl::string_view customer_id,
                                                               absl::Time from, absl::Time until,
                                                               size_t limit) const;
  // Her latest events, newest first, at most `limit`. Blocks.
  absl::StatusOr<std::vector<storage::StoredEvent>> ListLatestEvents(absl::string_view customer_id,
                                                                     size_t limit) const;
  // One event of hers; nullopt when there is none. Blocks.
  absl::StatusOr<std::optional<storage::StoredEvent>> GetEvent(absl::string_view customer_id,
                                                               absl::string_view event_id) const;
  // Outcomes in the same way; "" lists those of anonymous decisions.
  absl::StatusOr<std::vector<storage::StoredOutcome>> ListOutcomes(absl::string_view customer_id,
                                                                   absl::Time from,
                                                                   absl::Time until,
                                                                   size_t limit) const;

  // All events or outcomes of a customer, in order of time, until `visit` returns false. Blocks.
  absl::Status ScanEvents(absl::string_view customer_id,
                          absl::FunctionRef<bool(const storage::StoredEvent&)> visit) const;
  absl::Status ScanOutcomes(absl::string_view customer_id,
                            absl::FunctionRef<bool(const storage::StoredOutcome&)> visit) const;

  // Events from before a moment, of customers from `start_id` on in order of their ids, until
  // `limit` events were found or 10,000 customers looked at. Blocks; a seek or two a customer.
  struct OldEvents {
    storage::DropEvents events;
    std::string next_id;  // where to go on; empty: there are no more
  };
  absl::StatusOr<OldEvents> ListOldEvents(absl::Time before, absl::string_view start_id,
                                          size_t limit) const;

  // Erasures of which something may be left.
  absl::StatusOr<std::vector<storage::PendingErasure>> ListPendingErasures() const;
  // nullopt when none of the customer is pending.
  absl::StatusOr<std::optional<storage::PendingErasure>> GetPendingErasure(
      absl::string_view customer_id) const;
  // Rewrites the files that held the rows of erased customers, so that none of them is left, nor
  // one of the identities and outcomes that the erasures name. Cancelled when `cancel` was set
  // meanwhile; the caller tries again. Blocks, for as long as it takes to rewrite a few tables.
  absl::Status PurgeErased(absl::Span<const storage::PendingErasure> erasures,
                           std::atomic<bool>* cancel) const;
  // The same for what pending erasures held before they were updated.
  absl::Status PurgeErasures(std::atomic<bool>* cancel) const;

  // Calls `visit` with id and record of every record of a kind, in order of id, from `start_id` on,
  // until it returns false. Sees one moment of the store. Blocks; leaves the block cache alone.
  // Begins with sorting the keys of what is not yet in a table, which the write buffers bound.
  absl::Status ScanRecords(
      RecordKind kind, absl::string_view start_id,
      absl::FunctionRef<bool(absl::string_view id, absl::string_view record)> visit) const;

  // NotFound when there is none.
  absl::StatusOr<std::string> GetRuleSet(uint64_t revision) const;
  absl::StatusOr<storage::RevisionInfo> GetRevision(uint64_t revision) const;
  absl::StatusOr<storage::ActiveRevision> GetActiveRevision() const;
  // In ascending order, from `from` on, at most `limit`.
  absl::StatusOr<std::vector<storage::RevisionInfo>> ListRevisions(uint64_t from,
                                                                   size_t limit) const;
  absl::StatusOr<std::vector<storage::PausedOffer>> ListPausedOffers() const;

  // All terms that a grant could ever keep, by offer as contact state names it and id. Blocks.
  absl::StatusOr<std::vector<storage::KeptTerms>> ListKeptTerms() const;
  struct OpenGrants {
    uint32_t offer = 0;
    uint32_t terms = 0;  // 0: they keep none
    int64_t count = 0;   // above 0
  };
  // Grants that are open and have not ended at that moment, by offer and terms. Blocks; linear in
  // them.
  absl::StatusOr<std::vector<OpenGrants>> CountOpenGrants(absl::Time now) const;

  // Which aggregates are complete, and which are being filled; none before the first publish.
  absl::StatusOr<storage::Backfill> GetBackfill() const;
  // Records that wait for RebuildRecord: kind and id, in order, at most `limit`. Blocks.
  absl::StatusOr<std::vector<std::pair<RecordKind, std::string>>> ListWaitingRecords(
      size_t limit) const;

  // Whether the record is one of them. Blocks.
  absl::StatusOr<bool> IsWaiting(RecordKey key) const;

  // When the latest of the events that were dropped for their age happened; InfinitePast when none
  // was. Blocks.
  absl::StatusOr<absl::Time> GetDroppedThrough() const;

  // The customer who stands for this one: herself, unless she was merged into another one. Blocks.
  absl::StatusOr<std::string> GetSurvivor(absl::string_view customer_id) const;
  // Customers who were merged into this one, those who had been merged into them too, with what
  // taking it back needs. Blocks.
  absl::StatusOr<std::vector<std::pair<std::string, storage::MergedCustomer>>> ListMerged(
      absl::string_view customer_id) const;
  // The customer, and behind her all who were merged into her. Blocks.
  absl::StatusOr<std::vector<std::string>> ListIds(absl::string_view customer_id) const;

  // What became of imports, the one that ended first first. Blocks.
  absl::StatusOr<std::vector<storage::ImportRun>> ListImportRuns() const;

  // The table as it was at a reference version; NotFound when it had not been imported by then.
  absl::StatusOr<std::string> GetReference(absl::string_view table,
                                           uint64_t reference_version) const;
  absl::StatusOr<std::vector<std::string>> ListReferenceTables() const;

  // What a transaction holds, or held until lately; nullopt when nothing is known of it. Blocks.
  absl::StatusOr<std::optional<storage::Reservation>> GetReservation(
      absl::string_view transaction_id) const;
  // nullopt when the transaction was not sold. Blocks.
  absl::StatusOr<std::optional<storage::StoredSale>> GetSale(
      absl::string_view transaction_id) const;
  // A code or grant with its uses; kNotFound when there is none.
  absl::StatusOr<Found> GetCode(absl::string_view code, ReadTier tier, storage::Code* row) const;
  // kFound when the transaction holds a use of the code.
  absl::StatusOr<Found> GetCodeHold(absl::string_view code, absl::string_view transaction_id,
                                    ReadTier tier) const;
  // Codes that are the customer's own, without her grants. Blocks.
  absl::StatusOr<std::vector<std::string>> ListCodes(absl::string_view customer_id) const;
  // Grants of the customer and of all who were merged into her, whatever became of them, by id.
  // Blocks; a look-up a grant.
  absl::StatusOr<std::vector<std::pair<std::string, storage::Code>>> ListGrants(
      absl::string_view customer_id) const;
  // The customer who stands for this one: herself, unless she was merged into another one. kFound
  // or kNotInMemory.
  absl::StatusOr<Found> GetSurvivor(absl::string_view customer_id, ReadTier tier,
                                    std::string* surviving_id) const;
  // Transactions of which something is due at that moment, the earliest first, at most `limit`.
  // Blocks.
  absl::StatusOr<std::vector<std::string>> ListDue(absl::Time now, size_t limit) const;
  // Transactions that hold something for the customer. Blocks.
  absl::StatusOr<std::vector<std::string>> ListHeld(absl::string_view customer_id) const;
  // Transactions of her sales, the latest first, at most `limit`. Blocks.
  absl::StatusOr<std::vector<std::string>> ListSales(absl::string_view customer_id,
                                                     size_t limit) const;
  // What a batch has booked as used of a budget elsewhere; kNotFound when nothing. Blocks.
  absl::StatusOr<Found> GetOpeningUse(absl::string_view budget_id, absl::string_view batch,
                                      storage::OpeningUse* use) const;
  // How much of every budget is used, in all and on every day. Blocks.
  absl::StatusOr<std::vector<storage::EntryResult::ChangedBudget>> ListBudgets() const;

  // In order of writing, from the position `from` on, at most `limit`.
  absl::StatusOr<std::vector<storage::AuditRecord>> ListAudit(uint64_t from, size_t limit) const;

  // What became of a request whose id is still remembered, as Apply would answer it again: with
  // REQUEST_ID_REUSED when its body was another; nullopt for an id that is new. Blocks.
  absl::StatusOr<std::optional<storage::EntryResult>> RecallRequest(absl::string_view request_id,
                                                                    uint64_t body_hash) const;

  // Position and numbers given out, as of the last acknowledged batch. Never blocks.
  storage::Progress progress() const;

  // OK while the store takes writes, else why it does not. Once read-only it stays so until it is
  // opened again: what became of the write that failed is known only then.
  absl::Status write_status() const;

  // For operators, by RocksDB's property names; "" when unknown.
  std::string Property(absl::string_view column_family, absl::string_view property) const;

  // The parts of this room that write.
  Database& database() const { return *database_; }

 private:
  explicit Store(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace touchstone::store
