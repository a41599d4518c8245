#pragma once

// Gives back what is held beyond its time, within a second or so.
//
// Nothing depends on when it comes: what is due cannot be sold any more. It only decides when
// others can claim it.
// Thread safety: Start and Stop from one thread. Lifetime: what is given must outlive it. Errors:
// logged, and tried again.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/status/statusor.h"
#include "server/services/backend.h"

namespace touchstone::server {

class ReservationExpiry {
 public:
  explicit ReservationExpiry(const Backend* backend) : backend_(backend) {}
  ~ReservationExpiry() { Stop(); }
  ReservationExpiry(const ReservationExpiry&) = delete;
  ReservationExpiry& operator=(const ReservationExpiry&) = delete;

  void Start();
  void Stop();

 private:
  void Run();
  // How many were due.
  absl::StatusOr<size_t> Sweep();

  const Backend* const backend_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace touchstone::server
