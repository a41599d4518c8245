#include "deploy/examples/online-retail/replay_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cli/connection.h"

namespace touchstone::online_retail {
namespace {

constexpr int kMaxEventsInBatch = 500;
constexpr int64_t kThousandthsPerUnit = 1000;

absl::Status Failed(absl::string_view what, const grpc::Status& status) {
  return absl::UnavailableError(absl::StrCat(what, ": ", status.error_message()));
}

}  // namespace

ReplayRun::ReplayRun(const std::shared_ptr<grpc::Channel>& channel)
    : decisions_(v1::DecisionService::NewStub(channel)),
      customers_(v1::CustomerService::NewStub(channel)),
      outcomes_(v1::OutcomeService::NewStub(channel)),
      run_id_(server::NewRequestId()) {}

absl::Status ReplayRun::Replay(const std::vector<Invoice>& invoices, int64_t sales) {
  const int64_t all = std::count_if(invoices.begin(), invoices.end(), [](const Invoice& invoice) {
    return invoice.kind == InvoiceKind::kSale;
  });
  sales = std::min(sales, all);
  int64_t seen = 0;
  for (const Invoice& invoice : invoices) {
    if (invoice.kind == InvoiceKind::kAdjustment) ++totals_.adjustments;
    if (invoice.kind == InvoiceKind::kReturn) {
      ++(invoice.event.has_value() ? totals_.returns : totals_.anonymous_returns);
    }
    if (invoice.kind == InvoiceKind::kSale) {
      ++seen;
      if (seen * sales / all > (seen - 1) * sales / all) {
        if (absl::Status decided = Decide(invoice); !decided.ok()) return decided;
      } else {
        ++totals_.not_asked;
      }
    }
    if (!invoice.event.has_value()) continue;
    *pending_.add_events() = *invoice.event;
    if (pending_.events_size() < kMaxEventsInBatch) continue;
    if (absl::Status appended = AppendPending(); !appended.ok()) return appended;
  }
  return AppendPending();
}

absl::Status ReplayRun::Decide(const Invoice& invoice) {
  // What happened before it.
  if (absl::Status appended = AppendPending(); !appended.ok()) return appended;
  const auto context = server::NewContext();
  v1::DecideResponse response;
  const auto begin = std::chrono::steady_clock::now();
  const grpc::Status status = decisions_->Decide(context.get(), invoice.request, &response);
  totals_.latencies.push_back(absl::FromChrono(std::chrono::steady_clock::now() - begin));
  if (!status.ok()) return Failed(absl::StrCat("Decide on ", invoice.number), status);

  ++totals_.sales;
  if (invoice.customer_number.empty()) ++totals_.anonymous;
  totals_.lines += invoice.request.basket().lines_size();
  for (const v1::BasketLine& line : invoice.request.basket().lines()) {
    totals_.largest_quantity =
        std::max(totals_.largest_quantity, line.quantity_thousandths() / kThousandthsPerUnit);
  }
  Count(response);
  decided_.push_back({response.decision_id(), invoice.time});
  return invoice.event.has_value() ? RecordRedeemed(invoice, response) : absl::OkStatus();
}

void ReplayRun::Count(const v1::DecideResponse& response) {
  ++(response.completeness() == v1::COMPLETENESS_COMPLETE  ? totals_.complete
     : response.completeness() == v1::COMPLETENESS_PARTIAL ? totals_.partial
                                                           : totals_.fallback);
  ++totals_.segments[response.segment()];
  totals_.gross_minor += response.basket().totals().gross_minor();
  totals_.discount_minor += response.basket().totals().discount_minor();
  totals_.payable_minor += response.basket().totals().payable_minor();
  for (const v1::AppliedOffer& applied : response.basket().applied_offers()) {
    OfferResult& offer = totals_.offers[applied.offer_id()];
    ++offer.applied;
    offer.discount_minor += applied.amount_minor();
  }
  for (const v1::PlacementAnswer& placement : response.placements()) {
    for (const v1::ShownOffer& shown : placement.offers()) ++totals_.offers[shown.offer_id()].shown;
  }
}

// A till reports what was used, until sales go through Commit: limits count it.
absl::Status ReplayRun::RecordRedeemed(const Invoice& invoice, const v1::DecideResponse& response) {
  v1::RecordOutcomesRequest request;
  request.set_request_id(absl::StrCat(run_id_, ".", ++requests_));
  for (const v1::AppliedOffer& applied : response.basket().applied_offers()) {
    v1::Outcome* outcome = request.add_outcomes();
    outcome->set_outcome_id(absl::StrCat(invoice.number, ".", applied.offer_id()));
    outcome->set_type(v1::OUTCOME_TYPE_REDEEMED);
    outcome->mutable_decided_offer()->set_decision_id(response.decision_id());
    outcome->mutable_decided_offer()->set_offer_id(applied.offer_id());
    *outcome->mutable_occurred_at() = invoice.request.context().as_of();
  }
  if (request.outcomes().empty()) return absl::OkStatus();
  const auto context = server::NewContext();
  v1::RecordOutcomesResponse recorded;
  const grpc::Status status = outcomes_->RecordOutcomes(context.get(), request, &recorded);
  if (!status.ok()) return Failed(absl::StrCat("RecordOutcomes of ", invoice.number), status);
  for (const v1::OutcomeResult& result : recorded.results()) {
    if (result.state() == v1::OUTCOME_STATE_RECORDED) continue;
    return absl::UnavailableError(
        absl::StrCat("an outcome of ", invoice.number, ": ", result.error().message()));
  }
  return absl::OkStatus();
}

absl::Status ReplayRun::AppendPending() {
  if (pending_.events().empty()) return absl::OkStatus();
  pending_.set_request_id(absl::StrCat(run_id_, ".", ++requests_));
  const auto context = server::NewContext();
  v1::AppendEventsResponse response;
  const grpc::Status status = customers_->AppendEvents(context.get(), pending_, &response);
  if (!status.ok()) return Failed("AppendEvents", status);
  for (int i = 0; i < response.results_size(); ++i) {
    if (response.results(i).state() == v1::WRITE_STATE_WRITTEN) continue;
    return absl::UnavailableError(absl::StrCat("the event of ",
                                               pending_.events(i).event().event_id(), ": ",
                                               response.results(i).error().message()));
  }
  totals_.events += pending_.events_size();
  pending_.Clear();
  return absl::OkStatus();
}

absl::Status ReplayRun::ExplainAll() {
  v1::ExplainRequest request;
  for (const Decided& decided : decided_) {
    request.set_decision_id(decided.decision_id);
    // Once with every offer, so that those are known that never won.
    request.set_verbosity(totals_.receipts == 0 ? v1::EXPLAIN_VERBOSITY_OFFERS
                                                : v1::EXPLAIN_VERBOSITY_ANSWER);
    const auto context = server::NewContext();
    v1::ExplainResponse response;
    const grpc::Status status = decisions_->Explain(context.get(), request, &response);
    if (!status.ok()) return Failed(absl::StrCat("Explain ", decided.decision_id), status);
    ++totals_.receipts;
    if (response.rebuild() == v1::REBUILD_STATE_IDENTICAL &&
        response.recorded_hash() == response.rebuilt_hash() &&
        response.evaluated_at().seconds() == absl::ToUnixSeconds(decided.as_of)) {
      ++totals_.receipts_equal;
    }
    for (const v1::OfferExplanation& offer : response.offers()) totals_.offers[offer.offer_id()];
  }
  return absl::OkStatus();
}

}  // namespace touchstone::online_retail
