#pragma once

// Threads for the calls that may block: reading the store, compiling a rule set, waiting for a
// write to reach the device. gRPC's own threads never do.
//
// Thread safety: all methods are safe from any thread.
// Lifetime: the destructor runs what was posted, then returns. Cost: Post takes a short lock.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace touchstone::server {

class WorkerPool {
 public:
  // REQUIRES: threads > 0.
  WorkerPool(size_t threads, size_t queue_limit);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full; `work` is then not run. Work must not post and wait.
  bool Post(std::function<void()> work);

 private:
  void Run();

  const size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace touchstone::server
