// The plain SHA-256 functions are the only ones whose state can be copied without allocating; EVP's
// copy allocates, and beginning anew digests the key's block again for each of HMAC's two digests.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "server/decide/token.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/decide/hmac.h"

namespace touchstone::server {
namespace {

constexpr size_t kTagBytes = 16;
constexpr size_t kBlockBytes = 64;
constexpr size_t kMaxNameBytes = 64;

// The first byte: flags below, version above. Together with names of full length and a decision id
// of ours a token has just kMaxTokenBytes.
constexpr uint8_t kOutbound = 1;
constexpr uint8_t kLive = 2;
constexpr uint8_t kFlags = 15;
constexpr uint8_t kVersion = 1 << 4;

template <typename T>
void AppendNumber(T value, std::string* out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}

void AppendName(absl::string_view name, std::string* out) {
  out->push_back(static_cast<char>(name.size()));
  out->append(name.data(), name.size());
}

template <typename T>
bool TakeNumber(absl::string_view* from, T* value) {
  if (from->size() < sizeof(T)) return false;
  std::memcpy(value, from->data(), sizeof(T));
  from->remove_prefix(sizeof(T));
  return true;
}

bool TakeName(absl::string_view* from, absl::string_view* name) {
  uint8_t size = 0;
  if (!TakeNumber(from, &size) || size > kMaxNameBytes || from->size() < size) return false;
  *name = from->substr(0, size);
  from->remove_prefix(size);
  return true;
}

std::string Derive(absl::string_view secret, absl::string_view purpose) {
  const HmacDigest key = HmacSha256(secret, purpose);
  return std::string(key.begin(), key.end());
}

// SHA-256 that has digested the key's block, each byte of it combined with `with`.
SHA256_CTX BehindKey(absl::string_view key, unsigned char with) {
  unsigned char block[kBlockBytes];
  std::memset(block, with, sizeof(block));
  for (size_t i = 0; i < key.size(); ++i) block[i] ^= static_cast<unsigned char>(key[i]);
  SHA256_CTX digest;
  SHA256_Init(&digest);
  SHA256_Update(&digest, block, sizeof(block));
  return digest;
}

absl::Status FileError(absl::string_view what, const std::string& path) {
  return absl::UnavailableError(absl::StrCat(what, " ", path, ": ", std::strerror(errno)));
}

// The whole file, or nothing when there is none.
absl::StatusOr<std::optional<std::string>> ReadKeyFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return FileError("cannot open", path);
  }
  std::string secret(kTokenKeyBytes + 1, '\0');
  const ssize_t size = read(file, secret.data(), secret.size());
  close(file);
  if (size != static_cast<ssize_t>(kTokenKeyBytes)) {
    return absl::DataLossError(absl::StrCat(path, " is not a key of ", kTokenKeyBytes, " bytes"));
  }
  secret.resize(kTokenKeyBytes);
  return std::optional<std::string>(std::move(secret));
}

// Whole or not at all: a key that a crash tore would be refused at every later start.
absl::Status WriteKeyFile(const std::string& path, absl::string_view secret) {
  const std::string draft = path + ".new";
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return FileError("cannot create", draft);
  const bool written =
      write(file, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) &&
      fsync(file) == 0;
  close(file);
  if (!written) return FileError("cannot write", draft);
  if (rename(draft.c_str(), path.c_str()) != 0) return FileError("cannot rename", draft);
  return absl::OkStatus();
}

}  // namespace

TokenKey::TokenKey(absl::string_view secret)
    : authenticate_(Derive(secret, "touchstone token authentication")),
      encrypt_(Derive(secret, "touchstone token encryption")),
      make_codes_(Derive(secret, "touchstone codes")) {}

absl::StatusOr<TokenKey> TokenKey::LoadOrCreate(const std::string& path) {
  absl::StatusOr<std::optional<std::string>> secret = ReadKeyFile(path);
  if (!secret.ok()) return secret.status();
  if (secret->has_value()) return TokenKey(**secret);
  std::string fresh(kTokenKeyBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(fresh.data()), kTokenKeyBytes) != 1) {
    return absl::InternalError("no random bytes for the token key");
  }
  if (absl::Status written = WriteKeyFile(path, fresh); !written.ok()) return written;
  return TokenKey(fresh);
}

TokenSealer::TokenSealer(const TokenKey& key)
    : inner_(BehindKey(key.authenticate_, 0x36)),
      outer_(BehindKey(key.authenticate_, 0x5c)),
      cipher_(EVP_CIPHER_CTX_new()) {
  EVP_EncryptInit_ex(cipher_.get(), EVP_aes_256_ctr(), nullptr,
                     reinterpret_cast<const unsigned char*>(key.encrypt_.data()), nullptr);
}

// HMAC-SHA256, whose two digests begin behind the key's block.
void TokenSealer::Tag(absl::string_view content, unsigned char* tag) {
  unsigned char digest[kHmacBytes];
  SHA256_CTX inner = inner_;
  SHA256_Update(&inner, content.data(), content.size());
  SHA256_Final(digest, &inner);
  SHA256_CTX outer = outer_;
  SHA256_Update(&outer, digest, sizeof(digest));
  SHA256_Final(digest, &outer);
  std::memcpy(tag, digest, kTagBytes);
}

// Counter mode is its own inverse.
void TokenSealer::Crypt(const unsigned char* tag, std::string* content) {
  auto* bytes = reinterpret_cast<unsigned char*>(content->data());
  int size = 0;
  EVP_EncryptInit_ex(cipher_.get(), nullptr, nullptr, nullptr, tag);
  EVP_EncryptUpdate(cipher_.get(), bytes, &size, bytes, static_cast<int>(content->size()));
}

void TokenSealer::Seal(const ShownToken& content, std::string* token) {
  content_.clear();
  content_.push_back(static_cast<char>(kVersion | (content.outbound ? kOutbound : 0) |
                                       (content.live ? kLive : 0)));
  AppendNumber(content.placement, &content_);
  AppendNumber(content.channel, &content_);
  AppendNumber(content.position, &content_);
  AppendNumber(content.transaction, &content_);
  AppendName(content.decision_id, &content_);
  AppendName(content.offer_id, &content_);
  AppendName(content.customer_id, &content_);
  unsigned char tag[kTagBytes];
  Tag(content_, tag);
  Crypt(tag, &content_);
  sealed_.assign(reinterpret_cast<const char*>(tag), kTagBytes);
  sealed_.append(content_);
  absl::WebSafeBase64Escape(sealed_, token);
}

std::optional<ShownToken> TokenSealer::Open(absl::string_view token) {
  if (token.size() > kMaxTokenBytes || !absl::WebSafeBase64Unescape(token, &sealed_) ||
      sealed_.size() < kTagBytes) {
    return std::nullopt;
  }
  const auto* tag = reinterpret_cast<const unsigned char*>(sealed_.data());
  content_.assign(sealed_, kTagBytes);
  Crypt(tag, &content_);
  unsigned char expected[kTagBytes];
  Tag(content_, expected);
  if (CRYPTO_memcmp(tag, expected, kTagBytes) != 0) return std::nullopt;

  absl::string_view left = content_;
  uint8_t flags = 0;
  ShownToken content;
  if (!TakeNumber(&left, &flags) || (flags & ~kFlags) != kVersion ||
      !TakeNumber(&left, &content.placement) || !TakeNumber(&left, &content.channel) ||
      !TakeNumber(&left, &content.position) || !TakeNumber(&left, &content.transaction) ||
      !TakeName(&left, &content.decision_id) || !TakeName(&left, &content.offer_id) ||
      !TakeName(&left, &content.customer_id) || !left.empty()) {
    return std::nullopt;
  }
  content.outbound = (flags & kOutbound) != 0;
  content.live = (flags & kLive) != 0;
  return content;
}

}  // namespace touchstone::server
