#pragma once

// What transactions hold and what was sold as a few maps, for tests: written from what entry.proto
// and ledger.proto say. As plain as can be: what is used of a budget is what holds and sales claim
// of it, added up anew each time.
//
// A contact belongs to the customer who stood for the named one when it was made; hers are those of
// all who were merged into her. So taking a merge back needs no thought here.
//
// Thread safety: for one thread. REQUIRES: entries as ledger_entries.h makes them, well-formed.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/record.h"
#include "store/store.h"

namespace touchstone::store {

class LedgerModel {
 public:
  struct Hold {
    storage::Reservation::State state = storage::Reservation::STATE_HELD;
    int32_t step = 0;
    int64_t expire_us = 0;
    std::string customer;
    std::vector<storage::Claim> claims;
  };
  struct Sale {
    std::string customer;
    bool has_body = true;
    std::vector<storage::Claim> claims;
    uint32_t version = 1;
    std::vector<storage::GivenCoupon> coupons;
  };
  // Budget, and the day where the use is of one.
  using Row = std::tuple<std::string, bool, int32_t>;
  struct Use {
    int64_t count = 0;
    int64_t minor = 0;
    friend bool operator==(const Use&, const Use&) = default;
  };
  struct Contact {
    std::string owner;
    std::string transaction;
    uint64_t offer = 0;
    ContactKind kind = ContactKind::kReserved;
    int64_t time_us = 0;
  };

  // What Apply's result must say: refusal, claims that were refused, overruns, how many were
  // applied, answer.
  storage::EntryResult Apply(const storage::Entry& entry);

  const std::map<std::string, Hold>& holds() const { return holds_; }
  const std::map<std::string, Sale>& sales() const { return sales_; }
  // Who has a record.
  const std::set<std::string>& customers() const { return customers_; }
  // Who stays and who was merged into them, in order.
  const std::vector<std::pair<std::string, std::string>>& merges() const { return merges_; }
  std::vector<Contact> ContactsOf(const std::string& customer) const;

  Use Reserved(const Row& row) const;
  Use Sold(const Row& row) const;  // overrun, opening uses and all
  Use Overrun(const Row& row) const;
  // As the rows of codes and grants are to be, by id; holders are in ascending order.
  std::map<std::string, storage::Code> Codes() const;
  // Those of them that are open grants, of whoever has a record and of all who were merged into
  // her.
  struct Grants {
    std::map<std::string, storage::Code> shown;
    std::map<std::string, storage::Code> over;  // ended, and no transaction holds them
  };
  std::map<std::string, Grants> OpenGrants() const;  // by customer
  // All grants of theirs, whatever became of them.
  std::set<std::string> GrantsOf(const std::string& customer) const;
  int64_t now_us() const { return latest_us_; }

 private:
  using Refusal = storage::EntryResult::Refusal;
  static bool IsHeld(const Hold& hold);
  static std::vector<Row> RowsOf(const storage::Claim& claim);
  static bool IsOfCode(const storage::Claim& claim);
  static void AddClaims(const std::vector<storage::Claim>& claims, const Row& row, Use* use);

  Refusal Reserve(const storage::Reserve& command, storage::EntryResult* result);
  Refusal Commit(const storage::Commit& command);
  Refusal Release(const storage::Release& command);
  Refusal Suspend(const storage::Suspend& command);
  void Expire(const storage::Expire& command, storage::EntryResult* result);
  Refusal PostSale(const storage::PostSale& command, storage::EntryResult* result);
  Refusal ReturnSale(const storage::ReturnSale& command, storage::EntryResult* result);
  Refusal Merge(const storage::MergeCustomers& command);
  Refusal Erase(const std::string& customer);
  Refusal AddCodes(const storage::AddCodes& command, storage::EntryResult* result);
  void AddGrants(const storage::AddGrants& command, storage::EntryResult* result);
  void AddOpeningUses(const storage::AddOpeningUses& command, storage::EntryResult* result);
  bool HasRoom(const Grants& grants) const;
  // False: one of them is there already.
  bool GiveCoupons(const storage::Commit& command);
  // False: a sale that did not give one of them, or for no more uses.
  bool WithdrawCoupons(const storage::ReturnSale& command, storage::EntryResult* result);
  bool HasTerms(const storage::Code& there, const storage::Code& terms) const;
  Refusal RevokeCodes(const storage::RevokeCodes& command, storage::EntryResult* result);

  Refusal CheckHeld(const std::string& transaction, int32_t step) const;
  bool Fits(const storage::ClaimRequest& request, const std::vector<storage::Claim>& before) const;
  bool CanClaim(const storage::Claim& claim, const std::string& customer, int64_t time_us) const;
  int64_t CodeUses(const std::string& code, bool is_sold) const;
  int64_t Counted(const storage::ClaimRequest& request, const std::string& customer,
                  const std::string& transaction) const;
  storage::EntryResult::Overrun Book(const storage::ClaimRequest& request, Sale* sale);
  void End(const std::string& transaction, storage::Reservation::State state, int32_t step);
  void DropReserved(const std::string& transaction);
  void Sell(const std::string& transaction, Sale sale, const std::string& patch);
  std::string SurvivorOf(std::string customer) const;
  std::string Now(const std::string& customer) const;  // "": nobody

  int64_t now_us_ = 0;     // of this entry
  int64_t latest_us_ = 0;  // of those that were applied
  std::map<std::string, Hold> holds_;
  std::map<std::string, Sale> sales_;
  std::map<std::pair<std::string, std::string>, storage::OpeningUse> openings_;  // by batch
  std::map<Row, Use> overruns_;
  std::map<Row, std::string> currencies_;
  std::vector<Contact> contacts_;
  // Without what is reserved and committed.
  std::map<std::string, storage::Code> codes_;
  std::set<std::string> customers_;
  std::vector<std::pair<std::string, std::string>> merges_;
};

}  // namespace touchstone::store
