#include "server/transactions/transaction_service.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/decide/request_check.h"
#include "server/services/resource_name.h"
#include "server/transactions/coupons.h"
#include "server/transactions/posted_sale.h"
#include "server/transactions/sale.h"
#include "server/transactions/sale_return.h"
#include "server/transactions/transaction_request.h"

namespace touchstone::server {
namespace {

using storage::EntryResult;

constexpr absl::Duration kDefaultHold = absl::Minutes(15);
constexpr absl::Duration kDefaultSuspension = absl::Hours(4);
// Each round leaves out at least one offer more; then all that must be claimed.
constexpr int kMostRounds = 16;
// Each but the first means that the till reserved again in the milliseconds of the one before.
constexpr int kMostAttempts = 4;

grpc::Status Refusal(EntryResult::Refusal refusal, absl::string_view detail) {
  return RpcError(RefusalStatus(refusal, detail, v1::ERROR_REASON_RESERVATION_NOT_FOUND));
}

grpc::Status NothingPractised() {
  return Refusal(EntryResult::REFUSAL_NOT_FOUND,
                 "nothing was reserved for this step in training or preview");
}

rules::Unclaimable WhatOf(const storage::Claim& claim) {
  if (claim.kind() == storage::Claim::KIND_LIMIT) return rules::Unclaimable::kLimit;
  return claim.kind() == storage::Claim::KIND_BUDGET ? rules::Unclaimable::kBudget
                                                     : rules::Unclaimable::kCode;
}

// What was priced, and how it was answered.
grpc::Status ReadHeld(const storage::Reservation& held, storage::PricedTransaction* priced,
                      v1::Reservation* reservation) {
  if (priced->ParseFromString(held.body()) && reservation->ParseFromString(priced->reservation())) {
    return grpc::Status::OK;
  }
  return StoreError(absl::DataLossError("ledger: malformed reservation"));
}

// Adds those whose claims were refused. All of them when the rounds are over, so that the next one
// claims nothing.
void AddUnclaimed(const rules::RuleSet& rule_set, const EntryResult& result,
                  const std::vector<storage::ClaimRequest>& claims, bool all,
                  std::vector<rules::UnclaimedOffer>* unclaimed) {
  const auto add = [&](const storage::Claim& claim) {
    const rules::OfferRange versions = rules::VersionsOf(rule_set, claim.offer_id());
    const auto at = std::lower_bound(
        unclaimed->begin(), unclaimed->end(), versions.first,
        [](const rules::UnclaimedOffer& known, uint32_t wanted) { return known.offer < wanted; });
    if (at != unclaimed->end() && at->offer == versions.first) return;
    std::vector<rules::UnclaimedOffer> added;
    for (uint32_t i = versions.first; i < versions.end; ++i) added.push_back({i, WhatOf(claim)});
    unclaimed->insert(at, added.begin(), added.end());
  };
  if (all) {
    for (const storage::ClaimRequest& request : claims) add(request.claim());
    return;
  }
  for (const uint32_t claim : result.refused_claims()) {
    if (claim < claims.size()) add(claims[claim].claim());
  }
}

void AddReason(const rules::RuleSet& rule_set, const rules::Decision& decision, uint32_t offer,
               v1::Reservation* reservation) {
  const std::string& id = rule_set.offers[offer].id;
  for (const v1::OfferReason& known : reservation->reasons()) {
    if (known.offer_id() == id) return;
  }
  v1::OfferReason* reason = reservation->add_reasons();
  reason->set_offer_id(id);
  FillReason(decision.offers[offer], /*fallback=*/false, reason->mutable_reason());
}

void FillReservation(const v1::DecisionContext& context, absl::Time expires,
                     TransactionPricer& pricer, const std::vector<storage::ClaimRequest>& claims,
                     absl::Span<const rules::UnclaimedOffer> unclaimed,
                     v1::Reservation* reservation) {
  const v1::DecideResponse& priced = pricer.response();
  reservation->Clear();
  reservation->set_transaction_id(context.transaction_id());
  reservation->set_step(context.step());
  reservation->set_state(v1::RESERVATION_STATE_HELD);
  *reservation->mutable_expire_time() = ToTimestamp(expires);
  *reservation->mutable_basket() = priced.basket();
  for (const storage::ClaimRequest& claim : claims) {
    *reservation->add_claims() = ToClaim(claim.claim());
  }
  for (const rules::CouponPromise& promise : pricer.Coupons()) {
    *reservation->add_coupons() = ToCoupon(pricer.rule_set(), promise);
  }
  *reservation->mutable_reasons() = priced.reasons();
  for (const rules::UnclaimedOffer& offer : unclaimed) {
    AddReason(pricer.rule_set(), pricer.computation().decision(), offer.offer, reservation);
  }
  reservation->set_decision_id(priced.decision_id());
  reservation->set_revision(priced.revision());
  reservation->set_reference_version(priced.reference_version());
  reservation->set_completeness(priced.completeness());
  reservation->set_completeness_cause(priced.completeness_cause());
  reservation->set_personal(priced.personal());
}

// Of what was decided, as it was reserved. `tenders` none: as in the basket.
v1::Sale SaleOf(const v1::DecideRequest& decided, const v1::Reservation& reservation,
                const v1::CommitRequest& request, absl::Time sale_time) {
  v1::Sale sale = BuildSale(decided, reservation.basket(), v1::SALE_ORIGIN_COMMITTED, sale_time);
  if (!request.tenders().empty()) *sale.mutable_tenders() = request.tenders();
  if (!request.context().business_date().empty()) {
    sale.set_business_date(request.context().business_date());
  }
  if (!request.context().operator_id().empty()) {
    sale.set_operator_id(request.context().operator_id());
  }
  if (request.context().has_touchpoint())
    *sale.mutable_touchpoint() = request.context().touchpoint();
  *sale.mutable_claims() = reservation.claims();
  *sale.mutable_coupons() = reservation.coupons();
  sale.set_decision_id(reservation.decision_id());
  sale.set_revision(reservation.revision());
  sale.set_reference_version(reservation.reference_version());
  return sale;
}

grpc::Status NoSuchSale() {
  return RpcError(grpc::StatusCode::NOT_FOUND, v1::ERROR_REASON_SALE_NOT_FOUND,
                  "no sale of this transaction is kept");
}

}  // namespace

TransactionService::TransactionService(const PricerRooms& rooms, CodeMaker codes)
    : RpcService("touchstone.v1.TransactionService", rooms.backend->limit),
      backend_(*rooms.backend),
      pricers_(rooms),
      sales_(rooms.backend),
      codes_(std::move(codes)) {
  Serve<v1::ReserveRequest, v1::Reservation>(
      "Reserve",
      [this](const auto& request, auto* response) { return Reserve(request, response); });
  Serve<v1::CommitRequest, v1::Sale>(
      "Commit", [this](const auto& request, auto* response) { return Commit(request, response); });
  Serve<v1::ReleaseRequest, v1::Reservation>(
      "Release",
      [this](const auto& request, auto* response) { return Release(request, response); });
  Serve<v1::SuspendRequest, v1::Reservation>(
      "Suspend",
      [this](const auto& request, auto* response) { return Suspend(request, response); });
  Serve<v1::PostSaleRequest, v1::PostSaleResponse>(
      "PostSale",
      [this](const auto& request, auto* response) { return PostSale(request, response); });
  Serve<v1::ReturnSaleRequest, v1::ReturnSaleResponse>(
      "ReturnSale",
      [this](const auto& request, auto* response) { return ReturnSale(request, response); });
  Serve<v1::GetSaleRequest, v1::Sale>("GetSale", [this](const auto& request, auto* response) {
    return GetSale(request, response);
  });
  RefuseTheRest();
}

grpc::Status TransactionService::Reserve(const v1::ReserveRequest& request,
                                         v1::Reservation* response) {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  if (!request.has_basket()) violations.push_back({"basket", "is required"});
  CheckHold(request.has_hold() ? &request.hold() : nullptr, &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("Reserve", request);
  std::optional<EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  if (first.has_value()) {
    if (response->ParseFromString(first->answer())) return grpc::Status::OK;
    return StoreError(absl::DataLossError("ledger: malformed answer"));
  }
  v1::DecideRequest decided = DecisionOf(request);
  const PricerPool::Lease pricer = pricers_.Take();
  status = pricer->Read(decided);
  if (!status.ok()) return status;
  if (!IsPractice(request.context())) return Claim(request, body_hash, *pricer, response);

  status = pricer->Price({});
  if (!status.ok()) return status;
  const absl::Time expires = backend_.proposer->now() + HoldOf(request, kDefaultHold);
  FillReservation(request.context(), expires, *pricer, pricer->Claims(), {}, response);
  decided.mutable_context()->clear_identities();  // nothing personal is kept
  practice_.Keep(request.context().transaction_id(), {std::move(decided), *response});
  return grpc::Status::OK;
}

grpc::Status TransactionService::Claim(const v1::ReserveRequest& request, uint64_t body_hash,
                                       TransactionPricer& pricer, v1::Reservation* response) {
  const v1::DecisionContext& context = request.context();
  std::vector<rules::UnclaimedOffer> unclaimed;
  for (int round = 1;; ++round) {
    if (grpc::Status priced = pricer.Price(unclaimed); !priced.ok()) return priced;
    const std::vector<storage::ClaimRequest> claims = pricer.Claims();
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    const absl::Time expires =
        absl::FromUnixMicros(entry.time_us()) + HoldOf(request, kDefaultHold);
    FillReservation(context, expires, pricer, claims, unclaimed, response);

    storage::Reserve* reserve = entry.mutable_reserve();
    reserve->set_transaction_id(context.transaction_id());
    reserve->set_step(context.step());
    reserve->set_expire_us(absl::ToUnixMicros(expires));
    reserve->set_customer_id(pricer.customer_id());
    reserve->set_transaction(TransactionHash(context.transaction_id()));
    for (const storage::ClaimRequest& claim : claims) *reserve->add_claims() = claim;
    response->SerializeToString(reserve->mutable_answer());
    storage::PricedTransaction body;
    body.set_receipt(pricer.receipt());
    body.set_reservation(reserve->answer());
    body.SerializeToString(reserve->mutable_body());
    reserve->set_time_us(absl::ToUnixMicros(pricer.now()));
    reserve->set_channel(rules::StableId(context.touchpoint().channel()));
    reserve->set_direction(context.direction() == v1::DIRECTION_OUTBOUND ? 1 : 0);
    EntryResult result;
    grpc::Status written =
        backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_RESERVATION_NOT_FOUND, &result);
    if (result.refusal() == EntryResult::REFUSAL_NOT_FOUND && round < kMostRounds) {
      // She was erased since she was read.
      pricer.ReadCustomer();
      continue;
    }
    if (result.refusal() != EntryResult::REFUSAL_CLAIMS_REFUSED) {
      // Another call with this id came first: its answer counts.
      if (written.ok() && result.replayed()) response->ParseFromString(result.answer());
      return written;
    }
    AddUnclaimed(pricer.rule_set(), result, claims, round >= kMostRounds, &unclaimed);
    // So that the answer says what became of a code.
    if (!context.codes().empty()) pricer.ReadCustomer();
  }
}

grpc::Status TransactionService::FindHeld(const v1::DecisionContext& context,
                                          storage::Reservation* held,
                                          storage::PricedTransaction* priced,
                                          v1::Reservation* reservation) const {
  const absl::StatusOr<std::optional<storage::StoredSale>> sale =
      backend_.store->GetSale(context.transaction_id());
  if (!sale.ok()) return StoreError(sale.status());
  if (sale->has_value()) {
    return Refusal(EntryResult::REFUSAL_TRANSACTION_COMMITTED,
                   "the transaction is a sale already: GetSale has it");
  }
  absl::StatusOr<std::optional<storage::Reservation>> found =
      backend_.store->GetReservation(context.transaction_id());
  if (!found.ok()) return StoreError(found.status());
  if (!found->has_value() || (*found)->state() == storage::Reservation::STATE_RELEASED ||
      (*found)->step() < context.step()) {
    return Refusal(EntryResult::REFUSAL_NOT_FOUND,
                   "nothing is reserved for this step: reserve it first");
  }
  if ((*found)->step() > context.step()) {
    return Refusal(EntryResult::REFUSAL_STEP_SUPERSEDED, "a later step was reserved");
  }
  // One that is due and not swept yet is refused when it is written.
  if ((*found)->state() == storage::Reservation::STATE_EXPIRED) {
    return Refusal(EntryResult::REFUSAL_RESERVATION_EXPIRED, "");
  }
  *held = **std::move(found);
  return ReadHeld(*held, priced, reservation);
}

grpc::Status TransactionService::FindReservation(
    const v1::DecisionContext& context, std::optional<v1::Reservation>* reservation) const {
  if (IsPractice(context)) {
    const std::optional<Practice::Held> held = practice_.Find(context.transaction_id());
    if (held.has_value()) *reservation = held->reservation;
    return grpc::Status::OK;
  }
  const absl::StatusOr<std::optional<storage::Reservation>> found =
      backend_.store->GetReservation(context.transaction_id());
  if (!found.ok()) return StoreError(found.status());
  if (!found->has_value()) return grpc::Status::OK;
  const storage::Reservation& held = **found;
  const bool suspended = held.state() == storage::Reservation::STATE_SUSPENDED;
  const absl::Time expires = absl::FromUnixMicros(held.expire_us());
  if (!(suspended || held.state() == storage::Reservation::STATE_HELD) ||
      expires <= backend_.proposer->now()) {
    return grpc::Status::OK;
  }
  storage::PricedTransaction priced;
  v1::Reservation answered;
  if (grpc::Status read = ReadHeld(held, &priced, &answered); !read.ok()) return read;
  answered.set_state(suspended ? v1::RESERVATION_STATE_SUSPENDED : v1::RESERVATION_STATE_HELD);
  *answered.mutable_expire_time() = ToTimestamp(expires);
  *reservation = std::move(answered);
  return grpc::Status::OK;
}

grpc::Status TransactionService::Commit(const v1::CommitRequest& request, v1::Sale* response) {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  CheckTransaction(request.context(), &violations);
  CheckTenders(request.tenders(), "tenders", &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const absl::Time sale_time = ChooseNow(request.context(), backend_.proposer->now());
  if (IsPractice(request.context())) {
    const std::optional<Practice::Held> held = practice_.Find(request.context().transaction_id());
    if (!held.has_value() || held->reservation.step() != request.context().step()) {
      return NothingPractised();
    }
    *response = SaleOf(held->request, held->reservation, request, sale_time);
    return grpc::Status::OK;
  }
  const uint64_t body_hash = BodyHash("Commit", request);
  std::optional<EntryResult> result;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &result);
  if (!status.ok()) return status;
  for (int attempt = 0; attempt < kMostAttempts && !result.has_value(); ++attempt) {
    storage::Reservation held;
    storage::PricedTransaction priced;
    v1::Reservation reservation;
    status = FindHeld(request.context(), &held, &priced, &reservation);
    if (!status.ok()) return status;
    v1::DecideRequest decided;
    if (!RequestOfReceipt(priced.receipt(), &decided)) {
      return StoreError(absl::DataLossError("ledger: malformed receipt"));
    }
    v1::Sale sale = SaleOf(decided, reservation, request, sale_time);
    NameCoupons(held.customer_id(), codes_, &sale);
    EntryResult written;
    status = sales_.Commit(request, body_hash, held, priced.receipt(), sale, &written);
    // Reserved again in between, perhaps at another price.
    if (written.refusal() == EntryResult::REFUSAL_VERSION_CHANGED) continue;
    if (!status.ok()) return status;
    result = std::move(written);
  }
  if (!status.ok()) return status;
  return ReadSold(request.context().transaction_id(), response);
}

grpc::Status TransactionService::ReadSold(const std::string& transaction_id, v1::Sale* sale) const {
  const absl::StatusOr<std::optional<storage::StoredSale>> stored =
      backend_.store->GetSale(transaction_id);
  if (!stored.ok()) return StoreError(stored.status());
  return stored->has_value() ? SaleWriter::ShowAsSold(**stored, sale) : NoSuchSale();
}

grpc::Status TransactionService::Release(const v1::ReleaseRequest& request,
                                         v1::Reservation* response) {
  const v1::DecisionContext& context = request.context();
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  CheckTransaction(context, &violations);
  if (!IsOptionalId(request.reason())) {
    violations.push_back({"reason", "must be 0 to 64 bytes of [A-Za-z0-9._-]"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  response->set_transaction_id(context.transaction_id());
  response->set_step(context.step());
  response->set_state(v1::RESERVATION_STATE_RELEASED);
  if (IsPractice(context)) {
    practice_.Drop(context.transaction_id());
    return grpc::Status::OK;
  }
  storage::Entry entry =
      backend_.proposer->NewEntry(request.request_id(), BodyHash("Release", request));
  entry.mutable_release()->set_transaction_id(context.transaction_id());
  entry.mutable_release()->set_step(context.step());
  if (!request.reason().empty()) {
    backend_.proposer->SetAudit("release_transaction",
                                absl::StrCat("transactions/", context.transaction_id()),
                                request.reason(), &entry);
  }
  EntryResult result;
  return backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_RESERVATION_NOT_FOUND,
                                  &result);
}

grpc::Status TransactionService::Suspend(const v1::SuspendRequest& request,
                                         v1::Reservation* response) {
  const v1::DecisionContext& context = request.context();
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  CheckTransaction(context, &violations);
  CheckHold(request.has_hold() ? &request.hold() : nullptr, &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const absl::Time expires = backend_.proposer->now() + HoldOf(request, kDefaultSuspension);
  if (IsPractice(context)) {
    const std::optional<Practice::Held> held = practice_.Find(context.transaction_id());
    if (!held.has_value() || held->reservation.step() != context.step()) return NothingPractised();
    *response = held->reservation;
    response->set_state(v1::RESERVATION_STATE_SUSPENDED);
    *response->mutable_expire_time() = ToTimestamp(expires);
    return grpc::Status::OK;
  }
  const uint64_t body_hash = BodyHash("Suspend", request);
  std::optional<EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  if (!first.has_value()) {
    storage::Reservation held;
    storage::PricedTransaction priced;
    status = FindHeld(context, &held, &priced, response);
    if (!status.ok()) return status;
    response->set_state(v1::RESERVATION_STATE_SUSPENDED);
    *response->mutable_expire_time() = ToTimestamp(expires);
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    entry.mutable_suspend()->set_transaction_id(context.transaction_id());
    entry.mutable_suspend()->set_step(context.step());
    entry.mutable_suspend()->set_expire_us(absl::ToUnixMicros(expires));
    response->SerializeToString(entry.mutable_suspend()->mutable_answer());
    first.emplace();
    status =
        backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_RESERVATION_NOT_FOUND, &*first);
    if (!status.ok()) return status;
  }
  if (response->ParseFromString(first->answer())) return grpc::Status::OK;
  return StoreError(absl::DataLossError("ledger: malformed answer"));
}

grpc::Status TransactionService::PostSale(const v1::PostSaleRequest& request,
                                          v1::PostSaleResponse* response) {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  if (!request.has_basket()) violations.push_back({"basket", "is required"});
  CheckSoldLines(request, &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("PostSale", request);
  std::optional<EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  if (!first.has_value()) return Post(request, body_hash, response);
  if (!FillPosted(*first, response)) {
    return StoreError(absl::DataLossError("ledger: malformed answer"));
  }
  return ReadSold(request.context().transaction_id(), response->mutable_sale());
}

grpc::Status TransactionService::Post(const v1::PostSaleRequest& request, uint64_t body_hash,
                                      v1::PostSaleResponse* response) {
  v1::DecideRequest decided = DecisionOf(request);
  const absl::Time server_now = backend_.proposer->now();
  // However long ago; a clock that runs ahead does not sell in the future.
  const absl::Time sold_at = request.context().has_occurred_at()
                                 ? std::min(ToTime(request.context().occurred_at()), server_now)
                                 : server_now;
  const PricerPool::Lease pricer = pricers_.Take();
  grpc::Status status = pricer->Read(decided, sold_at);
  if (status.ok()) status = pricer->Price({}, /*keeps_budgets=*/false);
  if (!status.ok()) return status;
  const v1::DecideResponse& priced = pricer->response();
  const v1::BasketResult sold = SoldResult(request, priced.basket());
  v1::Sale sale = BuildSale(decided, sold, v1::SALE_ORIGIN_POSTED, sold_at);
  sale.set_decision_id(priced.decision_id());
  sale.set_revision(priced.revision());
  sale.set_reference_version(priced.reference_version());
  for (v1::SaleDifference& difference : DifferencesOf(sold, priced.basket())) {
    *response->add_differences() = std::move(difference);
  }
  const std::vector<storage::ClaimRequest> claims = ClaimsOfSold(sold, *pricer);
  for (const storage::ClaimRequest& claim : claims) *sale.add_claims() = ToClaim(claim.claim());
  if (IsPractice(request.context())) {
    *response->mutable_sale() = std::move(sale);
    return grpc::Status::OK;
  }
  storage::PostSale post;
  post.set_transaction_id(request.context().transaction_id());
  post.set_step(request.context().step());
  storage::StoredSale* stored = post.mutable_sale();
  sale.SerializeToString(stored->mutable_sale());
  storage::PricedTransaction body;
  body.set_receipt(pricer->receipt());
  body.SerializeToString(stored->mutable_body());
  stored->set_customer_id(pricer->customer_id());
  stored->set_time_us(absl::ToUnixMicros(sold_at));
  stored->set_transaction(TransactionHash(post.transaction_id()));
  for (const storage::ClaimRequest& claim : claims) *post.add_claims() = claim;
  // By position of the claims; the entry's result says how much of each is beyond.
  for (const storage::ClaimRequest& claim : claims) AddOverrun(claim.claim(), response);
  response->SerializeToString(post.mutable_answer());
  EntryResult result;
  status = sales_.Post(request, body_hash, sale, post, &result);
  if (!status.ok()) return status;
  if (!FillPosted(result, response)) {
    return StoreError(absl::DataLossError("ledger: malformed answer"));
  }
  return ReadSold(post.transaction_id(), response->mutable_sale());
}

grpc::Status TransactionService::ReturnSale(const v1::ReturnSaleRequest& request,
                                            v1::ReturnSaleResponse* response) {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  CheckTransaction(request.context(), &violations);
  if (!IsId(request.sale_transaction_id())) {
    violations.push_back({"sale_transaction_id", "must be 1 to 64 bytes of [A-Za-z0-9._-]"});
  } else if (request.sale_transaction_id() == request.context().transaction_id()) {
    violations.push_back({"sale_transaction_id", "must not be the transaction of the return"});
  }
  if (!IsOptionalId(request.reason())) {
    violations.push_back({"reason", "must be 0 to 64 bytes of [A-Za-z0-9._-]"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("ReturnSale", request);
  std::optional<EntryResult> result;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &result);
  if (!status.ok()) return status;
  const auto resolver = [this](uint64_t revision, uint64_t reference_version,
                               const std::vector<TermsKey>& kept_terms) {
    return backend_.loader->Resolve(revision, reference_version, kept_terms);
  };
  for (int attempt = 0; attempt < kMostAttempts && !result.has_value(); ++attempt) {
    const absl::StatusOr<std::optional<storage::StoredSale>> stored =
        backend_.store->GetSale(request.sale_transaction_id());
    if (!stored.ok()) return StoreError(stored.status());
    if (!stored->has_value()) return NoSuchSale();
    v1::Sale sale;
    status = SaleWriter::Show(**stored, &sale);
    if (!status.ok()) return status;
    PlannedReturn planned;
    const absl::Time now = ChooseNow(request.context(), backend_.proposer->now());
    status = PlanReturn(request, **stored, sale, now, resolver, &planned);
    if (!status.ok()) return status;
    TakeFromClaims(planned.restored, planned.response.mutable_sale());
    if (IsPractice(request.context())) {
      *response = std::move(planned.response);
      return grpc::Status::OK;
    }
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    storage::ReturnSale* back = entry.mutable_return_sale();
    back->set_sale_transaction_id(request.sale_transaction_id());
    back->set_expected_version((*stored)->version());
    SaleWriter::Keep(planned.response.sale(), **stored, back->mutable_sale());
    for (const storage::Claim& claim : planned.restored) *back->add_restored() = claim;
    for (const storage::GivenCoupon& left : planned.withdrawn) *back->add_withdrawn() = left;
    planned.response.SerializeToString(back->mutable_answer());
    if (!request.reason().empty()) {
      backend_.proposer->SetAudit("return_sale",
                                  absl::StrCat("transactions/", request.sale_transaction_id()),
                                  request.reason(), &entry);
    }
    EntryResult written;
    status = backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_SALE_NOT_FOUND, &written);
    if (written.refusal() == EntryResult::REFUSAL_VERSION_CHANGED) continue;
    if (!status.ok()) return status;
    result = std::move(written);
  }
  if (!status.ok()) return status;
  if (!response->ParseFromString(result->answer())) {
    return StoreError(absl::DataLossError("ledger: malformed answer"));
  }
  FillUsed(*result, response);
  return grpc::Status::OK;
}

grpc::Status TransactionService::GetSale(const v1::GetSaleRequest& request,
                                         v1::Sale* response) const {
  if (!IsId(request.transaction_id())) {
    return InvalidRequest({{"transaction_id", "must be 1 to 64 bytes of [A-Za-z0-9._-]"}});
  }
  const absl::StatusOr<std::optional<storage::StoredSale>> sale =
      backend_.store->GetSale(request.transaction_id());
  if (!sale.ok()) return StoreError(sale.status());
  if (sale->has_value()) return SaleWriter::Show(**sale, response);
  return NoSuchSale();
}

}  // namespace touchstone::server
