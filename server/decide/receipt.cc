#include "server/decide/receipt.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace touchstone::server {
namespace {

using storage::v1::Receipt;

// Engine versions before the first release may differ in anything.
constexpr auto kEngineVersion = static_cast<uint32_t>(rules::kEngineVersion);

Receipt::Input ToInput(rules::InputStatus status) {
  switch (status) {
    case rules::InputStatus::kPresent:
      return Receipt::INPUT_KNOWN;
    case rules::InputStatus::kUnknown:
      return Receipt::INPUT_UNKNOWN;
    case rules::InputStatus::kAnonymous:
      return Receipt::INPUT_ANONYMOUS;
    case rules::InputStatus::kUnavailable:
      return Receipt::INPUT_UNAVAILABLE;
  }
  return Receipt::INPUT_UNSPECIFIED;
}

std::optional<rules::InputStatus> ToStatus(Receipt::Input input) {
  switch (input) {
    case Receipt::INPUT_KNOWN:
      return rules::InputStatus::kPresent;
    case Receipt::INPUT_UNKNOWN:
      return rules::InputStatus::kUnknown;
    case Receipt::INPUT_ANONYMOUS:
      return rules::InputStatus::kAnonymous;
    case Receipt::INPUT_UNAVAILABLE:
      return rules::InputStatus::kUnavailable;
    default:
      return std::nullopt;
  }
}

Receipt::Cause ToCause(ReadFailure failure) {
  switch (failure) {
    case ReadFailure::kNone:
      return Receipt::CAUSE_UNSPECIFIED;
    case ReadFailure::kLate:
      return Receipt::CAUSE_RECORD_LATE;
    case ReadFailure::kOverload:
      return Receipt::CAUSE_OVERLOAD;
    case ReadFailure::kStoreError:
      return Receipt::CAUSE_STORE_ERROR;
  }
  return Receipt::CAUSE_UNSPECIFIED;
}

ReadFailure ToFailure(Receipt::Cause cause) {
  switch (cause) {
    case Receipt::CAUSE_RECORD_LATE:
      return ReadFailure::kLate;
    case Receipt::CAUSE_OVERLOAD:
      return ReadFailure::kOverload;
    case Receipt::CAUSE_STORE_ERROR:
      return ReadFailure::kStoreError;
    default:
      return ReadFailure::kNone;
  }
}

// The generated setters make a string of their own first.
void Assign(absl::string_view from, std::string* to) { to->assign(from.data(), from.size()); }

int32_t OffsetSeconds(absl::TimeZone zone, absl::Time at) { return zone.At(at).offset; }

void FillCompleteness(const Computation& computation, bool fallback, ReadFailure failure,
                      Receipt* receipt) {
  if (fallback) {
    receipt->set_completeness(Receipt::COMPLETENESS_FALLBACK);
    receipt->set_cause(Receipt::CAUSE_NO_TIME);
  } else if (failure != ReadFailure::kNone) {
    receipt->set_completeness(Receipt::COMPLETENESS_PARTIAL);
    receipt->set_cause(ToCause(failure));
  } else if (computation.decision().completeness == rules::Completeness::kPartial) {
    receipt->set_completeness(Receipt::COMPLETENESS_PARTIAL);
    receipt->set_cause(Receipt::CAUSE_STEP_LIMIT);
  } else {
    receipt->set_completeness(Receipt::COMPLETENESS_COMPLETE);
  }
}

}  // namespace

absl::string_view ReceiptBuilder::Build(const Computation& computation, absl::string_view request,
                                        const DecisionTerms& terms,
                                        const GatheredCustomer& customer) {
  const LiveState& live = computation.binder().live();
  const absl::Time now = computation.input().now;
  receipt_.Clear();
  Assign(terms.decision_id, receipt_.mutable_decision_id());
  receipt_.set_engine_version(kEngineVersion);
  receipt_.set_revision(live.revision);
  receipt_.set_reference_version(live.reference_version);
  receipt_.set_now_us(absl::ToUnixMicros(now));
  receipt_.set_seed(terms.seed);
  receipt_.set_step_limit(terms.step_limit);
  FillCompleteness(computation, terms.fallback, customer.failure, &receipt_);
  storage::v1::Receipt::ZoneOffset* offset = receipt_.add_zone_offsets();
  const absl::TimeZone zone = live.rule_set->schema.zone;
  offset->set_zone(zone.name());
  offset->set_offset_seconds(OffsetSeconds(zone, now));
  Assign(request, receipt_.mutable_request());
  receipt_.set_customer_input(ToInput(customer.status));
  Assign(customer.id, receipt_.mutable_customer_id());
  Assign(customer.record, receipt_.mutable_customer_record());
  for (const uint32_t offer : live.paused) {
    receipt_.add_paused_offers(live.rule_set->offers[offer].id);
  }
  receipt_.set_answer_hash_low(computation.hash().low);
  receipt_.set_answer_hash_high(computation.hash().high);
  receipt_.SerializeToString(&bytes_);
  return bytes_;
}

Rebuilder::Rebuilder(RevisionResolver resolver) : resolver_(std::move(resolver)) {}

absl::StatusOr<std::shared_ptr<const LiveState>> Rebuilder::Resolve() {
  absl::StatusOr<std::shared_ptr<const LiveState>> kept =
      resolver_(receipt_.revision(), receipt_.reference_version());
  if (!kept.ok() || receipt_.paused_offers().empty()) return kept;
  auto state = std::make_shared<LiveState>(**kept);
  state->paused.clear();
  for (const std::string& id : receipt_.paused_offers()) {
    const auto offer = state->rule_set->offer_by_id.find(id);
    if (offer == state->rule_set->offer_by_id.end()) {
      return absl::DataLossError(
          absl::StrCat("the receipt pauses ", id, ", which its revision ", "does not have"));
    }
    state->paused.push_back(offer->second);
  }
  std::sort(state->paused.begin(), state->paused.end());
  return state;
}

const v1::DecideResponse& Rebuilder::response() {
  computation_.FillResponse(&response_);
  return response_;
}

absl::Status Rebuilder::Rebuild(absl::string_view receipt_bytes) {
  if (!receipt_.ParseFromArray(receipt_bytes.data(), static_cast<int>(receipt_bytes.size()))) {
    return absl::DataLossError("not a receipt");
  }
  if (receipt_.engine_version() != kEngineVersion) {
    return absl::FailedPreconditionError(absl::StrCat("engine version ", receipt_.engine_version(),
                                                      " made this decision; this is ",
                                                      kEngineVersion));
  }
  const std::optional<rules::InputStatus> status = ToStatus(receipt_.customer_input());
  if (!status || !request_.ParseFromString(receipt_.request())) {
    return absl::DataLossError("the receipt's request or input cannot be read");
  }
  absl::StatusOr<std::shared_ptr<const LiveState>> live = Resolve();
  if (!live.ok()) return live.status();

  const absl::Time now = absl::FromUnixMicros(receipt_.now_us());
  const absl::TimeZone zone = (*live)->rule_set->schema.zone;
  for (const Receipt::ZoneOffset& offset : receipt_.zone_offsets()) {
    if (offset.zone() == zone.name() && offset.offset_seconds() != OffsetSeconds(zone, now)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the rules of time zone ", zone.name(), " have changed since"));
    }
  }
  std::vector<Violation> violations;
  computation_.Bind(request_, *std::move(live), now, &violations);
  if (!violations.empty()) {
    return absl::DataLossError(absl::StrCat("the receipt's request is not valid: ",
                                            violations[0].field, " ", violations[0].description));
  }
  GatheredCustomer customer;
  customer.status = *status;
  customer.failure = ToFailure(receipt_.cause());
  customer.id = receipt_.customer_id();
  customer.record = receipt_.customer_record();
  DecisionTerms terms;
  terms.decision_id = receipt_.decision_id();
  terms.seed = receipt_.seed();
  terms.step_limit = receipt_.step_limit();
  terms.fallback = receipt_.completeness() == Receipt::COMPLETENESS_FALLBACK;
  computation_.Compute(terms, &customer);
  return absl::OkStatus();
}

}  // namespace touchstone::server
