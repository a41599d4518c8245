// Commands on what transactions hold: claims are made, kept, given back.

#include <utility>

#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/budgets.h"
#include "store/codes.h"
#include "store/holdings.h"
#include "store/keys.h"
#include "store/links.h"
#include "store/record.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

using storage::Claim;
using storage::ClaimRequest;
using storage::EntryResult;
using storage::Reservation;

// The contacts that stand for claims on limits: one an offer, since a record passes over a second
// one of the transaction.
void AddReserved(const storage::Reserve& command, RecordPatch* patch) {
  for (const ClaimRequest& request : command.claims()) {
    if (request.claim().kind() != Claim::KIND_LIMIT) continue;
    RecordPatch::Contact contact = {};
    contact.offer = request.claim().offer();
    contact.transaction = command.transaction();
    contact.time_us = command.time_us();
    contact.channel = command.channel();
    contact.kind = ContactKind::kReserved;
    contact.direction = static_cast<uint8_t>(command.direction());
    patch->AddContact(contact);
  }
}

// Claims on limits, and their contacts in the record of `customer_id`.
absl::Status ClaimLimits(const storage::Reserve& command, absl::string_view customer_id,
                         EntryResult* result, PendingWrites* writes) {
  if (!HasLimits(command.claims())) return absl::OkStatus();
  const auto record = Read(kCustomer, customer_id, writes);
  if (!record.ok()) return record.status();
  for (int i = 0; i < command.claims_size(); ++i) {
    const ClaimRequest& request = command.claims(i);
    if (request.claim().kind() != Claim::KIND_LIMIT) continue;
    const int64_t counted = CountedForLimit((*record)->view, request, command.transaction());
    if (counted + request.claim().count() <= request.at_most()) continue;
    result->add_refused_claims(static_cast<uint32_t>(i));
  }
  if (!result->refused_claims().empty()) return absl::OkStatus();
  RecordPatch patch;
  AddReserved(command, &patch);
  MergeAndBump(kCustomer, customer_id, patch.bytes(), writes);
  return absl::OkStatus();
}

// Whether a reservation of this step would undo what a later step, or a void, has said.
bool IsSuperseded(const std::optional<Reservation>& held, int32_t step) {
  if (!held.has_value()) return false;
  return held->state() == Reservation::STATE_RELEASED ? held->step() >= step : held->step() > step;
}

}  // namespace

AppliedOr ApplyReserve(const storage::Reserve& command, PendingWrites* writes) {
  Holdings holdings(command.transaction_id(), writes);
  AppliedOr refused = holdings.CheckNames(command.step());
  if (IsRefused(refused)) return refused;
  if (!command.customer_id().empty() && !IsValidId(command.customer_id())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "customer_id: empty, or a valid id");
  }
  const absl::string_view fault =
      ClaimsFault(command.claims(), command.customer_id(), command.transaction());
  if (!fault.empty()) return Refuse(EntryResult::REFUSAL_INVALID, fault);
  refused = holdings.CheckUnsold();
  if (IsRefused(refused)) return refused;
  absl::StatusOr<std::optional<Reservation>> held = holdings.Find();
  if (!held.ok()) return held.status();
  if (IsSuperseded(*held, command.step())) {
    return Refuse(EntryResult::REFUSAL_STEP_SUPERSEDED, "the transaction has come further");
  }
  const absl::StatusOr<std::string> customer = CustomerNow(command.customer_id(), writes);
  if (!customer.ok()) return customer.status();
  // Nothing is kept for one who was erased: no row would lead to it when it has to go.
  if (customer->empty() && !command.customer_id().empty()) {
    return Refuse(EntryResult::REFUSAL_NOT_FOUND, "no such customer");
  }
  Budgets budgets(writes);
  Codes codes(writes);
  EntryResult result;
  if (held->has_value()) {
    absl::Status given = holdings.GiveBack(**held, &budgets, &codes);
    if (!given.ok()) return given;
  }
  const CodeHolder holder = {command.transaction_id(), command.transaction()};
  const CodeBearer bearer = {*customer, holdings.now_us()};
  for (int i = 0; i < command.claims_size(); ++i) {
    const ClaimRequest& request = command.claims(i);
    if (request.claim().kind() == Claim::KIND_LIMIT) continue;
    const absl::StatusOr<bool> fits = IsOfCode(request.claim())
                                          ? codes.Reserve(request.claim(), holder, bearer)
                                          : budgets.Reserve(request);
    if (!fits.ok()) return fits.status();
    if (!*fits) result.add_refused_claims(static_cast<uint32_t>(i));
  }
  absl::Status claimed = ClaimLimits(command, *customer, &result, writes);
  if (!claimed.ok()) return claimed;
  if (!result.refused_claims().empty()) {
    result.set_refusal(EntryResult::REFUSAL_CLAIMS_REFUSED);
    result.set_refusal_detail("others took the last of what it claims");
    return result;
  }
  Reservation reservation;
  reservation.set_state(Reservation::STATE_HELD);
  reservation.set_step(command.step());
  reservation.set_expire_us(command.expire_us());
  reservation.set_customer_id(*customer);
  reservation.set_transaction(command.transaction());
  for (const ClaimRequest& request : command.claims()) *reservation.add_claims() = request.claim();
  reservation.set_body(command.body());
  reservation.set_position(writes->progress().position() + 1);
  holdings.Write(*held, reservation);
  budgets.Flush(&result);
  codes.Flush();
  result.set_answer(command.answer());
  return result;
}

AppliedOr ApplyRelease(const storage::Release& command, PendingWrites* writes) {
  Holdings holdings(command.transaction_id(), writes);
  AppliedOr refused = holdings.CheckNames(command.step());
  if (IsRefused(refused)) return refused;
  refused = holdings.CheckUnsold();
  if (IsRefused(refused)) return refused;
  absl::StatusOr<std::optional<Reservation>> held = holdings.Find();
  if (!held.ok()) return held.status();
  if (held->has_value() && (*held)->step() > command.step()) {
    return Refuse(EntryResult::REFUSAL_STEP_SUPERSEDED, "the transaction has come further");
  }
  EntryResult result;
  Budgets budgets(writes);
  Codes codes(writes);
  if (held->has_value()) {
    absl::Status given = holdings.GiveBack(**held, &budgets, &codes);
    if (!given.ok()) return given;
  }
  // Kept, so that a reservation that was sent before it and comes after it claims nothing.
  const Reservation released = holdings.Ended(Reservation::STATE_RELEASED, command.step());
  holdings.Write(*held, released);
  budgets.Flush(&result);
  codes.Flush();
  *result.mutable_reservation() = released;
  return result;
}

AppliedOr ApplySuspend(const storage::Suspend& command, PendingWrites* writes) {
  Holdings holdings(command.transaction_id(), writes);
  AppliedOr refused = holdings.CheckNames(command.step());
  if (IsRefused(refused)) return refused;
  Reservation held;
  refused = holdings.FindHeld(command.step(), &held);
  if (IsRefused(refused)) return refused;
  const std::optional<Reservation> before = held;
  held.set_state(Reservation::STATE_SUSPENDED);
  held.set_expire_us(command.expire_us());
  holdings.Write(before, held);
  EntryResult result;
  *result.mutable_reservation() = held;
  result.mutable_reservation()->clear_claims();
  result.mutable_reservation()->clear_body();
  result.set_answer(command.answer());
  return result;
}

AppliedOr ApplyExpire(const storage::Expire& command, PendingWrites* writes) {
  if (command.transaction_ids_size() > kMaxItems) {
    return Refuse(EntryResult::REFUSAL_INVALID, "too many items");
  }
  EntryResult result;
  Budgets budgets(writes);
  Codes codes(writes);
  for (const std::string& transaction_id : command.transaction_ids()) {
    Holdings holdings(transaction_id, writes);
    absl::StatusOr<std::optional<Reservation>> held = holdings.Find();
    if (!held.ok()) return held.status();
    if (!held->has_value() || (*held)->expire_us() > holdings.now_us()) continue;
    result.set_applied(result.applied() + 1);
    if (!IsHeld(**held)) {
      holdings.Drop(**held);
      continue;
    }
    absl::Status given = holdings.GiveBack(**held, &budgets, &codes);
    if (!given.ok()) return given;
    holdings.Write(*held, holdings.Ended(Reservation::STATE_EXPIRED, (*held)->step()));
  }
  budgets.Flush(&result);
  codes.Flush();
  return result;
}

}  // namespace touchstone::store
