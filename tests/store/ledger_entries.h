#pragma once

// Entries on what transactions hold and what was sold, for tests.
//
// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "store/store.h"
#include "tests/store/entries.h"

namespace touchstone::store {

inline constexpr int64_t kMinuteUs = int64_t{60} * 1'000'000;
inline constexpr int64_t kDayUs = int64_t{24} * 60 * kMinuteUs;
// When what is reserved at kTestTimeUs is over, unless said otherwise.
inline constexpr int64_t kTestExpireUs = kTestTimeUs + 15 * kMinuteUs;

// The transaction as contact state names it.
uint64_t ContactTransaction(absl::string_view transaction_id);

using Claims = std::vector<storage::ClaimRequest>;
// Of a budget that counts uses, at most so many; 0: without bound.
storage::ClaimRequest UsesClaim(absl::string_view budget, int64_t count, int64_t most_uses);
// Of one that counts money in EUR.
storage::ClaimRequest MoneyClaim(absl::string_view budget, int64_t minor, int64_t most_minor);
// And on a day as well.
storage::ClaimRequest DayClaim(absl::string_view budget, int64_t minor, int32_t day,
                               int64_t most_minor, int64_t most_minor_a_day);
// One use of an offer by the customer.
storage::ClaimRequest LimitClaim(absl::string_view limit, uint64_t offer, int64_t at_most,
                                 int64_t from_us = 0);
// The use of a code for the offer of UsesClaim, or another one.
storage::ClaimRequest CodeClaim(absl::string_view code, absl::string_view offer_id = "beans-20");
// The use of a grant.
storage::ClaimRequest GrantClaim(absl::string_view grant_id,
                                 absl::string_view offer_id = "beans-20");

// Codes for the offer of CodeClaim.
storage::Entry AddCodesEntry(const std::vector<std::string>& codes, int64_t most_uses = 1,
                             absl::string_view customer_id = "");
// Grants of the customer for the offer of GrantClaim.
storage::Entry AddGrantsEntry(const std::vector<std::string>& grant_ids,
                              absl::string_view customer_id, int64_t most_uses = 1);
// Of codes and grants.
storage::Entry RevokeEntry(const std::vector<std::string>& codes);

storage::Entry ReserveEntry(absl::string_view transaction_id, int32_t step, const Claims& claims,
                            absl::string_view customer_id = "");
// Adds a redeemed contact for each of `offers`.
storage::Entry CommitEntry(absl::string_view transaction_id, int32_t step,
                           absl::string_view customer_id = "",
                           const std::vector<uint64_t>& offers = {});
storage::Entry ReleaseEntry(absl::string_view transaction_id, int32_t step);
storage::Entry SuspendEntry(absl::string_view transaction_id, int32_t step, int64_t expire_us);
storage::Entry ExpireEntry(const std::vector<std::string>& transaction_ids, int64_t time_us);
// Adds a redeemed contact for each claim of a limit.
storage::Entry PostEntry(absl::string_view transaction_id, const Claims& claims,
                         absl::string_view customer_id = "");
storage::Entry ReturnEntry(absl::string_view sale, uint32_t expected_version,
                           const std::vector<storage::Claim>& restored);
// Opening uses of a batch: what the claims say; all of one of a day is of that day.
storage::Entry OpenEntry(absl::string_view batch, const Claims& claims);
storage::Entry MergeEntry(absl::string_view surviving, absl::string_view merged, bool undo = false);
storage::Entry EraseEntry(absl::string_view customer_id);
storage::Entry At(storage::Entry entry, int64_t time_us);

}  // namespace touchstone::store
