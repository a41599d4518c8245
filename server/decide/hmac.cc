#include "server/decide/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace touchstone::server {

HmacDigest HmacSha256(absl::string_view key, absl::string_view text) {
  HmacDigest digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return digest;
}

}  // namespace touchstone::server
