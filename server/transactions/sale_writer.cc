#include "server/transactions/sale_writer.h"

#include <optional>
#include <utility>

#include "rules/facts/schema.h"
#include "server/services/event_batch.h"
#include "server/services/resource_name.h"
#include "server/transactions/coupons.h"
#include "server/transactions/sale.h"
#include "store/apply.h"
#include "store/record_patch.h"

namespace touchstone::server {
namespace {

using storage::EntryResult;

// Each but the first means that something changed in the milliseconds of the one before.
constexpr int kMostAttempts = 4;

// Redeemed uses of limits, as contact state counts them. A patch.
template <typename Claims>
std::string RedeemedPatch(const Claims& claims, const v1::DecisionContext& context,
                          uint64_t transaction, int64_t time_us) {
  store::RecordPatch patch;
  for (const storage::Claim& claim : claims) {
    if (claim.kind() != storage::Claim::KIND_LIMIT) continue;
    store::RecordPatch::Contact contact = {};
    contact.offer = claim.offer();
    contact.transaction = transaction;
    contact.time_us = time_us;
    contact.channel = rules::StableId(context.touchpoint().channel());
    contact.kind = store::ContactKind::kRedeemed;
    contact.direction = context.direction() == v1::DIRECTION_OUTBOUND ? 1 : 0;
    patch.AddContact(contact);
  }
  return patch.bytes();
}

grpc::Status ReadSale(const storage::StoredSale& stored, v1::Sale* sale) {
  if (!sale->ParseFromString(stored.sale())) {
    return StoreError(absl::DataLossError("sales: malformed sale"));
  }
  if (!stored.customer_id().empty()) sale->set_customer(CustomerName(stored.customer_id()));
  return grpc::Status::OK;
}

int64_t SaleTimeUs(const v1::Sale& sale) { return absl::ToUnixMicros(ToTime(sale.sale_time())); }

}  // namespace

grpc::Status SaleWriter::Commit(const v1::CommitRequest& request, uint64_t body_hash,
                                const storage::Reservation& held, const std::string& receipt,
                                const v1::Sale& sale, EntryResult* result) const {
  storage::Entry entry = backend_->proposer->NewEntry(request.request_id(), body_hash);
  storage::Commit* commit = entry.mutable_commit();
  commit->set_transaction_id(request.context().transaction_id());
  commit->set_step(request.context().step());
  commit->set_reserved_position(held.position());
  storage::StoredSale* stored = commit->mutable_sale();
  sale.SerializeToString(stored->mutable_sale());
  storage::PricedTransaction priced;
  priced.set_receipt(receipt);
  priced.SerializeToString(stored->mutable_body());
  stored->set_customer_id(held.customer_id());
  stored->set_time_us(SaleTimeUs(sale));
  for (const v1::Coupon& coupon : sale.coupons()) {
    *commit->add_coupons() = ToStored(coupon, sale.transaction_id());
  }
  commit->set_customer_patch(
      RedeemedPatch(held.claims(), request.context(), held.transaction(), stored->time_us()));
  return WriteWithPurchase(
      entry, sale, held.customer_id(),
      [](storage::Entry* planned) { return planned->mutable_commit()->mutable_events(); }, result);
}

grpc::Status SaleWriter::Post(const v1::PostSaleRequest& request, uint64_t body_hash,
                              const v1::Sale& sale, const storage::PostSale& post,
                              EntryResult* result) const {
  storage::Entry entry = backend_->proposer->NewEntry(request.request_id(), body_hash);
  *entry.mutable_post_sale() = post;
  std::vector<storage::Claim> claims;
  for (const storage::ClaimRequest& claim : post.claims()) claims.push_back(claim.claim());
  entry.mutable_post_sale()->set_customer_patch(
      RedeemedPatch(claims, request.context(), post.sale().transaction(), post.sale().time_us()));
  return WriteWithPurchase(
      entry, sale, post.sale().customer_id(),
      [](storage::Entry* planned) { return planned->mutable_post_sale()->mutable_events(); },
      result);
}

grpc::Status SaleWriter::WriteWithPurchase(
    const storage::Entry& entry, const v1::Sale& sale, const std::string& customer_id,
    absl::FunctionRef<storage::AppendEvents*(storage::Entry* entry)> events_of,
    EntryResult* result) const {
  grpc::Status status;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    if (attempt > 0 && result->refusal() == EntryResult::REFUSAL_REVISION_CHANGED) {
      // Under the revision that became active meanwhile the purchase may add something else.
      if (grpc::Status live = MakeLive(*backend_); !live.ok()) return live;
    }
    storage::Entry planned = entry;
    v1::AppendEventsRequest purchase;
    std::optional<EventBatch> batch;
    const std::shared_ptr<const LiveState> live = backend_->live->Get();
    std::optional<v1::CustomerEvent> event;
    if (!customer_id.empty() && live != nullptr) {
      event = PurchaseOf(sale, live->rule_set->schema);
    }
    if (event.has_value()) {
      purchase.set_request_id("purchase");  // of no entry of its own
      *purchase.add_events() = *std::move(event);
      purchase.mutable_events(0)->set_customer(CustomerName(customer_id));
      batch.emplace(*backend_, purchase);
      if (grpc::Status made = batch->Plan(); !made.ok()) return made;
      // Refused: she was erased meanwhile, or it is older than events are kept.
      if (!batch->empty()) *events_of(&planned) = batch->TakeEntry().append_events();
    }
    status = backend_->proposer->Write(std::move(planned), v1::ERROR_REASON_RESERVATION_NOT_FOUND,
                                       result);
    if (store::MustBePlannedAgain(result->refusal())) continue;
    if (status.ok() && batch.has_value() && !batch->StaleRecords().empty()) {
      backend_->filler->RebuildNow(batch->StaleRecords());
    }
    break;
  }
  return status;
}

grpc::Status SaleWriter::ShowAsSold(const storage::StoredSale& stored, v1::Sale* sale) {
  if (grpc::Status read = ReadSale(stored, sale); !read.ok()) return read;
  ShowGiven(stored, sale);
  sale->clear_returns();
  sale->clear_refunded_minor();
  for (v1::SaleLine& line : *sale->mutable_lines()) line.clear_returned_thousandths();
  return grpc::Status::OK;
}

grpc::Status SaleWriter::Show(const storage::StoredSale& stored, v1::Sale* sale) {
  if (grpc::Status read = ReadSale(stored, sale); !read.ok()) return read;
  ShowLeft(stored, sale);
  sale->clear_claims();
  for (const storage::Claim& claim : stored.claims()) *sale->add_claims() = ToClaim(claim);
  return grpc::Status::OK;
}

void SaleWriter::Keep(const v1::Sale& shown, const storage::StoredSale& stored,
                      std::string* bytes) {
  v1::Sale as_sold;
  as_sold.ParseFromString(stored.sale());  // it was shown, so that it is one
  v1::Sale kept = shown;
  kept.clear_customer();
  *kept.mutable_claims() = as_sold.claims();
  *kept.mutable_coupons() = as_sold.coupons();
  kept.SerializeToString(bytes);
}

}  // namespace touchstone::server
