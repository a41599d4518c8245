#pragma once

// The threads that make reads which may wait for the device, and the bounded queue before them.
//
// Thread safety: any thread. Lifetime: Stop, or the destructor, runs what is queued and joins.

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/decide/gather.h"

namespace touchstone::server {

class ReadPool : public ReadExecutor {
 public:
  ReadPool(size_t threads, size_t queue);
  ~ReadPool() override;

  bool TrySubmit(std::unique_ptr<ReadJob> job) override;
  void Stop();

 private:
  void Run();

  const size_t capacity_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::unique_ptr<ReadJob>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace touchstone::server
