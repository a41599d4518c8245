#include "server/decide/presented_codes.h"

namespace touchstone::server {

using rules::CodeStanding;

CodeStanding Judge(const FoundCode& code, absl::Time now, absl::string_view customer_id) {
  const ::touchstone::storage::v1::Code& row = code.row;
  const int64_t now_us = absl::ToUnixMicros(now);
  if (row.revoked()) return CodeStanding::kRevoked;
  if (now_us < row.start_us()) return CodeStanding::kNotYetValid;
  if (row.end_us() != 0 && now_us >= row.end_us()) return CodeStanding::kExpired;
  if (!code.owner.empty() && code.owner != customer_id) return CodeStanding::kNotYours;
  // What the transaction holds is given back before it claims again.
  if (code.held_here) return CodeStanding::kValid;
  const int64_t sold = row.committed() + row.overrun();
  if (sold >= row.most_uses()) return CodeStanding::kUsed;
  return sold + row.reserved() >= row.most_uses() ? CodeStanding::kReservedElsewhere
                                                  : CodeStanding::kValid;
}

void JudgeCodes(absl::Span<const FoundCode> found, size_t presented, absl::Time now,
                absl::string_view customer_id, std::vector<JudgedCode>* judged) {
  judged->assign(presented, JudgedCode());
  for (size_t i = 0; i < found.size(); ++i) {
    JudgedCode& code = (*judged)[i];
    if (found[i].found == store::Found::kNotFound) code.standing = CodeStanding::kUnknown;
    if (found[i].found != store::Found::kFound) continue;
    code.standing = Judge(found[i], now, customer_id);
    code.offer_id = found[i].row.offer_id();
  }
}

}  // namespace touchstone::server
