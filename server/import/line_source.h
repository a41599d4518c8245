#pragma once

// Lines of a file, gzipped or not; a byte order mark at its beginning is left out.
//
// Thread safety: for one thread. Errors: status() says why the lines ended early. Memory: a chunk
// of the file and one line, however long it is in the file.

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace touchstone::server {

inline constexpr size_t kMaxLineBytes = size_t{1} << 20;

class LineSource {
 public:
  static absl::StatusOr<std::unique_ptr<LineSource>> Open(const std::string& path);
  ~LineSource();
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  // Without its line break. Of a line of more than kMaxLineBytes, one byte more than that. False at
  // the end.
  bool Next(std::string* line);
  // Of the line that Next gave last, from 1.
  int64_t number() const { return number_; }
  double fraction() const;
  const absl::Status& status() const { return status_; }

 private:
  LineSource(gzFile file, int64_t file_bytes) : file_(file), file_bytes_(file_bytes) {}
  bool Fill();

  gzFile file_;
  int64_t file_bytes_;
  std::string buffer_;
  size_t at_ = 0;
  bool ended_ = false;
  int64_t number_ = 0;
  absl::Status status_;
};

}  // namespace touchstone::server
