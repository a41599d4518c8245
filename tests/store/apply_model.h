#pragma once

// The store as a few maps, for tests: what customers, households, events and outcomes must be after
// some entries. As plain as can be; everything that Apply reads by key or range is searched for
// here.
//
// Thread safety: for one thread. REQUIRES: entries as the test makes them (see Apply).

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/store.h"

namespace touchstone::store {

inline constexpr uint32_t kModelVisits = 7;           // counts events of a customer
inline constexpr uint32_t kModelHouseholdVisits = 8;  // and of a household

class ApplyModel {
 public:
  struct Record {
    std::map<uint32_t, std::pair<std::string, uint32_t>> attributes;  // value, as-of
    std::map<std::string, std::pair<int64_t, bool>> consents;         // time, granted
    std::set<std::pair<uint64_t, int64_t>> contacts;                  // transaction, time
    std::set<std::string> identities;
    std::string household;
  };
  struct Event {
    std::string reverses;
    std::vector<std::string> path;  // with whom it came
  };
  struct Journal {
    std::map<std::string, Event> events;
    std::map<std::string, std::vector<std::string>> outcomes;  // path by id
  };
  struct Patch {
    std::map<uint32_t, std::pair<std::string, uint32_t>> attributes;
    std::vector<std::tuple<std::string, int64_t, bool>> consents;
    std::vector<std::pair<uint64_t, int64_t>> contacts;
  };

  // Each returns what Apply's result must say.
  storage::EntryResult::Refusal Update(std::string id, const Patch& patch,
                                       const storage::UpdateRecord& command);
  // A duplicate changes nothing; REFUSAL_ALREADY_EXISTS: it takes back what was taken back.
  storage::EntryResult::Refusal Append(std::string id, const std::string& event_id,
                                       const std::string& reverses, bool must_exist);
  void AddOutcome(std::string id, const std::string& outcome_id, uint64_t transaction,
                  int64_t time);
  storage::EntryResult::Refusal Merge(const std::string& surviving, const std::string& merged,
                                      bool latest_wins);
  storage::EntryResult::Refusal Undo(const std::string& surviving, const std::string& merged);
  storage::EntryResult::Refusal Erase(const std::string& id);

  const std::map<std::string, Record>& customers() const { return customers_; }
  const std::map<std::string, Journal>& journals() const { return journals_; }
  std::set<std::string> MembersOf(const std::string& household) const;
  std::string SurvivorOf(std::string id) const;
  std::string HolderOf(const std::string& identity) const;  // "": nobody
  // Events less those that take others back.
  int64_t VisitsOf(const std::string& id) const;

  struct Kept {
    Record surviving;
    Record merged;
  };
  // By surviving and merged customer.
  const std::map<std::pair<std::string, std::string>, Kept>& merges() const { return merges_; }

 private:
  static bool IsReversed(const Journal& journal, const std::string& event_id);
  void Move(const std::string& from, const std::string& to, bool undo);
  void EraseMerged(const std::string& id);

  std::map<std::string, Record> customers_;
  std::map<std::string, Journal> journals_;  // "" has outcomes of nobody
  std::map<std::string, std::string> survivors_;
  std::map<std::pair<std::string, std::string>, Kept> merges_;
};

}  // namespace touchstone::store
