#pragma once

// Lines of a file, compressed or not; a byte order mark at its beginning is left out.
//
// Thread safety: for one thread. Errors: status() says why the lines ended early. Memory: a chunk
// of the file and one line, however long it is in the file.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/import/byte_source.h"

namespace touchstone::server {

inline constexpr size_t kMaxLineBytes = size_t{1} << 20;

class LineSource {
 public:
  static absl::StatusOr<std::unique_ptr<LineSource>> Open(const std::string& path);

  // Without its line break. Of a line of more than kMaxLineBytes, one byte more than that. False at
  // the end.
  bool Next(std::string* line);
  // Of the line that Next gave last, from 1.
  int64_t number() const { return number_; }
  // Of the file, how much has been read.
  double fraction() const { return fraction_; }
  const absl::Status& status() const { return status_; }

 private:
  LineSource(std::unique_ptr<ByteSource> bytes, int64_t file_bytes)
      : bytes_(std::move(bytes)), file_bytes_(file_bytes) {}
  bool Fill();

  std::unique_ptr<ByteSource> bytes_;
  int64_t file_bytes_;
  double fraction_ = 0;
  std::string buffer_;
  size_t at_ = 0;
  bool ended_ = false;
  int64_t number_ = 0;
  absl::Status status_;
};

}  // namespace touchstone::server
