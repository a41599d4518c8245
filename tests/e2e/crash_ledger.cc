#include "tests/e2e/crash_ledger.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tests/server/test_server.h"

namespace touchstone {

std::string CrashLedger::CustomerOf(uint64_t number) {
  return absl::StrCat("c", number / kEventsOfCustomer);
}

int64_t CrashLedger::AmountOf(const std::string& event_id) {
  return 100 + static_cast<int64_t>(std::strtoull(event_id.c_str() + 1, nullptr, 10) % 97);
}

v1::CustomerEvent CrashLedger::Event(uint64_t number) const {
  v1::CustomerEvent event;
  event.set_customer("customers/" + CustomerOf(number));
  const std::string id = absl::StrCat("e", number);
  *event.mutable_event() = server::Purchase(id, base_ + absl::Seconds(number % 3600), AmountOf(id));
  return event;
}

uint64_t CrashLedger::TakeNumber() {
  std::lock_guard<std::mutex> lock(mutex_);
  return next_++;
}

uint64_t CrashLedger::RecentNumber(uint64_t back) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return next_ <= back ? 0 : next_ - 1 - back;
}

uint64_t CrashLedger::numbers() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return next_;
}

void CrashLedger::Acknowledge(uint64_t number, v1::WriteState state, bool fresh) {
  if (state != v1::WRITE_STATE_WRITTEN && state != v1::WRITE_STATE_DUPLICATE) {
    return Fault(absl::StrCat("event ", number, " was refused"));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  acknowledged_.insert(number);
  if (fresh && state == v1::WRITE_STATE_WRITTEN && ++written_[number] > 1) {
    faults_.push_back(absl::StrCat("event ", number, " was written twice"));
  }
}

std::vector<uint64_t> CrashLedger::Unknown() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<uint64_t> unknown;
  for (uint64_t number = 0; number < next_; ++number) {
    if (acknowledged_.count(number) == 0) unknown.push_back(number);
  }
  return unknown;
}

bool CrashLedger::IsAcknowledged(uint64_t number) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return acknowledged_.count(number) != 0;
}

CustomerExpectation CrashLedger::ExpectationOf(uint64_t customer) const {
  std::lock_guard<std::mutex> lock(mutex_);
  CustomerExpectation expectation;
  const uint64_t end = std::min(next_, (customer + 1) * kEventsOfCustomer);
  for (uint64_t number = customer * kEventsOfCustomer; number < end; ++number) {
    expectation.sent.insert(absl::StrCat("e", number));
    if (acknowledged_.count(number) != 0) {
      expectation.acknowledged.insert(absl::StrCat("e", number));
    }
  }
  return expectation;
}

void CrashLedger::SentCity(const std::string& customer, int city) {
  std::lock_guard<std::mutex> lock(mutex_);
  cities_.try_emplace(customer, 0, 0).first->second.second = city;
}

void CrashLedger::AcknowledgeCity(const std::string& customer, int city) {
  std::lock_guard<std::mutex> lock(mutex_);
  cities_[customer].first = city;
}

std::map<std::string, std::pair<int, int>> CrashLedger::Cities() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return cities_;
}

void CrashLedger::Fault(const std::string& what) {
  std::lock_guard<std::mutex> lock(mutex_);
  faults_.push_back(what);
}

std::vector<std::string> CrashLedger::faults() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return faults_;
}

uint64_t CrashLedger::acknowledged() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return acknowledged_.size();
}

}  // namespace touchstone
