// Commands on what was sold.

#include <algorithm>
#include <utility>

#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/budgets.h"
#include "store/codes.h"
#include "store/coupons.h"
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
using storage::StoredSale;

AppliedOr CheckParts(absl::string_view customer_id, absl::string_view customer_patch,
                     const storage::AppendEvents& events) {
  if (!customer_id.empty() && !IsValidId(customer_id)) {
    return Refuse(EntryResult::REFUSAL_INVALID, "sale.customer_id: empty, or a valid id");
  }
  if (!IsUsablePatch(customer_patch)) {
    return Refuse(EntryResult::REFUSAL_INVALID,
                  "customer_patch: malformed, too long, or changes links");
  }
  if (events.items_size() > 1) return Refuse(EntryResult::REFUSAL_INVALID, "events: one at most");
  return EntryResult();
}

// The purchase. Of one that is known already, as from a nightly log of transactions, or of a
// customer who was erased, nothing is written.
AppliedOr AppendPurchase(const storage::AppendEvents& events, PendingWrites* writes) {
  if (events.items().empty()) return EntryResult();
  // A sale has happened, whoever bought; the purchase must not bring her back.
  const absl::StatusOr<std::string> customer = CustomerNow(events.items(0).customer_id(), writes);
  if (!customer.ok()) return customer.status();
  if (customer->empty()) return EntryResult();
  return ApplyAppendEvents(events, writes);
}

// Sale, its row by customer, and what it adds to her record.
absl::Status WriteSale(absl::string_view transaction_id, StoredSale sale,
                       absl::string_view customer_patch, PendingWrites* writes) {
  absl::StatusOr<std::string> customer = CustomerNow(sale.customer_id(), writes);
  if (!customer.ok()) return customer.status();
  // What names her goes with her.
  if (customer->empty() && !sale.customer_id().empty()) sale.clear_body();
  sale.set_customer_id(*customer);
  sale.set_version(1);
  writes->Put(Family::kSales, SaleRow(transaction_id), sale.SerializeAsString());
  if (customer->empty()) return absl::OkStatus();
  writes->Put(Family::kSales, CustomerSaleRow(*customer, sale.time_us(), transaction_id), "");
  if (!customer_patch.empty()) MergeAndBump(kCustomer, *customer, customer_patch, writes);
  return absl::OkStatus();
}

// The part of a sale's claims that a return restores; null: the sale has no such claim.
Claim* FindClaim(const Claim& wanted, StoredSale* sale) {
  for (Claim& claim : *sale->mutable_claims()) {
    if (claim.kind() == wanted.kind() && claim.id() == wanted.id() &&
        claim.offer_id() == wanted.offer_id()) {
      return &claim;
    }
  }
  return nullptr;
}

// False: the sale has less of it. Uses of limits that come back are no contacts any more: these go
// to `patch`.
bool TakeFromClaim(const Claim& restored, StoredSale* sale, RecordPatch* patch) {
  Claim* claim = FindClaim(restored, sale);
  if (claim == nullptr || restored.count() < 0 || restored.amount_minor() < 0 ||
      restored.count() > claim->count() || restored.amount_minor() > claim->amount_minor() ||
      restored.day() != claim->day() || restored.by_day() != claim->by_day()) {
    return false;
  }
  claim->set_count(claim->count() - restored.count());
  claim->set_amount_minor(claim->amount_minor() - restored.amount_minor());
  if (claim->kind() == Claim::KIND_LIMIT && claim->count() == 0) {
    patch->RemoveContacts(sale->transaction(), claim->offer(), ContactKind::kRedeemed);
  }
  return true;
}

void DropEmptyClaims(StoredSale* sale) {
  auto* claims = sale->mutable_claims();
  claims->erase(std::remove_if(claims->begin(), claims->end(),
                               [](const Claim& claim) {
                                 return claim.count() == 0 && claim.amount_minor() == 0;
                               }),
                claims->end());
}

// Books the claims of a posted sale, as the sale keeps them, and lists what they take beyond their
// bounds.
absl::Status Book(const storage::PostSale& command, Budgets* budgets, Codes* codes,
                  StoredSale* sale, EntryResult* result, PendingWrites* writes) {
  const absl::StatusOr<std::string> customer = CustomerNow(sale->customer_id(), writes);
  if (!customer.ok()) return customer.status();
  const auto record = Read(kCustomer, *customer, writes);
  if (!record.ok()) return record.status();
  // What counts for a code is when it was sold, however late that is posted.
  const CodeBearer bearer = {*customer, sale->time_us()};
  for (int i = 0; i < command.claims_size(); ++i) {
    const ClaimRequest& request = command.claims(i);
    Claim claim = request.claim();
    bool is_kept = true;
    EntryResult::Overrun overrun;
    overrun.set_claim(static_cast<uint32_t>(i));
    if (claim.kind() == Claim::KIND_BUDGET) {
      absl::Status booked = budgets->Book(request, &claim, &overrun);
      if (!booked.ok()) return booked;
    } else if (IsOfCode(claim)) {
      const absl::StatusOr<Codes::Booked> booked = codes->Book(claim, bearer);
      if (!booked.ok()) return booked.status();
      if (*booked != Codes::Booked::kFits) overrun.set_count(claim.count());
      is_kept = *booked != Codes::Booked::kUnknown;
    } else {
      const int64_t counted = CountedForLimit((*record)->view, request, sale->transaction());
      const int64_t beyond = counted + claim.count() - request.at_most();
      overrun.set_count(std::clamp<int64_t>(beyond, 0, claim.count()));
    }
    if (is_kept) *sale->add_claims() = std::move(claim);
    if (overrun.count() > 0 || overrun.amount_minor() > 0) *result->add_overruns() = overrun;
  }
  return absl::OkStatus();
}

}  // namespace

AppliedOr ApplyCommit(const storage::Commit& command, PendingWrites* writes) {
  Holdings holdings(command.transaction_id(), writes);
  AppliedOr refused = holdings.CheckNames(command.step());
  if (!IsRefused(refused))
    refused = CheckParts(command.sale().customer_id(), command.customer_patch(), command.events());
  if (IsRefused(refused)) return refused;
  const absl::string_view fault = CouponsFault(command.coupons());
  if (!fault.empty()) return Refuse(EntryResult::REFUSAL_INVALID, fault);
  Reservation held;
  refused = holdings.FindHeld(command.step(), &held);
  if (IsRefused(refused)) return refused;
  if (command.reserved_position() != 0 && held.position() != command.reserved_position()) {
    return Refuse(EntryResult::REFUSAL_VERSION_CHANGED, "the reservation was made again");
  }

  AppliedOr purchase = AppendPurchase(command.events(), writes);
  if (IsRefused(purchase)) return purchase;
  Budgets budgets(writes);
  StoredSale sale = command.sale();
  *sale.mutable_claims() = held.claims();
  sale.set_transaction(held.transaction());
  Codes codes(writes);
  const CodeHolder holder = {command.transaction_id(), held.transaction()};
  for (const Claim& claim : held.claims()) {
    absl::Status committed = absl::OkStatus();
    if (claim.kind() == Claim::KIND_BUDGET) committed = budgets.Commit(claim);
    if (IsOfCode(claim)) committed = codes.Commit(claim, holder);
    if (!committed.ok()) return committed;
  }
  if (absl::Status removed = holdings.RemoveReserved(held); !removed.ok()) return removed;
  // What she has just redeemed makes room for a coupon.
  codes.Flush();
  AppliedOr given = GiveCoupons(command.coupons(), sale.customer_id(), &sale, writes);
  if (IsRefused(given)) return given;
  absl::Status written =
      WriteSale(command.transaction_id(), std::move(sale), command.customer_patch(), writes);
  if (!written.ok()) return written;
  holdings.Drop(held);
  EntryResult result;
  budgets.Flush(&result);
  return result;
}

AppliedOr ApplyPostSale(const storage::PostSale& command, PendingWrites* writes) {
  Holdings holdings(command.transaction_id(), writes);
  AppliedOr refused = holdings.CheckNames(command.step());
  if (!IsRefused(refused))
    refused = CheckParts(command.sale().customer_id(), command.customer_patch(), command.events());
  if (IsRefused(refused)) return refused;
  const absl::string_view fault =
      ClaimsFault(command.claims(), command.sale().customer_id(), command.sale().transaction());
  if (!fault.empty()) return Refuse(EntryResult::REFUSAL_INVALID, fault);
  refused = holdings.CheckUnsold();
  if (IsRefused(refused)) return refused;

  AppliedOr purchase = AppendPurchase(command.events(), writes);
  if (IsRefused(purchase)) return purchase;
  absl::StatusOr<std::optional<Reservation>> held = holdings.Find();
  if (!held.ok()) return held.status();
  EntryResult result;
  Budgets budgets(writes);
  Codes codes(writes);
  if (held->has_value()) {
    absl::Status given = holdings.GiveBack(**held, &budgets, &codes);
    if (!given.ok()) return given;
    holdings.Drop(**held);
  }
  StoredSale sale = command.sale();
  sale.clear_claims();
  absl::Status booked = Book(command, &budgets, &codes, &sale, &result, writes);
  if (!booked.ok()) return booked;
  absl::Status written =
      WriteSale(command.transaction_id(), std::move(sale), command.customer_patch(), writes);
  if (!written.ok()) return written;
  budgets.Flush(&result);
  codes.Flush();
  result.set_answer(command.answer());
  return result;
}

AppliedOr ApplyReturnSale(const storage::ReturnSale& command, PendingWrites* writes) {
  if (!IsValidId(command.sale_transaction_id())) {
    return Refuse(EntryResult::REFUSAL_INVALID,
                  "sale_transaction_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  const std::string row = SaleRow(command.sale_transaction_id());
  absl::StatusOr<std::optional<StoredSale>> found =
      ReadMessage<StoredSale>(Family::kSales, row, writes);
  if (!found.ok()) return found.status();
  if (!found->has_value()) return Refuse(EntryResult::REFUSAL_NOT_FOUND, "no such sale");
  StoredSale sale = **std::move(found);
  if (sale.version() != command.expected_version()) {
    return Refuse(EntryResult::REFUSAL_VERSION_CHANGED, "another return came first");
  }
  Budgets budgets(writes);
  Codes codes(writes);
  RecordPatch patch;
  for (const Claim& claim : command.restored()) {
    if (!TakeFromClaim(claim, &sale, &patch)) {
      return Refuse(EntryResult::REFUSAL_INVALID, "restored: more than the sale has used");
    }
    absl::Status restored = absl::OkStatus();
    if (claim.kind() == Claim::KIND_BUDGET) restored = budgets.Restore(claim);
    if (IsOfCode(claim)) restored = codes.Restore(claim);
    if (!restored.ok()) return restored;
  }
  DropEmptyClaims(&sale);
  if (!patch.empty()) {
    const absl::StatusOr<std::string> customer = CustomerNow(sale.customer_id(), writes);
    if (!customer.ok()) return customer.status();
    if (!customer->empty()) MergeAndBump(kCustomer, *customer, patch.bytes(), writes);
  }
  sale.set_sale(command.sale());
  codes.Flush();
  AppliedOr result = WithdrawCoupons(command.withdrawn(), &sale, writes);
  if (IsRefused(result)) return result;
  sale.set_version(sale.version() + 1);
  writes->Put(Family::kSales, row, sale.SerializeAsString());
  budgets.Flush(&*result);
  result->set_answer(command.answer());
  return result;
}

namespace {

// Takes the customer out of her sales.
absl::Status ForgetSales(absl::string_view customer_id, storage::PendingErasure* erasure,
                         PendingWrites* writes) {
  const std::string prefix = CustomerSalesPrefix(customer_id);
  Database::PrefixIterator sales = writes->committed().Iterate(Family::kSales, prefix, prefix);
  for (; sales.Valid(); sales.Next()) {
    const absl::string_view transaction_id = sales.key().substr(prefix.size() + sizeof(uint64_t));
    absl::StatusOr<std::optional<StoredSale>> sale =
        ReadMessage<StoredSale>(Family::kSales, SaleRow(transaction_id), writes);
    if (!sale.ok()) return sale.status();
    if (!sale->has_value()) return absl::DataLossError("sales: a listed sale is not there");
    (*sale)->clear_customer_id();
    (*sale)->clear_body();
    writes->Put(Family::kSales, SaleRow(transaction_id), (*sale)->SerializeAsString());
    writes->Delete(Family::kSales, sales.key());
    erasure->add_transaction_ids(std::string(transaction_id));
  }
  return sales.status();
}

// Gives back what is held for the customer.
absl::Status ForgetHeld(absl::string_view customer_id, Budgets* budgets, Codes* codes,
                        storage::PendingErasure* erasure, PendingWrites* writes) {
  const std::string prefix = HeldRow(customer_id, "");
  Database::PrefixIterator rows = writes->committed().Iterate(Family::kLedger, prefix, prefix);
  for (; rows.Valid(); rows.Next()) {
    const std::string transaction_id(rows.key().substr(prefix.size()));
    Holdings holdings(transaction_id, writes);
    absl::StatusOr<std::optional<Reservation>> held = holdings.Find();
    if (!held.ok()) return held.status();
    if (!held->has_value()) return absl::DataLossError("ledger: a listed reservation is not there");
    absl::Status given = holdings.GiveBack(**held, budgets, codes);
    if (!given.ok()) return given;
    holdings.Write(*held, holdings.Ended(Reservation::STATE_RELEASED, (*held)->step()));
    erasure->add_transaction_ids(transaction_id);
  }
  return rows.status();
}

}  // namespace

absl::Status ForgetTransactions(absl::Span<const std::string> customer_ids,
                                storage::PendingErasure* erasure, EntryResult* result,
                                PendingWrites* writes) {
  Budgets budgets(writes);
  Codes codes(writes);
  for (const std::string& customer_id : customer_ids) {
    absl::Status forgotten = ForgetSales(customer_id, erasure, writes);
    if (forgotten.ok()) forgotten = ForgetHeld(customer_id, &budgets, &codes, erasure, writes);
    if (!forgotten.ok()) return forgotten;
  }
  budgets.Flush(result);
  codes.Flush();
  return absl::OkStatus();
}

}  // namespace touchstone::store
