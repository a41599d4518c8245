#pragma once

// Rows that were not imported, with the reason, in a file that can be mended and imported again.
//
// A CSV file of three columns: line, reason, row (as it stood). It is made with the first row, so
// that a clean import leaves none. Thread safety: all methods are safe from any thread. Errors: the
// first one stays and is told by status().

#include <cstdint>
#include <fstream>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace touchstone::server {

class Quarantine {
 public:
  explicit Quarantine(std::string path) : path_(std::move(path)) {}

  void Add(int64_t line, absl::string_view reason, absl::string_view row);

  const std::string& path() const { return path_; }
  int64_t count() const;
  absl::Status status() const;

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  std::ofstream out_;
  int64_t count_ = 0;
  bool failed_ = false;
};

}  // namespace touchstone::server
