#include "store/codes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/holdings.h"
#include "store/keys.h"
#include "store/links.h"

namespace touchstone::store {

using storage::Claim;
using storage::Code;

absl::string_view TermsFault(const Code& terms) {
  if (!IsValidId(terms.offer_id())) return "terms.offer_id: 1-64 bytes of [A-Za-z0-9._-]";
  if (!terms.customer_id().empty() && !IsValidId(terms.customer_id())) {
    return "terms.customer_id: empty, or a valid id";
  }
  if (!terms.batch().empty() && !IsValidId(terms.batch())) {
    return "terms.batch: 0-64 bytes of [A-Za-z0-9._-]";
  }
  if (terms.most_uses() < 1 || terms.most_uses() > kMaxClaimCount) {
    return "terms.most_uses: 1 to 1,000,000,000";
  }
  if (terms.end_us() != 0 && terms.end_us() <= terms.start_us()) {
    return "terms.end_us: behind the start";
  }
  if (terms.revoked() || terms.committed() != 0 || terms.reserved() != 0 || terms.overrun() != 0 ||
      !terms.holders().empty()) {
    return "terms: of a code that nobody has used";
  }
  if (terms.terms() != 0 && !terms.is_grant()) return "terms.terms: of a grant";
  return "";
}

bool HasTermsOfOwner(const Code& code, const Code& terms) {
  return code.offer_id() == terms.offer_id() && code.offer() == terms.offer() &&
         code.start_us() == terms.start_us() && code.end_us() == terms.end_us() &&
         code.most_uses() == terms.most_uses() && code.batch() == terms.batch() &&
         code.customer_id().empty() == terms.customer_id().empty();
}

absl::StatusOr<bool> HasTerms(const Code& code, const Code& terms, PendingWrites* writes) {
  if (!HasTermsOfOwner(code, terms)) return false;
  if (terms.customer_id().empty()) return true;
  const absl::StatusOr<std::string> owner = SurvivorOf(code.customer_id(), writes);
  if (!owner.ok()) return owner.status();
  return *owner == terms.customer_id();
}

absl::StatusOr<bool> Codes::Reserve(const Claim& claim, const CodeHolder& holder,
                                    const CodeBearer& bearer) {
  absl::StatusOr<std::optional<Code>> code =
      ReadMessage<Code>(Family::kLedger, CodeRow(claim.id()), writes_);
  if (!code.ok()) return code.status();
  if (!code->has_value()) return false;
  const absl::StatusOr<bool> can_claim = CanClaim(claim, **code, bearer);
  if (!can_claim.ok() || !*can_claim) return can_claim;
  (*code)->set_reserved((*code)->reserved() + claim.count());
  if ((*code)->is_grant()) (*code)->add_holders(holder.transaction);
  writes_->Put(Family::kLedger, CodeHoldRow(claim.id(), holder.transaction_id), "");
  if (absl::Status written = Write(claim, **code); !written.ok()) return written;
  return true;
}

absl::Status Codes::Release(const Claim& claim, const CodeHolder& holder) {
  absl::StatusOr<Code> code = ReadClaimed(claim);
  if (!code.ok()) return code.status();
  Unhold(claim, holder, &*code);
  return Write(claim, *code);
}

absl::Status Codes::Commit(const Claim& claim, const CodeHolder& holder) {
  absl::StatusOr<Code> code = ReadClaimed(claim);
  if (!code.ok()) return code.status();
  Unhold(claim, holder, &*code);
  code->set_committed(code->committed() + claim.count());
  return Write(claim, *code);
}

absl::StatusOr<Codes::Booked> Codes::Book(const Claim& claim, const CodeBearer& bearer) {
  absl::StatusOr<std::optional<Code>> code =
      ReadMessage<Code>(Family::kLedger, CodeRow(claim.id()), writes_);
  if (!code.ok()) return code.status();
  if (!code->has_value()) return Booked::kUnknown;
  const absl::StatusOr<bool> can_claim = CanClaim(claim, **code, bearer);
  if (!can_claim.ok()) return can_claim.status();
  if (*can_claim) {
    (*code)->set_committed((*code)->committed() + claim.count());
  } else {
    (*code)->set_overrun((*code)->overrun() + claim.count());
  }
  if (absl::Status written = Write(claim, **code); !written.ok()) return written;
  return *can_claim ? Booked::kFits : Booked::kOverrun;
}

absl::Status Codes::Restore(const Claim& claim) {
  absl::StatusOr<Code> code = ReadClaimed(claim);
  if (!code.ok()) return code.status();
  const int64_t of_overrun = std::min(claim.count(), code->overrun());
  code->set_overrun(code->overrun() - of_overrun);
  code->set_committed(code->committed() + of_overrun - claim.count());
  return Write(claim, *code);
}

void Codes::Unhold(const Claim& claim, const CodeHolder& holder, Code* code) {
  code->set_reserved(code->reserved() - claim.count());
  auto* holders = code->mutable_holders();
  const auto at = std::find(holders->begin(), holders->end(), holder.transaction);
  if (at != holders->end()) holders->erase(at);
  writes_->Delete(Family::kLedger, CodeHoldRow(claim.id(), holder.transaction_id));
}

absl::StatusOr<Code> Codes::ReadClaimed(const Claim& claim) {
  absl::StatusOr<std::optional<Code>> code =
      ReadMessage<Code>(Family::kLedger, CodeRow(claim.id()), writes_);
  if (!code.ok()) return code.status();
  if (!code->has_value()) return absl::DataLossError("ledger: a claimed code is not there");
  return **std::move(code);
}

absl::StatusOr<bool> Codes::CanClaim(const Claim& claim, const Code& code,
                                     const CodeBearer& bearer) {
  if (code.is_grant() != (claim.kind() == Claim::KIND_GRANT)) return false;
  if (code.revoked() || code.offer_id() != claim.offer_id()) return false;
  if (bearer.time_us < code.start_us()) return false;
  if (code.end_us() != 0 && bearer.time_us >= code.end_us()) return false;
  if (code.committed() + code.reserved() + code.overrun() + claim.count() > code.most_uses()) {
    return false;
  }
  if (code.customer_id().empty()) return true;
  if (bearer.customer_id.empty()) return false;
  const absl::StatusOr<std::string> owner = SurvivorOf(code.customer_id(), writes_);
  if (!owner.ok()) return owner.status();
  return *owner == bearer.customer_id;
}

absl::Status Codes::Write(const Claim& claim, const Code& code) {
  if (code.reserved() < 0 || code.committed() < 0) {
    return absl::DataLossError("ledger: a code holds less than its claims");
  }
  writes_->Put(Family::kLedger, CodeRow(claim.id()), code.SerializeAsString());
  return code.is_grant() ? sections_.Update(claim.id(), code) : absl::OkStatus();
}

}  // namespace touchstone::store
