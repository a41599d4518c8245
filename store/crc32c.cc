#include "store/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace touchstone::store {
namespace {

constexpr uint32_t kReflectedPolynomial = 0x82f63b78;

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

uint32_t ExtendByTable(uint32_t state, absl::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = MakeTable();
  for (const char c : bytes) {
    state = (state >> 8) ^ kTable[(state ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t ExtendByInstruction(uint32_t state,
                                                               absl::string_view bytes) {
  uint64_t wide = state;
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    wide = _mm_crc32_u64(wide, word);
    bytes.remove_prefix(8);
  }
  state = static_cast<uint32_t>(wide);
  for (const char c : bytes) state = _mm_crc32_u8(state, static_cast<unsigned char>(c));
  return state;
}
#endif

using Extend = uint32_t (*)(uint32_t, absl::string_view);

Extend Choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ExtendByInstruction;
#endif
  return ExtendByTable;
}

}  // namespace

uint32_t ExtendCrc32c(uint32_t crc, absl::string_view bytes) {
  static const Extend kExtend = Choose();
  return ~kExtend(~crc, bytes);
}

}  // namespace touchstone::store
