#pragma once

// What a caller of a server that is killed remembers: what it sent, and what was acknowledged.
//
// Events are numbered; the number alone says what is in one, so that one whose fate is unknown can
// be sent again, under its request id or another one, with the same bytes.
// Thread safety: all methods are safe from any thread.

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone {

inline constexpr uint64_t kEventsOfCustomer = 50;

// What must be true of one customer.
struct CustomerExpectation {
  std::set<std::string> acknowledged;  // ids of her events
  std::set<std::string> sent;
};

class CrashLedger {
 public:
  // `base`: the moment of the first event.
  explicit CrashLedger(absl::Time base) : base_(base) {}

  static std::string CustomerOf(uint64_t number);
  v1::CustomerEvent Event(uint64_t number) const;
  static int64_t AmountOf(const std::string& event_id);

  // A number that was not sent before.
  uint64_t TakeNumber();
  // One of the last few, which others may be sending now.
  uint64_t RecentNumber(uint64_t back) const;
  uint64_t numbers() const;

  // Faults are lines of what the server did wrong. `fresh`: not the repetition of a request, whose
  // answer would be that of the first one.
  void Acknowledge(uint64_t number, v1::WriteState state, bool fresh);
  std::vector<uint64_t> Unknown() const;
  bool IsAcknowledged(uint64_t number) const;
  CustomerExpectation ExpectationOf(uint64_t customer) const;

  // Attributes: of a customer whom one caller writes, in order.
  void SentCity(const std::string& customer, int city);
  void AcknowledgeCity(const std::string& customer, int city);
  // The cities that she may have.
  std::map<std::string, std::pair<int, int>> Cities() const;

  void Fault(const std::string& what);
  std::vector<std::string> faults() const;
  uint64_t acknowledged() const;

 private:
  const absl::Time base_;
  mutable std::mutex mutex_;
  uint64_t next_ = 0;
  std::set<uint64_t> acknowledged_;
  std::map<uint64_t, int> written_;                    // answers that said WRITTEN
  std::map<std::string, std::pair<int, int>> cities_;  // acknowledged last, sent last
  std::vector<std::string> faults_;
};

}  // namespace touchstone
