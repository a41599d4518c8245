#pragma once

// Pairs of customers who share a household, are merged, and then taken apart again or erased, while
// the server may be killed between any two steps: each pair must be as its last step that was
// acknowledged left it, or as the next one, which was sent, does.
//
// Thread safety: Run from one thread, Check when Run has returned.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/e2e/crash_ledger.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone {

class CrashPeople {
 public:
  // Faults go to the ledger. `event_time`: of every event.
  CrashPeople(CrashLedger* ledger, absl::Time event_time)
      : ledger_(ledger), event_time_(event_time) {}

  // Takes new pairs through their steps until a call fails. `done` is called after each answer.
  template <typename Done>
  void Run(v1::CustomerService::Stub& customers, const Done& done) {
    for (;;) {
      Pair& pair = pairs_.emplace_back(Pair{static_cast<int>(pairs_.size())});
      for (; pair.acknowledged < kSteps; ++pair.acknowledged) {
        ++pair.sent;
        if (!Take(customers, pair, pair.sent)) return;
        done();
      }
    }
  }

  // Every pair, against what was acknowledged and sent.
  void Check(v1::CustomerService::Stub& customers);

  size_t pairs() const { return pairs_.size(); }

 private:
  static constexpr int kSteps = 5;
  struct Pair {
    int number = 0;
    int acknowledged = 0;  // steps
    int sent = 0;
    std::string a() const;
    std::string b() const;
    std::string home() const;
    bool is_erased_in_the_end() const { return number % 2 == 1; }
  };

  // False: the server has gone. Anything else that goes wrong is a fault.
  bool Take(v1::CustomerService::Stub& customers, const Pair& pair, int step);
  bool Succeeded(const Pair& pair, int step, const grpc::Status& status);
  grpc::Status Make(v1::CustomerService::Stub& customers, const Pair& pair, const std::string& id);
  grpc::Status Buy(v1::CustomerService::Stub& customers, const Pair& pair);
  grpc::Status Merge(v1::CustomerService::Stub& customers, const Pair& pair, bool undo);
  grpc::Status Erase(v1::CustomerService::Stub& customers, const Pair& pair);

  // What can be seen of a pair: whom the two ids name, with how many events, and who is at home.
  static std::string Expected(const Pair& pair, int steps);
  std::string Seen(v1::CustomerService::Stub& customers, const Pair& pair);
  std::string SeenOf(v1::CustomerService::Stub& customers, const std::string& id);

  CrashLedger* const ledger_;
  const absl::Time event_time_;
  std::vector<Pair> pairs_;
};

}  // namespace touchstone
