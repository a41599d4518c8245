#pragma once

// Random entries of all that the ledger can be told, drawn beside its model so that most of them
// find what they are about.
//
// Thread safety: for one thread. Lifetime: model and store must outlive it.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/store/ledger_entries.h"
#include "tests/store/ledger_model.h"
#include "tests/store/written_store.h"

namespace touchstone::store {

// The budgets, with room for a few claims each, so that some are refused.
struct BudgetBounds {
  const char* id;
  int64_t uses;
  int64_t minor;
  int64_t minor_a_day;
};
inline constexpr BudgetBounds kBudgets[] = {{"uses", 12, 0, 0},        {"money", 0, 1500, 0},
                                            {"days", 0, 2500, 700},    {"both", 9, 900, 0},
                                            {"currencies", 0, 900, 0}, {"free", 0, 0, 0}};

class LedgerDraws {
 public:
  LedgerDraws(uint64_t seed, const LedgerModel* model, WrittenStore* store)
      : random_(seed), model_(*model), store_(*store) {}

  int64_t Below(int64_t bound);
  bool OneIn(int64_t count);
  // The one of this step, at this moment.
  storage::Entry NextEntry(int step, int64_t now_us);

 private:
  using Claim = storage::Claim;
  using ClaimRequest = storage::ClaimRequest;
  using Entry = storage::Entry;

  // New ones come all the time, old ones are asked for now and then.
  std::string Transaction();
  std::string Customer();
  std::string CustomerOrNobody();
  ClaimRequest BudgetClaim();
  // Small, so that tills have something left.
  Entry OpeningUses();
  // New ones come all the time, as with transactions.
  std::string CodeName();
  std::string GrantId();
  std::string OfferId();
  // Most of the time of one that has a use left.
  ClaimRequest RandomCodeClaim();
  // Most of the time of one that she can claim, now and then of another one or of the wrong kind.
  ClaimRequest RandomGrantClaim(const std::string& customer);
  Entry AddGrants();
  Entry AddCodes();
  Entry Revoke();
  Claims RandomClaims(const std::string& customer);
  static std::vector<uint64_t> OffersOf(const std::vector<Claim>& claims);
  // The step that the transaction has come to, or one beside it.
  int32_t StepOf(const std::string& transaction);
  int64_t ExpireTime();
  Entry Reserve();
  // One that holds something, most of the time.
  std::string HeldTransaction();
  Entry Commit();
  // Now and then with a name that may be there already.
  storage::Coupon RandomCoupon(const std::string& name);
  Entry Post();
  Entry Return();
  // Merges are taken back the latest first: what the record had between two of them is the later
  // one's to put back.
  Entry Merge();
  Entry Sweep();

  std::mt19937_64 random_;
  const LedgerModel& model_;
  WrittenStore& store_;
  int step_ = 0;
  int64_t now_us_ = 0;
  Entry last_codes_;
  Entry last_grants_;
};

}  // namespace touchstone::store
