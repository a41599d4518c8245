#pragma once

// Tokens of shown offers: which offer of which decision, sealed by the server's secret key.
//
// A token holds all that recording an outcome needs, so that outcomes are recorded without reading
// the decision's receipt. It is opaque: a synthetic-IV construction (RFC 5297 in shape) whose tag
// is HMAC-SHA256 over the content, cut to 128 bits, and whose encryption is AES-256-CTR under that
// tag. The same content gives the same token; nobody without the key can read or make one.
//
// Thread safety: TokenKey is const; a TokenSealer belongs to one thread.
// Cost: Seal under a microsecond, no allocation once `token` has grown.

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace touchstone::server {

inline constexpr size_t kMaxTokenBytes = 256;
inline constexpr size_t kTokenKeyBytes = 32;

// What a token says. Names are at most 64 bytes.
struct ShownToken {
  absl::string_view decision_id;
  absl::string_view offer_id;
  absl::string_view customer_id;  // empty: an anonymous decision
  uint32_t placement = 0;         // StableId of its name
  uint32_t channel = 0;           // StableId of its name
  uint16_t position = 0;          // from 1
  uint64_t transaction = 0;       // TransactionHash
  bool outbound = false;
  bool live = false;  // not TRAINING or PREVIEW: outcomes count
};

// The secret of a data folder: of tokens, and of what else is made under a key of its own.
class TokenKey {
 public:
  // REQUIRES: kTokenKeyBytes of secret.
  explicit TokenKey(absl::string_view secret);
  // Reads the key file, or makes one with fresh random bytes, readable by its owner only.
  static absl::StatusOr<TokenKey> LoadOrCreate(const std::string& path);

  // Of the codes that the server issues.
  const std::string& for_codes() const { return make_codes_; }

 private:
  friend class TokenSealer;
  std::string authenticate_;  // derived, one key a purpose
  std::string encrypt_;
  std::string make_codes_;
};

class TokenSealer {
 public:
  explicit TokenSealer(const TokenKey& key);

  void Seal(const ShownToken& content, std::string* token);
  // Nothing for text that this key did not seal. The views point into the sealer until its next
  // use.
  std::optional<ShownToken> Open(absl::string_view token);

 private:
  struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };

  void Tag(absl::string_view content, unsigned char* tag);
  void Crypt(const unsigned char* tag, std::string* content);

  // The digests of HMAC, each behind the key's block.
  SHA256_CTX inner_;
  SHA256_CTX outer_;
  std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> cipher_;
  std::string content_;
  std::string sealed_;
};

}  // namespace touchstone::server
