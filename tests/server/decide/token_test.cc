#include "server/decide/token.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::server {
namespace {

ShownToken Content() {
  ShownToken content;
  content.decision_id = "01hx5v4c8e0000000000000001";
  content.offer_id = "beans-20";
  content.customer_id = "c-1";
  content.placement = 7;
  content.channel = 9;
  content.position = 2;
  content.transaction = 0x1234567890abcdef;
  content.live = true;
  return content;
}

std::string Sealed(const ShownToken& content, const TokenKey& key) {
  TokenSealer sealer(key);
  std::string token;
  sealer.Seal(content, &token);
  return token;
}

std::string Hmac(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

template <typename T>
std::string BytesOf(T number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

std::string Named(absl::string_view name) {
  return static_cast<char>(name.size()) + std::string(name);
}

// The construction as token.h describes it, with the library's own HMAC and a cipher a token.
std::string PlainToken(const ShownToken& content, const std::string& secret) {
  std::string text = {static_cast<char>(16 | (content.outbound ? 1 : 0) | (content.live ? 2 : 0))};
  text += BytesOf(content.placement) + BytesOf(content.channel) + BytesOf(content.position) +
          BytesOf(content.transaction) + Named(content.decision_id) + Named(content.offer_id) +
          Named(content.customer_id);
  const std::string tag = Hmac(Hmac(secret, "touchstone token authentication"), text).substr(0, 16);
  const std::string key = Hmac(secret, "touchstone token encryption");
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  int size = 0;
  auto* bytes = reinterpret_cast<unsigned char*>(text.data());
  EVP_EncryptInit_ex(cipher, EVP_aes_256_ctr(), nullptr,
                     reinterpret_cast<const unsigned char*>(key.data()),
                     reinterpret_cast<const unsigned char*>(tag.data()));
  EVP_EncryptUpdate(cipher, bytes, &size, bytes, static_cast<int>(text.size()));
  EVP_CIPHER_CTX_free(cipher);
  return absl::WebSafeBase64Escape(tag + text);
}

TEST(TokenTest, IsHmacOverTheContentAndTheContentEncryptedUnderIt) {
  constexpr uint64_t kSeed = 20261122;
  std::mt19937_64 random(kSeed);
  const TokenKey key("secret");
  TokenSealer sealer(key);
  std::string token;
  for (int turn = 0; turn < 2000; ++turn) {
    const std::string names[] = {std::string(random() % 27, 'd'), std::string(random() % 65, 'o'),
                                 std::string(random() % 65, 'c')};
    ShownToken content;
    content.decision_id = names[0];
    content.offer_id = names[1];
    content.customer_id = names[2];
    content.placement = static_cast<uint32_t>(random());
    content.channel = static_cast<uint32_t>(random());
    content.position = static_cast<uint16_t>(random());
    content.transaction = random();
    content.outbound = random() % 2 == 0;
    content.live = random() % 2 == 0;
    sealer.Seal(content, &token);
    ASSERT_EQ(token, PlainToken(content, "secret")) << "turn " << turn << ", seed " << kSeed;
    if (turn % 3 == 0) {
      ASSERT_TRUE(sealer.Open(token).has_value());
    }
  }
}

TEST(TokenTest, OpensToWhatWasSealed) {
  const TokenKey key("secret");
  TokenSealer sealer(key);
  const std::optional<ShownToken> opened = sealer.Open(Sealed(Content(), key));
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->decision_id, "01hx5v4c8e0000000000000001");
  EXPECT_EQ(opened->offer_id, "beans-20");
  EXPECT_EQ(opened->customer_id, "c-1");
  EXPECT_EQ(opened->placement, 7u);
  EXPECT_EQ(opened->channel, 9u);
  EXPECT_EQ(opened->position, 2);
  EXPECT_EQ(opened->transaction, 0x1234567890abcdefu);
  EXPECT_TRUE(opened->live);
  EXPECT_FALSE(opened->outbound);
}

TEST(TokenTest, IsTheSameForTheSameContentAndAnotherForEachPosition) {
  const TokenKey key("secret");
  ShownToken next = Content();
  next.position = 3;
  EXPECT_EQ(Sealed(Content(), key), Sealed(Content(), key));
  EXPECT_NE(Sealed(Content(), key), Sealed(next, key));
}

TEST(TokenTest, RefusesEveryChangedCharacter) {
  const TokenKey key("secret");
  TokenSealer sealer(key);
  const std::string token = Sealed(Content(), key);
  for (size_t i = 0; i + 1 < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(sealer.Open(forged).has_value()) << "character " << i;
  }
  EXPECT_TRUE(sealer.Open(token).has_value());
}

TEST(TokenTest, RefusesTextThatIsNoToken) {
  TokenSealer sealer(TokenKey("secret"));
  EXPECT_FALSE(sealer.Open("").has_value());
  EXPECT_FALSE(sealer.Open("AAAA").has_value());
  EXPECT_FALSE(sealer.Open("not base64 !").has_value());
  EXPECT_FALSE(sealer.Open(std::string(1000, 'A')).has_value());
}

TEST(TokenTest, RefusesTheTokenOfAnotherKey) {
  TokenSealer sealer(TokenKey("another secret"));
  EXPECT_FALSE(sealer.Open(Sealed(Content(), TokenKey("secret"))).has_value());
}

TEST(TokenTest, HidesTheCustomer) {
  std::string bytes = Sealed(Content(), TokenKey("secret"));
  EXPECT_EQ(bytes.find("c-1"), std::string::npos);
}

TEST(TokenTest, FitsTheContractWithNamesOfFullLength) {
  const TokenKey key("secret");
  const std::string name(64, 'x');
  ShownToken content = Content();
  content.offer_id = name;
  content.customer_id = name;
  const std::string token = Sealed(content, key);
  EXPECT_LE(token.size(), kMaxTokenBytes);
  TokenSealer sealer(key);
  const std::optional<ShownToken> opened = sealer.Open(token);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->customer_id, name);
}

TEST(TokenKeyTest, IsMadeOnceAndReadAgain) {
  const store::TemporaryDirectory directory;
  const std::string path = directory.Sub("token.key");
  const absl::StatusOr<TokenKey> made = TokenKey::LoadOrCreate(path);
  ASSERT_TRUE(made.ok());
  struct stat file = {};
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  const absl::StatusOr<TokenKey> read = TokenKey::LoadOrCreate(path);
  ASSERT_TRUE(read.ok());
  TokenSealer sealer(*read);
  EXPECT_TRUE(sealer.Open(Sealed(Content(), *made)).has_value());
}

TEST(TokenKeyTest, RefusesAFileThatIsNoKey) {
  const store::TemporaryDirectory directory;
  for (const size_t size : {size_t{0}, kTokenKeyBytes - 1, kTokenKeyBytes + 1}) {
    std::ofstream(directory.Sub("token.key"), std::ios::trunc) << std::string(size, 'k');
    EXPECT_TRUE(absl::IsDataLoss(TokenKey::LoadOrCreate(directory.Sub("token.key")).status()));
  }
}

}  // namespace
}  // namespace touchstone::server
