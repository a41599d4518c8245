#pragma once

// Keys of the store's rows (docs/formats/store.md), and what an id may look like.
//
// Thread safety: pure functions. Cost: one string each.
// Numbers in keys are big-endian, signed ones with the sign bit flipped, so that rows sort by them.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace touchstone::store {

inline constexpr size_t kMaxIdBytes = 64;
inline constexpr size_t kMaxEventIdBytes = 128;
inline constexpr size_t kMaxRequestIdBytes = 128;

// 1-64 bytes of [A-Za-z0-9._-].
bool IsValidId(absl::string_view id);
// Whether it is a valid id with a lower-case letter, which no code has: codes are kept in upper
// case.
bool IsGrantId(absl::string_view id);
// 1 to `max_bytes` bytes, none of them zero.
bool IsValidKeyText(absl::string_view text, size_t max_bytes);

// The two places in which a thing that happens once is kept: by time, and by its own id.
enum class Journal : char { kEvents = 'e', kOutcomes = 'o' };

std::string RecordRow(char kind, absl::string_view id);
// JournalPrefix, then time, then the id.
std::string JournalPrefix(Journal journal, absl::string_view customer_id);
std::string JournalRow(Journal journal, absl::string_view customer_id, int64_t time_us,
                       absl::string_view id);
// The parts of a journal's key: its customer, the eight bytes of the time, the id.
struct JournalKey {
  absl::string_view customer_id;
  absl::string_view time;
  absl::string_view id;
};
// nullopt for a key that is none.
std::optional<JournalKey> ParseJournalKey(absl::string_view key);
// Events are unique for their customer, outcomes in the whole store. With an empty id: what all
// such keys of the customer begin with.
std::string EventSeenRow(absl::string_view customer_id, absl::string_view event_id);
// By which event another one of the customer was taken back.
std::string EventReversedRow(absl::string_view customer_id, absl::string_view event_id);
std::string OutcomeSeenRow(absl::string_view outcome_id);

std::string NumberRow(char prefix, uint64_t number);
std::string ReferencePrefix(absl::string_view table);
std::string ReferenceRow(absl::string_view table, uint64_t version);
std::string RequestRow(absl::string_view request_id);
std::string PausedOfferRow(absl::string_view offer_id);
// Of a record that waits to be rebuilt: 'c' or 'h', and its id.
std::string WaitingRow(char kind, absl::string_view id);
std::string ErasureRow(absl::string_view customer_id);
// Of a cold load that has not ended.
std::string LoadRow(absl::string_view name);
// Where a merged customer went.
std::string SurvivorRow(absl::string_view merged_id);
// What taking a merge back needs. With an empty merged id: what all such keys of the surviving one
// begin with.
std::string MergedRow(absl::string_view surviving_id, absl::string_view merged_id);
std::string ImportRunRow(int64_t ended_us, absl::string_view run_id);

// Of the ledger. Of a budget in all, and on one local day.
std::string BudgetRow(absl::string_view budget_id);
std::string BudgetDayRow(absl::string_view budget_id, int32_t day);
// What was used of it before, by batch.
std::string OpeningUseRow(absl::string_view budget_id, absl::string_view batch);
std::string ReservationRow(absl::string_view transaction_id);
// In order of when something is due.
std::string DueRow(int64_t time_us, absl::string_view transaction_id);
// What is held for a customer. With an empty id: what all such keys of hers begin with.
std::string HeldRow(absl::string_view customer_id, absl::string_view transaction_id);
// Of a code or a grant, here and in the next two.
std::string CodeRow(absl::string_view code);
// That a transaction holds a use of it.
std::string CodeHoldRow(absl::string_view code, absl::string_view transaction_id);
// That it is a customer's. With an empty code: what all such keys of hers begin with.
std::string CustomerCodeRow(absl::string_view customer_id, absl::string_view code);
// That a grant is open, whoever has it: in order of offer as contact state names it, the terms that
// it keeps, and its end as RecordPatch::Grant has it.
struct OpenGrantKey {
  uint32_t offer = 0;
  uint32_t terms = 0;
  int64_t end_us = 0;
  absl::string_view grant_id;
};
std::string OpenGrantRow(const OpenGrantKey& key);
std::optional<OpenGrantKey> ParseOpenGrantRow(absl::string_view row);
// So many bytes of the row say offer and terms, with the prefix.
inline constexpr size_t kOpenTermsBytes = 17;
// Of the rule sets: terms that grants keep.
std::string KeptTermsRow(uint32_t offer, uint32_t id);
// Of the sales.
std::string SaleRow(absl::string_view transaction_id);
// Sales of a customer in order of time.
std::string CustomerSalesPrefix(absl::string_view customer_id);
std::string CustomerSaleRow(absl::string_view customer_id, int64_t time_us,
                            absl::string_view transaction_id);

inline constexpr char kBudgetPrefix = 'b';
inline constexpr char kBudgetDayPrefix = 'd';
inline constexpr char kOpeningUsePrefix = 'u';
inline constexpr char kReservationPrefix = 't';
inline constexpr char kDuePrefix = 'x';
inline constexpr char kHeldPrefix = 'h';
inline constexpr char kCodePrefix = 'k';
inline constexpr char kCodeHoldPrefix = 'r';
inline constexpr char kCustomerCodePrefix = 'o';
inline constexpr char kOpenGrantPrefix = 'g';
inline constexpr char kSalePrefix = 's';
inline constexpr char kCustomerSalePrefix = 'c';

inline constexpr char kRevisionInfoPrefix = 'i';
inline constexpr char kRuleSetPrefix = 'r';
inline constexpr char kKeptTermsPrefix = 't';
inline constexpr char kAuditPrefix = 'a';
inline constexpr char kRequestPrefix = 'q';
inline constexpr char kPausedOfferPrefix = 'p';
inline constexpr char kWaitingPrefix = 'w';
inline constexpr char kErasurePrefix = 'x';
inline constexpr char kLoadPrefix = 'l';
inline constexpr char kSurvivorPrefix = 's';
inline constexpr char kMergedPrefix = 'm';
inline constexpr char kImportRunPrefix = 'u';
inline constexpr absl::string_view kFormatRow = "format";
inline constexpr absl::string_view kProgressRow = "now";
inline constexpr absl::string_view kActiveRevisionRow = "active";
inline constexpr absl::string_view kBackfillRow = "fill";
inline constexpr absl::string_view kDroppedRow = "dropped";

void AppendOrdered(std::string* key, uint64_t number);
void AppendOrdered(std::string* key, int64_t number);
// REQUIRES: at least eight bytes.
uint64_t ReadOrdered(const char* at);
int64_t ReadOrderedSigned(const char* at);

}  // namespace touchstone::store
