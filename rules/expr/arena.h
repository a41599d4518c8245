#pragma once

// Bump allocation for the values of one evaluation or decision. Memory is kept over Reset, so that
// a warmed-up arena asks the heap for nothing. Not thread safe. Destructors are not run: only
// trivially destructible things live here.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::rules::expr {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* Allocate(size_t bytes, size_t alignment) {
    size_t offset = (used_ + alignment - 1) & ~(alignment - 1);
    if (current_ < blocks_.size() && offset + bytes <= blocks_[current_].size) {
      used_ = offset + bytes;
      return blocks_[current_].memory.get() + offset;
    }
    return AllocateInNextBlock(bytes);
  }

  template <typename T>
  T* NewArray(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* array = static_cast<T*>(Allocate(sizeof(T) * count, alignof(T)));
    for (size_t i = 0; i < count; ++i) new (array + i) T();
    return array;
  }

  absl::string_view Copy(absl::string_view text) {
    char* bytes = static_cast<char*>(Allocate(text.size(), 1));
    if (!text.empty()) std::memcpy(bytes, text.data(), text.size());
    return absl::string_view(bytes, text.size());
  }

  // Frees nothing: the blocks are used again.
  void Reset() {
    current_ = 0;
    used_ = 0;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> memory;
    size_t size = 0;
  };
  // Blocks double up to the largest size: an arena of a program's few constants stays small, one
  // that is used for every decision soon has large blocks.
  static constexpr size_t kFirstBlockBytes = 256;
  static constexpr size_t kLargestBlockBytes = 16 * 1024;

  void* AllocateInNextBlock(size_t bytes) {
    // new char[] is aligned for every fundamental type, so offset 0 serves any alignment we ask
    // for.
    while (++current_ < blocks_.size() && blocks_[current_].size < bytes) {
    }
    if (blocks_.empty()) current_ = 0;
    if (current_ >= blocks_.size()) {
      const size_t usual = blocks_.empty() ? kFirstBlockBytes
                                           : std::min(2 * blocks_.back().size, kLargestBlockBytes);
      const size_t size = std::max(bytes, usual);
      blocks_.push_back(Block{std::make_unique_for_overwrite<char[]>(size), size});
      current_ = blocks_.size() - 1;
    }
    used_ = bytes;
    return blocks_[current_].memory.get();
  }

  std::vector<Block> blocks_;
  size_t current_ = 0;
  size_t used_ = 0;
};

}  // namespace touchstone::rules::expr
