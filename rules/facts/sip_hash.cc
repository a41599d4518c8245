#include "rules/facts/sip_hash.h"

#include <bit>
#include <cstring>

namespace touchstone::rules {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

class State {
 public:
  State(SipKey key, uint64_t tweak)
      : v0_(key.low ^ 0x736f6d6570736575u),
        v1_(key.high ^ 0x646f72616e646f6du ^ tweak),
        v2_(key.low ^ 0x6c7967656e657261u),
        v3_(key.high ^ 0x7465646279746573u) {}

  void Absorb(absl::string_view bytes) {
    const size_t words = bytes.size() / 8;
    for (size_t i = 0; i < words; ++i) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + 8 * i, 8);
      Compress(word);
    }
    uint64_t last = uint64_t{bytes.size()} << 56;
    const absl::string_view rest = bytes.substr(8 * words);
    for (size_t i = 0; i < rest.size(); ++i) {
      last |= uint64_t{static_cast<unsigned char>(rest[i])} << (8 * i);
    }
    Compress(last);
  }

  uint64_t Squeeze(uint64_t tweak_v1, uint64_t tweak_v2) {
    v1_ ^= tweak_v1;
    v2_ ^= tweak_v2;
    for (int i = 0; i < 4; ++i) Round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void Compress(uint64_t word) {
    v3_ ^= word;
    Round();
    Round();
    v0_ ^= word;
  }

  void Round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_;
  uint64_t v1_;
  uint64_t v2_;
  uint64_t v3_;
};

}  // namespace

uint64_t SipHash64(SipKey key, absl::string_view bytes) {
  State state(key, 0);
  state.Absorb(bytes);
  return state.Squeeze(0, 0xff);
}

Hash128 SipHash128(SipKey key, absl::string_view bytes) {
  State state(key, 0xee);
  state.Absorb(bytes);
  const uint64_t low = state.Squeeze(0, 0xee);
  const uint64_t high = state.Squeeze(0xdd, 0);
  return {low, high};
}

}  // namespace touchstone::rules
