#include "server/decide/receipt.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
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

int32_t OffsetSeconds(absl::TimeZone zone, absl::Time at) { return zone.At(at).offset; }

struct CompletenessAndCause {
  Receipt::Completeness completeness;
  Receipt::Cause cause = Receipt::CAUSE_UNSPECIFIED;
};

CompletenessAndCause CompletenessOf(const Computation& computation, bool fallback,
                                    ReadFailure failure) {
  if (fallback) return {Receipt::COMPLETENESS_FALLBACK, Receipt::CAUSE_NO_TIME};
  if (failure != ReadFailure::kNone) return {Receipt::COMPLETENESS_PARTIAL, ToCause(failure)};
  if (computation.decision().completeness == rules::Completeness::kPartial) {
    const bool by_codes = computation.decision().cause == rules::CompletenessCause::kCodesNotRead;
    return {Receipt::COMPLETENESS_PARTIAL,
            by_codes ? Receipt::CAUSE_CODES_LATE : Receipt::CAUSE_STEP_LIMIT};
  }
  return {Receipt::COMPLETENESS_COMPLETE};
}

void WriteZoneOffset(absl::TimeZone zone, absl::Time now, WireWriter& out) {
  const WireWriter::Submessage offset = out.Begin(Receipt::kZoneOffsetsFieldNumber);
  out.Text(Receipt::ZoneOffset::kZoneFieldNumber, zone.name());
  out.Number(Receipt::ZoneOffset::kOffsetSecondsFieldNumber, OffsetSeconds(zone, now));
  out.End(offset);
}

void WriteUnclaimed(absl::string_view offer_id, rules::Unclaimable what, WireWriter& out) {
  using Field = Receipt::Unclaimed;
  const WireWriter::Submessage unclaimed = out.Begin(Receipt::kUnclaimedOffersFieldNumber);
  out.Text(Field::kOfferIdFieldNumber, offer_id);
  out.Flag(Field::kByLimitFieldNumber, what == rules::Unclaimable::kLimit);
  out.Flag(Field::kByCodeFieldNumber, what == rules::Unclaimable::kCode);
  out.End(unclaimed);
}

rules::Unclaimable WhatWasUnclaimed(const Receipt::Unclaimed& unclaimed) {
  if (unclaimed.by_limit()) return rules::Unclaimable::kLimit;
  return unclaimed.by_code() ? rules::Unclaimable::kCode : rules::Unclaimable::kBudget;
}

using Presented = Receipt::PresentedCode;

// By rules::CodeStanding.
constexpr std::array<Presented::Standing, 9> kStandings = {
    Presented::STANDING_VALID,         Presented::STANDING_UNKNOWN,
    Presented::STANDING_NOT_YET_VALID, Presented::STANDING_EXPIRED,
    Presented::STANDING_USED,          Presented::STANDING_RESERVED_ELSEWHERE,
    Presented::STANDING_NOT_YOURS,     Presented::STANDING_REVOKED,
    Presented::STANDING_NOT_READ};
static_assert(kStandings.size() == static_cast<size_t>(rules::CodeStanding::kNotRead) + 1);

void WriteCode(const JudgedCode& code, WireWriter& out) {
  const WireWriter::Submessage presented = out.Begin(Receipt::kPresentedCodesFieldNumber);
  out.Number(Presented::kStandingFieldNumber, kStandings[static_cast<size_t>(code.standing)]);
  out.Text(Presented::kOfferIdFieldNumber, code.offer_id);
  out.End(presented);
}

absl::Status NotOfRevision(absl::string_view what, absl::string_view name) {
  return absl::DataLossError(absl::StrCat("the receipt names the ", what, " ", name,
                                          ", which its revision does not have"));
}

absl::StatusOr<rules::OfferRange> FindOffers(const rules::RuleSet& rule_set, absl::string_view id) {
  const rules::OfferRange versions = rules::VersionsOf(rule_set, id);
  if (versions.first == versions.end) return NotOfRevision("offer", id);
  return versions;
}

absl::StatusOr<uint32_t> FindBudget(const rules::RuleSet& rule_set, absl::string_view name) {
  const std::optional<uint32_t> budget = rules::FindBudget(rule_set.budgets, name);
  if (!budget.has_value()) return NotOfRevision("budget", name);
  return *budget;
}

// Her grants are all that brings kept terms into her decision.
std::set<TermsKey> HeldTerms(const rules::RuleSet& rule_set,
                             absl::Span<const rules::HeldGrant> grants) {
  std::set<TermsKey> held;
  for (const rules::HeldGrant& grant : grants) {
    const rules::OfferSpec& offer = rule_set.offers[grant.offer];
    if (offer.is_kept) held.emplace(offer.stable_id, offer.terms);
  }
  return held;
}

// What is said of an offer is said of all its versions, and written once.
bool IsFirstVersion(const rules::RuleSet& rule_set, uint32_t offer) {
  return offer == rules::VersionsOf(rule_set, rule_set.offers[offer].id).first;
}

// An offer that only others still have grants of is not there when the decision is made again.
bool IsOfDecision(const rules::RuleSet& rule_set, uint32_t offer, const std::set<TermsKey>& held) {
  const rules::OfferSpec& first = rule_set.offers[offer];
  if (!first.is_kept) return true;
  const auto at = held.lower_bound({first.stable_id, 0});
  return at != held.end() && at->first == first.stable_id;
}

}  // namespace

std::vector<TermsKey> KeptTermsOf(const Receipt& receipt) {
  std::vector<TermsKey> kept_terms;
  for (int i = 0; i + 1 < receipt.kept_terms_size(); i += 2) {
    kept_terms.emplace_back(receipt.kept_terms(i), receipt.kept_terms(i + 1));
  }
  return kept_terms;
}

// In order of field number, as storage::v1::Receipt has them.
absl::string_view ReceiptBuilder::Build(const Computation& computation, absl::string_view request,
                                        const DecisionTerms& terms,
                                        const GatheredCustomer& customer) {
  const LiveState& live = computation.binder().live();
  const absl::Time now = computation.input().now;
  const CompletenessAndCause outcome =
      CompletenessOf(computation, terms.fallback, customer.failure);
  const auto number = [this](int field, uint64_t value) {
    receipt_.Number(field, static_cast<int64_t>(value));
  };
  receipt_.Reset();
  receipt_.Text(Receipt::kDecisionIdFieldNumber, terms.decision_id);
  number(Receipt::kEngineVersionFieldNumber, kEngineVersion);
  number(Receipt::kRevisionFieldNumber, live.revision);
  number(Receipt::kReferenceVersionFieldNumber, live.reference_version);
  receipt_.Number(Receipt::kNowUsFieldNumber, absl::ToUnixMicros(now));
  receipt_.Fixed64(Receipt::kSeedFieldNumber, terms.seed);
  number(Receipt::kStepLimitFieldNumber, terms.step_limit);
  receipt_.Number(Receipt::kCompletenessFieldNumber, outcome.completeness);
  receipt_.Number(Receipt::kCauseFieldNumber, outcome.cause);
  WriteZoneOffset(live.rule_set->schema.zone, now, receipt_);
  receipt_.Text(Receipt::kRequestFieldNumber, request);
  receipt_.Number(Receipt::kCustomerInputFieldNumber, ToInput(customer.status));
  receipt_.Text(Receipt::kCustomerIdFieldNumber, customer.id);
  receipt_.Text(Receipt::kCustomerRecordFieldNumber, customer.record);
  if (!customer.household_id.empty()) {
    receipt_.Number(Receipt::kHouseholdInputFieldNumber, customer.household_record.empty()
                                                             ? Receipt::INPUT_UNKNOWN
                                                             : Receipt::INPUT_KNOWN);
    receipt_.Text(Receipt::kHouseholdIdFieldNumber, customer.household_id);
    receipt_.Text(Receipt::kHouseholdRecordFieldNumber, customer.household_record);
  }
  const rules::RuleSet& rule_set = *live.rule_set;
  const std::set<TermsKey> held = HeldTerms(rule_set, computation.input().grants);
  for (const uint32_t budget : terms.closed_budgets) {
    receipt_.TextOrEmpty(Receipt::kClosedBudgetsFieldNumber, rule_set.budgets[budget].name);
  }
  for (const uint32_t offer : live.paused) {
    if (!IsFirstVersion(rule_set, offer) || !IsOfDecision(rule_set, offer, held)) continue;
    receipt_.TextOrEmpty(Receipt::kPausedOffersFieldNumber, rule_set.offers[offer].id);
  }
  receipt_.Fixed64(Receipt::kAnswerHashLowFieldNumber, computation.hash().low);
  receipt_.Fixed64(Receipt::kAnswerHashHighFieldNumber, computation.hash().high);
  receipt_.Fixed32s(Receipt::kIncompleteAggregatesFieldNumber, live.incomplete_aggregates);
  for (const rules::UnclaimedOffer& unclaimed : terms.unclaimed) {
    if (!IsFirstVersion(rule_set, unclaimed.offer)) continue;
    WriteUnclaimed(rule_set.offers[unclaimed.offer].id, unclaimed.what, receipt_);
  }
  for (const JudgedCode& code : terms.codes) WriteCode(code, receipt_);
  receipt_.Flag(Receipt::kWithoutNearMissesFieldNumber, terms.without_near_misses);
  kept_terms_.clear();
  for (const auto& [offer, id] : held) {
    kept_terms_.push_back(offer);
    kept_terms_.push_back(id);
  }
  receipt_.Fixed32s(Receipt::kKeptTermsFieldNumber, kept_terms_);
  return receipt_.bytes();
}

GatheredCustomer CustomerOf(const Receipt& receipt) {
  return {.status = ToStatus(receipt.customer_input()).value_or(rules::InputStatus::kUnavailable),
          .failure = ToFailure(receipt.cause()),
          .id = receipt.customer_id(),
          .record = receipt.customer_record(),
          .household_id = receipt.household_id(),
          .household_record = receipt.household_record()};
}

std::vector<JudgedCode> CodesOf(const Receipt& receipt) {
  std::vector<JudgedCode> codes;
  for (const Presented& presented : receipt.presented_codes()) {
    JudgedCode& code = codes.emplace_back();
    const auto standing = std::find(kStandings.begin(), kStandings.end(), presented.standing());
    // One that this version does not know is worth nothing.
    if (standing != kStandings.end()) {
      code.standing = static_cast<rules::CodeStanding>(standing - kStandings.begin());
    }
    code.offer_id = presented.offer_id();
  }
  return codes;
}

Rebuilder::Rebuilder(RevisionResolver resolver) : resolver_(std::move(resolver)) {}

absl::StatusOr<std::shared_ptr<const LiveState>> Rebuilder::Resolve() {
  absl::StatusOr<std::shared_ptr<const LiveState>> kept =
      resolver_(receipt_.revision(), receipt_.reference_version(), KeptTermsOf(receipt_));
  if (!kept.ok()) return kept;
  if (receipt_.paused_offers().empty() && receipt_.incomplete_aggregates().empty()) return kept;
  auto state = std::make_shared<LiveState>(**kept);
  state->paused.clear();
  for (const std::string& id : receipt_.paused_offers()) {
    const absl::StatusOr<rules::OfferRange> versions = FindOffers(*state->rule_set, id);
    if (!versions.ok()) return versions.status();
    for (uint32_t i = versions->first; i < versions->end; ++i) state->paused.push_back(i);
  }
  std::sort(state->paused.begin(), state->paused.end());
  state->incomplete_aggregates.assign(receipt_.incomplete_aggregates().begin(),
                                      receipt_.incomplete_aggregates().end());
  return state;
}

absl::Status Rebuilder::ReadClaims(const rules::RuleSet& rule_set) {
  closed_budgets_.clear();
  for (const std::string& name : receipt_.closed_budgets()) {
    const absl::StatusOr<uint32_t> budget = FindBudget(rule_set, name);
    if (!budget.ok()) return budget.status();
    closed_budgets_.push_back(*budget);
  }
  unclaimed_.clear();
  for (const Receipt::Unclaimed& unclaimed : receipt_.unclaimed_offers()) {
    const absl::StatusOr<rules::OfferRange> versions = FindOffers(rule_set, unclaimed.offer_id());
    if (!versions.ok()) return versions.status();
    for (uint32_t i = versions->first; i < versions->end; ++i) {
      unclaimed_.push_back({i, WhatWasUnclaimed(unclaimed)});
    }
  }
  return absl::OkStatus();
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
  if (absl::Status read = ReadClaims(*(*live)->rule_set); !read.ok()) return read;

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
  GatheredCustomer customer = CustomerOf(receipt_);
  DecisionTerms terms;
  terms.decision_id = receipt_.decision_id();
  terms.seed = receipt_.seed();
  terms.step_limit = receipt_.step_limit();
  terms.fallback = receipt_.completeness() == Receipt::COMPLETENESS_FALLBACK;
  terms.closed_budgets = closed_budgets_;
  terms.unclaimed = unclaimed_;
  codes_ = CodesOf(receipt_);
  terms.codes = codes_;
  terms.reasons = rules::Reasons::kEveryOffer;
  terms.without_near_misses = receipt_.without_near_misses();
  computation_.Compute(terms, &customer);
  return absl::OkStatus();
}

}  // namespace touchstone::server
