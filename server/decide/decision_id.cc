#include "server/decide/decision_id.h"

#include <algorithm>

namespace touchstone::server {
namespace {

// No i, l, o, u: nobody misreads an id on the phone.
constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr uint32_t kThreadBits = 10;
constexpr uint32_t kCountBits = 32 - kThreadBits;

}  // namespace

DecisionIds::DecisionIds(uint64_t process, uint32_t thread)
    : process_(process & ((uint64_t{1} << 48) - 1)), thread_(thread) {}

absl::string_view DecisionIds::Next(absl::Time now) {
  // 2^22 decisions of one thread within a millisecond would repeat an id; one takes microseconds.
  count_ = (count_ + 1) & ((uint32_t{1} << kCountBits) - 1);
  const auto millis = static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMillis(now)));
  uint64_t high = (millis << 16) | (process_ >> 32);
  uint64_t low = (process_ << 32) | (uint64_t{thread_} << kCountBits) | count_;
  for (size_t i = kDecisionIdBytes; i-- > 0;) {
    text_[i] = kDigits[low & 31];
    low = (low >> 5) | (high << 59);
    high >>= 5;
  }
  return absl::string_view(text_, kDecisionIdBytes);
}

}  // namespace touchstone::server
