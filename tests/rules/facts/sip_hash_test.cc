#include "rules/facts/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace touchstone::rules {
namespace {

// Key 00 01 02 ... 0f and inputs 00 01 02 ..., as in the authors' vectors.
constexpr SipKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string Counting(size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

TEST(SipHashTest, GivesThePublished64BitVectors) {
  EXPECT_EQ(SipHash64(kKey, Counting(0)), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(SipHash64(kKey, Counting(1)), 0x74f839c593dc67fdu);
  EXPECT_EQ(SipHash64(kKey, Counting(8)), 0x93f5f5799a932462u);
  EXPECT_EQ(SipHash64(kKey, Counting(15)), 0xa129ca6149be45e5u);
}

TEST(SipHashTest, GivesThePublished128BitVectors) {
  EXPECT_EQ(SipHash128(kKey, Counting(0)), (Hash128{0xe6a825ba047f81a3, 0x930255c71472f66d}));
  EXPECT_EQ(SipHash128(kKey, Counting(1)), (Hash128{0x44af996bd8c187da, 0x45fc229b11597634}));
}

TEST(SipHashTest, DiffersForEveryChangedByte) {
  const std::string bytes = Counting(300);
  const Hash128 hash = SipHash128(kKey, bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_NE(SipHash128(kKey, other), hash) << "byte " << i;
  }
}

}  // namespace
}  // namespace touchstone::rules
