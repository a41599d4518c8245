#include "server/decide/read_pool.h"

#include <utility>

namespace touchstone::server {

ReadPool::ReadPool(size_t threads, size_t queue) : capacity_(queue) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

ReadPool::~ReadPool() { Stop(); }

bool ReadPool::TrySubmit(std::unique_ptr<ReadJob> job) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_ || queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(job));
  }
  work_.notify_one();
  return true;
}

void ReadPool::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ReadPool::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::unique_ptr<ReadJob> job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job->Read();
    job->Deliver();
    job.reset();
    lock.lock();
  }
}

}  // namespace touchstone::server
