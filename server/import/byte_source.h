#pragma once

// The bytes of a file as they were before somebody compressed it: gzip and zstd are unpacked,
// anything else is read as it is.
//
// What a file is, its first bytes say; a name that ends in .zst must hold what it promises.
// Thread safety: for one thread. Errors: NotFound when the file cannot be read, DataLoss for one
// that is damaged or ends too early. Memory: a window of the format, at most 128 MiB for zstd,
// where a file that wants more is refused.

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace touchstone::server {

class ByteSource {
 public:
  static absl::StatusOr<std::unique_ptr<ByteSource>> Open(const std::string& path);
  virtual ~ByteSource() = default;

  // At most `size` bytes to `buffer`; 0 at the end of the file only. REQUIRES: size > 0.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
  // How far the file itself has been read, in bytes.
  virtual int64_t offset() const = 0;
};

}  // namespace touchstone::server
