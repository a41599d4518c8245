#include "store/holdings.h"

#include <algorithm>
#include <utility>

#include "store/keys.h"
#include "store/links.h"
#include "store/record.h"

namespace touchstone::store {

using storage::Claim;
using storage::ClaimRequest;
using storage::EntryResult;
using storage::Reservation;

absl::string_view ClaimsFault(const google::protobuf::RepeatedPtrField<ClaimRequest>& claims,
                              absl::string_view customer_id) {
  if (claims.size() > kMaxClaims) return "claims: too many";
  for (const ClaimRequest& request : claims) {
    const Claim& claim = request.claim();
    if (!IsValidId(claim.id()) || !IsValidId(claim.offer_id())) {
      return "claim: ids are 1-64 bytes of [A-Za-z0-9._-]";
    }
    if (claim.count() < 1 || claim.amount_minor() < 0) {
      return "claim: at least one use, no amount below zero";
    }
    switch (claim.kind()) {
      case Claim::KIND_BUDGET:
        if (request.most_uses() < 0 || request.most_minor() < 0 || request.most_minor_a_day() < 0) {
          return "claim: no bound below zero";
        }
        break;
      case Claim::KIND_LIMIT:
        if (customer_id.empty()) return "claim: a limit is of a customer";
        break;
      default:
        return "claim: of a budget or a limit";
    }
  }
  return "";
}

bool HasLimits(const google::protobuf::RepeatedPtrField<ClaimRequest>& claims) {
  return std::any_of(claims.begin(), claims.end(), [](const ClaimRequest& request) {
    return request.claim().kind() == Claim::KIND_LIMIT;
  });
}

int64_t CountedForLimit(const RecordView& record, const ClaimRequest& request,
                        uint64_t transaction) {
  int64_t counted = 0;
  for (size_t i = 0; i < record.contact_count(); ++i) {
    const ContactView contact = record.contact(i);
    const bool is_use =
        contact.kind == ContactKind::kRedeemed || contact.kind == ContactKind::kReserved;
    if (is_use && contact.offer == request.claim().offer() &&
        contact.time_us >= request.from_us() && contact.transaction != transaction) {
      ++counted;
    }
  }
  return counted;
}

absl::StatusOr<std::string> CustomerNow(absl::string_view customer_id, PendingWrites* writes) {
  if (customer_id.empty()) return std::string();
  absl::StatusOr<std::string> survivor = SurvivorOf(customer_id, writes);
  if (!survivor.ok()) return survivor.status();
  const absl::StatusOr<bool> exists = writes->ContainsRecord(RecordRow(kCustomer, *survivor));
  if (!exists.ok()) return exists.status();
  return *exists ? *std::move(survivor) : std::string();
}

absl::StatusOr<std::optional<Reservation>> Holdings::Find() {
  return ReadMessage<Reservation>(Family::kLedger, ReservationRow(transaction_id_), writes_);
}

AppliedOr Holdings::CheckNames(int32_t step) const {
  if (!IsValidId(transaction_id_)) {
    return Refuse(EntryResult::REFUSAL_INVALID, "transaction_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  if (step < 1) return Refuse(EntryResult::REFUSAL_INVALID, "step: from 1");
  return EntryResult();
}

AppliedOr Holdings::CheckUnsold() {
  const absl::StatusOr<std::optional<std::string>> sale =
      writes_->Get(Family::kSales, SaleRow(transaction_id_));
  if (!sale.ok()) return sale.status();
  if (!sale->has_value()) return EntryResult();
  return Refuse(EntryResult::REFUSAL_TRANSACTION_COMMITTED, "the transaction was sold");
}

AppliedOr Holdings::FindHeld(int32_t step, Reservation* held) {
  AppliedOr refused = CheckUnsold();
  if (IsRefused(refused)) return refused;
  absl::StatusOr<std::optional<Reservation>> found = Find();
  if (!found.ok()) return found.status();
  if (!found->has_value() || (*found)->state() == Reservation::STATE_RELEASED ||
      (*found)->step() < step) {
    return Refuse(EntryResult::REFUSAL_NOT_FOUND, "nothing is reserved for this step");
  }
  if ((*found)->step() > step) {
    return Refuse(EntryResult::REFUSAL_STEP_SUPERSEDED, "a later step was reserved");
  }
  if ((*found)->state() == Reservation::STATE_EXPIRED || (*found)->expire_us() <= now_us()) {
    return Refuse(EntryResult::REFUSAL_RESERVATION_EXPIRED, "the time of the reservation is over");
  }
  *held = **std::move(found);
  return EntryResult();
}

absl::Status Holdings::GiveBack(const Reservation& held, Budgets* budgets) {
  if (!IsHeld(held)) return absl::OkStatus();
  bool has_limits = false;
  for (const Claim& claim : held.claims()) {
    if (claim.kind() == Claim::KIND_LIMIT) has_limits = true;
    if (claim.kind() != Claim::KIND_BUDGET) continue;
    if (absl::Status released = budgets->Release(claim); !released.ok()) return released;
  }
  if (!has_limits) return absl::OkStatus();
  const absl::StatusOr<std::string> customer = CustomerNow(held.customer_id(), writes_);
  if (!customer.ok()) return customer.status();
  if (customer->empty()) return absl::OkStatus();
  RecordPatch patch;
  patch.RemoveContacts(held.transaction(), 0, ContactKind::kReserved);
  MergeAndBump(kCustomer, *customer, patch.bytes(), writes_);
  return absl::OkStatus();
}

void Holdings::Write(const std::optional<Reservation>& before, const Reservation& reservation) {
  if (before.has_value()) Drop(*before);
  writes_->Put(Family::kLedger, ReservationRow(transaction_id_), reservation.SerializeAsString());
  writes_->Put(Family::kLedger, DueRow(reservation.expire_us(), transaction_id_), "");
  if (!reservation.customer_id().empty()) {
    writes_->Put(Family::kLedger, HeldRow(reservation.customer_id(), transaction_id_), "");
  }
}

void Holdings::Drop(const Reservation& reservation) {
  writes_->Delete(Family::kLedger, ReservationRow(transaction_id_));
  writes_->Delete(Family::kLedger, DueRow(reservation.expire_us(), transaction_id_));
  if (!reservation.customer_id().empty()) {
    writes_->Delete(Family::kLedger, HeldRow(reservation.customer_id(), transaction_id_));
  }
}

}  // namespace touchstone::store
