#include "store/keys.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace touchstone::store {
namespace {

std::string PairRow(char kind, absl::string_view customer_id, absl::string_view of_hers) {
  std::string key(1, kind);
  key.append(customer_id.data(), customer_id.size());
  key.push_back('\0');
  key.append(of_hers.data(), of_hers.size());
  return key;
}

}  // namespace

bool IsValidId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxIdBytes) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

bool IsGrantId(absl::string_view id) {
  return IsValidId(id) && std::any_of(id.begin(), id.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c));
         });
}

bool IsValidKeyText(absl::string_view text, size_t max_bytes) {
  return !text.empty() && text.size() <= max_bytes && text.find('\0') == absl::string_view::npos;
}

std::string RecordRow(char kind, absl::string_view id) {
  std::string key(1, kind);
  key.append(id.data(), id.size());
  return key;
}

std::string JournalPrefix(Journal journal, absl::string_view customer_id) {
  std::string key(1, static_cast<char>(journal));
  key.append(customer_id.data(), customer_id.size());
  key.push_back('\0');
  return key;
}

std::string JournalRow(Journal journal, absl::string_view customer_id, int64_t time_us,
                       absl::string_view id) {
  std::string key = JournalPrefix(journal, customer_id);
  AppendOrdered(&key, time_us);
  key.append(id.data(), id.size());
  return key;
}

std::optional<JournalKey> ParseJournalKey(absl::string_view key) {
  const size_t end = key.find('\0');
  if (end == absl::string_view::npos || key.size() <= end + 1 + sizeof(uint64_t)) {
    return std::nullopt;
  }
  return JournalKey{key.substr(1, end - 1), key.substr(end + 1, sizeof(uint64_t)),
                    key.substr(end + 1 + sizeof(uint64_t))};
}

std::string EventSeenRow(absl::string_view customer_id, absl::string_view event_id) {
  return PairRow('E', customer_id, event_id);
}

std::string EventReversedRow(absl::string_view customer_id, absl::string_view event_id) {
  return PairRow('R', customer_id, event_id);
}

std::string OutcomeSeenRow(absl::string_view outcome_id) { return RecordRow('O', outcome_id); }

std::string NumberRow(char prefix, uint64_t number) {
  std::string key(1, prefix);
  AppendOrdered(&key, number);
  return key;
}

std::string ReferencePrefix(absl::string_view table) {
  std::string key(table);
  key.push_back('\0');
  return key;
}

std::string ReferenceRow(absl::string_view table, uint64_t version) {
  std::string key = ReferencePrefix(table);
  AppendOrdered(&key, version);
  return key;
}

std::string RequestRow(absl::string_view request_id) {
  return RecordRow(kRequestPrefix, request_id);
}

std::string PausedOfferRow(absl::string_view offer_id) {
  return RecordRow(kPausedOfferPrefix, offer_id);
}

std::string WaitingRow(char kind, absl::string_view id) {
  std::string key(1, kWaitingPrefix);
  key.push_back(kind);
  return key.append(id.data(), id.size());
}

std::string LoadRow(absl::string_view name) { return RecordRow(kLoadPrefix, name); }

std::string ErasureRow(absl::string_view customer_id) {
  return RecordRow(kErasurePrefix, customer_id);
}

std::string SurvivorRow(absl::string_view merged_id) {
  return RecordRow(kSurvivorPrefix, merged_id);
}

std::string MergedRow(absl::string_view surviving_id, absl::string_view merged_id) {
  return PairRow(kMergedPrefix, surviving_id, merged_id);
}

std::string ImportRunRow(int64_t ended_us, absl::string_view run_id) {
  std::string key(1, kImportRunPrefix);
  AppendOrdered(&key, ended_us);
  return key.append(run_id.data(), run_id.size());
}

std::string BudgetRow(absl::string_view budget_id) { return RecordRow(kBudgetPrefix, budget_id); }

std::string BudgetDayRow(absl::string_view budget_id, int32_t day) {
  std::string key = PairRow(kBudgetDayPrefix, budget_id, "");
  AppendOrdered(&key, int64_t{day});
  return key;
}

std::string OpeningUseRow(absl::string_view budget_id, absl::string_view batch) {
  return PairRow(kOpeningUsePrefix, budget_id, batch);
}

std::string ReservationRow(absl::string_view transaction_id) {
  return RecordRow(kReservationPrefix, transaction_id);
}

std::string DueRow(int64_t time_us, absl::string_view transaction_id) {
  std::string key(1, kDuePrefix);
  AppendOrdered(&key, time_us);
  return key.append(transaction_id.data(), transaction_id.size());
}

std::string HeldRow(absl::string_view customer_id, absl::string_view transaction_id) {
  return PairRow(kHeldPrefix, customer_id, transaction_id);
}

std::string CodeRow(absl::string_view code) { return RecordRow(kCodePrefix, code); }

std::string CodeHoldRow(absl::string_view code, absl::string_view transaction_id) {
  return PairRow(kCodeHoldPrefix, code, transaction_id);
}

std::string CustomerCodeRow(absl::string_view customer_id, absl::string_view code) {
  return PairRow(kCustomerCodePrefix, customer_id, code);
}

std::string OpenGrantRow(const OpenGrantKey& key) {
  std::string row(1, kOpenGrantPrefix);
  AppendOrdered(&row, uint64_t{key.offer});
  AppendOrdered(&row, uint64_t{key.terms});
  AppendOrdered(&row, key.end_us);
  return row.append(key.grant_id.data(), key.grant_id.size());
}

std::optional<OpenGrantKey> ParseOpenGrantRow(absl::string_view row) {
  constexpr size_t kIdAt = kOpenTermsBytes + sizeof(int64_t);
  if (row.size() <= kIdAt) return std::nullopt;
  return OpenGrantKey{static_cast<uint32_t>(ReadOrdered(row.data() + 1)),
                      static_cast<uint32_t>(ReadOrdered(row.data() + 1 + sizeof(uint64_t))),
                      ReadOrderedSigned(row.data() + kOpenTermsBytes), row.substr(kIdAt)};
}

std::string KeptTermsRow(uint32_t offer, uint32_t id) {
  std::string row(1, kKeptTermsPrefix);
  AppendOrdered(&row, uint64_t{offer});
  AppendOrdered(&row, uint64_t{id});
  return row;
}

std::string SaleRow(absl::string_view transaction_id) {
  return RecordRow(kSalePrefix, transaction_id);
}

std::string CustomerSalesPrefix(absl::string_view customer_id) {
  return PairRow(kCustomerSalePrefix, customer_id, "");
}

std::string CustomerSaleRow(absl::string_view customer_id, int64_t time_us,
                            absl::string_view transaction_id) {
  std::string key = CustomerSalesPrefix(customer_id);
  AppendOrdered(&key, time_us);
  return key.append(transaction_id.data(), transaction_id.size());
}

void AppendOrdered(std::string* key, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    key->push_back(static_cast<char>((number >> shift) & 0xff));
  }
}

void AppendOrdered(std::string* key, int64_t number) {
  AppendOrdered(key, static_cast<uint64_t>(number) ^ (uint64_t{1} << 63));
}

uint64_t ReadOrdered(const char* at) {
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = (number << 8) | static_cast<unsigned char>(at[i]);
  return number;
}

int64_t ReadOrderedSigned(const char* at) {
  return static_cast<int64_t>(ReadOrdered(at) ^ (uint64_t{1} << 63));
}

}  // namespace touchstone::store
