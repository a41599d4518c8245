#pragma once

// Rows that were not imported, with the reason, in a file that can be mended and imported again.
//
// A CSV file of three columns: line, reason, row (as it stood). It is made with the first row, so
// that a clean import leaves none. Thread safety: for one thread at a time. Errors: the first one
// stays and is told by status().

#include <cstdint>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace touchstone::server {

class Quarantine {
 public:
  explicit Quarantine(std::string path) : path_(std::move(path)) {}

  // What an earlier run left is removed.
  absl::Status Clear();
  // The earlier run is gone on with: its file is kept up to `bytes`. FailedPrecondition when it is
  // shorter, or gone.
  absl::Status KeepFirst(int64_t bytes);

  void Add(int64_t line, absl::string_view reason, absl::string_view row);
  // What was added is with the operating system.
  void Flush();
  // It is on the device.
  void Sync();

  const std::string& path() const { return path_; }
  // Of the file; 0 while there is none.
  int64_t bytes() const { return bytes_; }
  absl::Status status() const;

 private:
  const std::string path_;
  std::ofstream out_;
  int64_t bytes_ = 0;
  bool failed_ = false;
};

// A reason without what differs from row to row: contents of cells, which stand between backticks
// when this side has worded it, and line numbers and positions. At most 200 bytes.
std::string ReasonWithoutValues(absl::string_view reason, bool worded_by_server);

}  // namespace touchstone::server
