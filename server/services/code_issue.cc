#include "server/services/code_issue.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "server/decide/hmac.h"

namespace touchstone::server {
namespace {

// No I, L, O, U: nobody misreads a code on paper.
constexpr absl::string_view kSymbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr unsigned kSymbolBits = 5;
constexpr unsigned kPolynomial = 0b100101;  // x^5 + x^2 + 1
constexpr size_t kCodesOfDigest = kHmacBytes / sizeof(uint64_t);

// The field element that a symbol stands for; kSymbols.size() for what is none.
unsigned ElementOf(char symbol) {
  const size_t at = kSymbols.find(symbol);
  return static_cast<unsigned>(at == absl::string_view::npos ? kSymbols.size() : at);
}

unsigned TimesX(unsigned element) {
  element <<= 1;
  return (element >> kSymbolBits) != 0 ? element ^ kPolynomial : element;
}

}  // namespace

char CheckSymbol(absl::string_view symbols) {
  unsigned sum = 0;
  for (size_t i = symbols.size(); i-- > 0;) sum = TimesX(sum ^ ElementOf(symbols[i]));
  return kSymbols[sum];
}

bool HasRightCheckSymbol(absl::string_view code) {
  if (code.size() < kIssuedCodeBytes) return false;
  code.remove_prefix(code.size() - kIssuedCodeBytes);
  for (const char symbol : code) {
    if (ElementOf(symbol) == kSymbols.size()) return false;
  }
  return code.back() == CheckSymbol(code.substr(0, kRandomSymbols));
}

std::vector<std::string> CodeMaker::Make(absl::string_view request_id, absl::string_view prefix,
                                         size_t count) const {
  std::vector<std::string> codes;
  codes.reserve(count);
  HmacDigest digest = {};
  for (size_t i = 0; i < count; ++i) {
    const size_t part = i % kCodesOfDigest;
    if (part == 0) digest = HmacSha256(key_, absl::StrCat(request_id, "/", i / kCodesOfDigest));
    uint64_t bits = 0;
    std::memcpy(&bits, digest.data() + part * sizeof(bits), sizeof(bits));
    std::string& code = codes.emplace_back(prefix);
    for (size_t symbol = 0; symbol < kRandomSymbols; ++symbol) {
      code.push_back(kSymbols[bits % kSymbols.size()]);
      bits >>= kSymbolBits;
    }
    code.push_back(CheckSymbol(absl::string_view(code).substr(prefix.size())));
  }
  return codes;
}

}  // namespace touchstone::server
