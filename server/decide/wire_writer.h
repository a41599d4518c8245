#pragma once

// Writes protobuf's wire format straight into a buffer that is kept: what a message would say
// without the message.
//
// As proto3 serializes, a field of its default value is left out; the caller writes fields in
// ascending order of their numbers, which is what makes the bytes those of the deterministic
// serialisation.
// Thread safety: one a thread. Lifetime: bytes() is valid until the next write or Reset.
// Cost: the copy; no allocation once the buffer has grown. Source: protobuf's documentation of its
// encoding.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::server {

class WireWriter {
 public:
  // A submessage that is being written.
  struct Submessage {
    size_t begin = 0;         // of its content
    size_t length_bytes = 0;  // kept free before it
  };

  void Reset() { size_ = 0; }
  size_t size() const { return size_; }
  absl::string_view bytes() const { return absl::string_view(memory_.data(), size_); }

  // int32, int64 and enum fields; unsigned ones by their bits.
  void Number(int field, int64_t value) {
    if (value == 0) return;
    char* at = Room(kMaxTagBytes + kMaxVarintBytes);
    at = PutVarint(Tag(field, kVarint), at);
    Take(PutVarint(static_cast<uint64_t>(value), at));
  }
  void Flag(int field, bool value) { Number(field, value ? 1 : 0); }
  void Fixed64(int field, uint64_t value) {
    if (value == 0) return;
    char* at = PutVarint(Tag(field, kFixed64), Room(kMaxTagBytes + sizeof(value)));
    for (size_t i = 0; i < sizeof(value); ++i) *at++ = static_cast<char>(value >> (8 * i));
    Take(at);
  }
  // A packed field.
  void Fixed32s(int field, absl::Span<const uint32_t> values) {
    if (values.empty()) return;
    char* at = PutVarint(Tag(field, kDelimited), Room(kMaxTagBytes + kMaxVarintBytes));
    Take(PutVarint(4 * values.size(), at));
    for (const uint32_t value : values) {
      char* to = Room(sizeof(value));
      for (size_t i = 0; i < sizeof(value); ++i) *to++ = static_cast<char>(value >> (8 * i));
      Take(to);
    }
  }
  // string and bytes.
  void Text(int field, absl::string_view text) {
    if (!text.empty()) TextOrEmpty(field, text);
  }
  // What is written even when it is empty: elements of repeated fields, keys and values of maps.
  void TextOrEmpty(int field, absl::string_view text) {
    char* at = Room(kMaxTagBytes + kMaxVarintBytes + text.size());
    at = PutVarint(Tag(field, kDelimited), at);
    at = PutVarint(text.size(), at);
    Take(PutBytes(text, at));
  }
  // Bytes that are wire format already.
  void Raw(absl::string_view bytes) { Take(PutBytes(bytes, Room(bytes.size()))); }

  // All until End is the field's content. `length_bytes` is a guess at how many bytes its length
  // takes: a wrong one costs moving the content.
  Submessage Begin(int field, size_t length_bytes = 1) {
    char* at = PutVarint(Tag(field, kDelimited), Room(kMaxTagBytes + kMaxVarintBytes));
    Take(at + length_bytes);
    return {size_, length_bytes};
  }
  void End(Submessage message) {
    const size_t length = size_ - message.begin;
    const size_t needed = VarintBytes(length);
    if (ABSL_PREDICT_FALSE(needed != message.length_bytes)) {
      Room(kMaxVarintBytes);
      char* content = memory_.data() + message.begin;
      std::memmove(content - message.length_bytes + needed, content, length);
      size_ = size_ - message.length_bytes + needed;
    }
    PutVarint(length, memory_.data() + message.begin - message.length_bytes);
  }

 private:
  static constexpr uint32_t kVarint = 0;
  static constexpr uint32_t kFixed64 = 1;
  static constexpr uint32_t kDelimited = 2;
  static constexpr size_t kMaxTagBytes = 5;
  static constexpr size_t kMaxVarintBytes = 10;
  static constexpr size_t kFirstBytes = 4096;

  static constexpr uint32_t Tag(int field, uint32_t type) {
    return (static_cast<uint32_t>(field) << 3) | type;
  }
  static size_t VarintBytes(uint64_t value) {
    size_t bytes = 1;
    for (; value >= 0x80; value >>= 7) ++bytes;
    return bytes;
  }
  static char* PutVarint(uint64_t value, char* at) {
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    return at;
  }

  // Names are short: a call of memcpy costs more than they do.
  static char* PutBytes(absl::string_view bytes, char* at) {
    const size_t size = bytes.size();
    if (size >= 8 && size <= 16) {
      uint64_t first;
      uint64_t last;
      std::memcpy(&first, bytes.data(), sizeof(first));
      std::memcpy(&last, bytes.data() + size - sizeof(last), sizeof(last));
      std::memcpy(at, &first, sizeof(first));
      std::memcpy(at + size - sizeof(last), &last, sizeof(last));
    } else if (size > 16) {
      std::memcpy(at, bytes.data(), size);
    } else {
      for (size_t i = 0; i < size; ++i) at[i] = bytes[i];
    }
    return at + size;
  }

  // Where the next byte goes, with room for so many.
  char* Room(size_t bytes) {
    if (ABSL_PREDICT_FALSE(memory_.size() - size_ < bytes)) Grow(bytes);
    return memory_.data() + size_;
  }
  ABSL_ATTRIBUTE_NOINLINE void Grow(size_t bytes) {
    memory_.resize(std::max(kFirstBytes, 2 * (size_ + bytes)));
  }
  void Take(const char* end) { size_ = static_cast<size_t>(end - memory_.data()); }

  std::string memory_;  // only grows
  size_t size_ = 0;
};

}  // namespace touchstone::server
