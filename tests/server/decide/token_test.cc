#include "server/decide/token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

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
