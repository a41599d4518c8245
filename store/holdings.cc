#include "store/holdings.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "store/keys.h"
#include "store/links.h"
#include "store/record.h"

namespace touchstone::store {

using storage::Claim;
using storage::ClaimRequest;
using storage::EntryResult;
using storage::Reservation;

namespace {

bool IsLimit(const Claim& claim) { return claim.kind() == Claim::KIND_LIMIT; }

absl::string_view AmountFault(const Claim& claim) {
  if (claim.count() < 1 || claim.count() > kMaxClaimCount) return "claim: 1 to 1,000,000,000 uses";
  if (claim.amount_minor() < 0 || claim.amount_minor() > kMaxClaimMinor) {
    return "claim: no amount below zero, none above 10^15";
  }
  if (claim.amount_minor() > 0 && claim.currency().empty()) {
    return "claim: an amount has a currency";
  }
  return "";
}

// A contact stands for one use of an offer by a transaction; neither may be "any".
absl::string_view LimitFault(const Claim& claim, absl::string_view customer_id,
                             uint64_t transaction) {
  if (customer_id.empty()) return "claim: a limit is of a customer";
  if (claim.count() != 1) return "claim: one use of a limit";
  if (claim.offer() == 0 || transaction == 0)
    return "claim: of a limit, without offer or transaction";
  return "";
}

absl::string_view CodeFault(const Claim& claim) {
  if (claim.count() != 1) return "claim: one use of a code or grant";
  if (claim.amount_minor() != 0 || claim.by_day()) {
    return "claim: of a code or grant, without money or day";
  }
  return "";
}

absl::string_view ClaimFault(const ClaimRequest& request, absl::string_view customer_id,
                             uint64_t transaction) {
  const Claim& claim = request.claim();
  if (!IsValidId(claim.id()) || !IsValidId(claim.offer_id())) {
    return "claim: ids are 1-64 bytes of [A-Za-z0-9._-]";
  }
  if (const absl::string_view fault = AmountFault(claim); !fault.empty()) return fault;
  if (IsLimit(claim)) return LimitFault(claim, customer_id, transaction);
  if (IsOfCode(claim)) return CodeFault(claim);
  if (claim.kind() != Claim::KIND_BUDGET) return "claim: of a budget, a limit, a code or a grant";
  if (request.most_uses() < 0 || request.most_minor() < 0 || request.most_minor_a_day() < 0) {
    return "claim: no bound below zero";
  }
  return "";
}

}  // namespace

absl::string_view ClaimsFault(const google::protobuf::RepeatedPtrField<ClaimRequest>& claims,
                              absl::string_view customer_id, uint64_t transaction) {
  if (claims.size() > kMaxClaims) return "claims: too many";
  absl::flat_hash_set<std::tuple<int, absl::string_view, absl::string_view>> names;
  for (const ClaimRequest& request : claims) {
    const absl::string_view fault = ClaimFault(request, customer_id, transaction);
    if (!fault.empty()) return fault;
    const Claim& claim = request.claim();
    // A return names what it restores by these. A code or grant is one offer's.
    const absl::string_view offer_id = IsOfCode(claim) ? absl::string_view() : claim.offer_id();
    if (!names.insert({claim.kind(), claim.id(), offer_id}).second) {
      return "claims: two of the same budget or limit for the same offer, or of the same code or "
             "grant";
    }
  }
  return "";
}

bool HasLimits(const google::protobuf::RepeatedPtrField<ClaimRequest>& claims) {
  return std::any_of(claims.begin(), claims.end(),
                     [](const ClaimRequest& request) { return IsLimit(request.claim()); });
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

absl::StatusOr<ContactTransactions> HeldTransactions(absl::Span<const std::string> customer_ids,
                                                     PendingWrites* writes) {
  ContactTransactions transactions;
  for (const std::string& customer_id : customer_ids) {
    const std::string prefix = HeldRow(customer_id, "");
    Database::PrefixIterator rows = writes->committed().Iterate(Family::kLedger, prefix, prefix);
    for (; rows.Valid(); rows.Next()) {
      const std::string transaction_id(rows.key().substr(prefix.size()));
      absl::StatusOr<std::optional<Reservation>> held = Holdings(transaction_id, writes).Find();
      if (!held.ok()) return held.status();
      if (held->has_value()) transactions.insert((*held)->transaction());
    }
    if (!rows.status().ok()) return rows.status();
  }
  return transactions;
}

absl::StatusOr<ContactTransactions> ReturnedTransactions(absl::Span<const std::string> customer_ids,
                                                         PendingWrites* writes) {
  ContactTransactions transactions;
  for (const std::string& customer_id : customer_ids) {
    const std::string prefix = CustomerSalesPrefix(customer_id);
    Database::PrefixIterator rows = writes->committed().Iterate(Family::kSales, prefix, prefix);
    for (; rows.Valid(); rows.Next()) {
      const absl::string_view transaction_id = rows.key().substr(prefix.size() + sizeof(uint64_t));
      absl::StatusOr<std::optional<storage::StoredSale>> sale =
          ReadMessage<storage::StoredSale>(Family::kSales, SaleRow(transaction_id), writes);
      if (!sale.ok()) return sale.status();
      if (sale->has_value() && (*sale)->version() > 1) transactions.insert((*sale)->transaction());
    }
    if (!rows.status().ok()) return rows.status();
  }
  return transactions;
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

absl::Status Holdings::GiveBack(const Reservation& held, Budgets* budgets, Codes* codes) {
  if (!IsHeld(held)) return absl::OkStatus();
  const CodeHolder holder = {transaction_id_, held.transaction()};
  for (const Claim& claim : held.claims()) {
    absl::Status released = absl::OkStatus();
    if (claim.kind() == Claim::KIND_BUDGET) released = budgets->Release(claim);
    if (IsOfCode(claim)) released = codes->Release(claim, holder);
    if (!released.ok()) return released;
  }
  return RemoveReserved(held);
}

absl::Status Holdings::RemoveReserved(const Reservation& held) {
  if (std::none_of(held.claims().begin(), held.claims().end(), IsLimit)) return absl::OkStatus();
  const absl::StatusOr<std::string> customer = CustomerNow(held.customer_id(), writes_);
  if (!customer.ok()) return customer.status();
  if (customer->empty()) return absl::OkStatus();
  RecordPatch patch;
  patch.RemoveContacts(held.transaction(), 0, ContactKind::kReserved);
  MergeAndBump(kCustomer, *customer, patch.bytes(), writes_);
  return absl::OkStatus();
}

Reservation Holdings::Ended(Reservation::State state, int32_t step) const {
  Reservation ended;
  ended.set_state(state);
  ended.set_step(step);
  ended.set_expire_us(now_us() + kKeepEndedUs);
  return ended;
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
