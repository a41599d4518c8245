#pragma once

// The receipt of a decision: what it was made from, and the way back from it to the answer.
//
// Thread safety: a ReceiptBuilder or Rebuilder belongs to one thread.
// Cost: building copies request and record once into a reused buffer; rebuilding costs what the
// decision cost, and whatever the resolver does.

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/decide/computation.h"
#include "server/decide/wire_writer.h"
#include "server/live/live.h"
#include "touchstone/storage/v1/receipt.pb.h"

namespace touchstone::server {

class ReceiptBuilder {
 public:
  // The bytes of the receipt of what `computation` has just computed; valid until the next call.
  // `request` is the request as it came in.
  absl::string_view Build(const Computation& computation, absl::string_view request,
                          const DecisionTerms& terms, const GatheredCustomer& customer);

 private:
  WireWriter receipt_;
  std::vector<uint32_t> kept_terms_;
};

// The compiled rule set of a revision, with terms that grants keep (ascending) beside its own, and
// the reference snapshot of a version; nothing paused.
// NotFound when they are no longer kept.
using RevisionResolver = std::function<absl::StatusOr<std::shared_ptr<const LiveState>>(
    uint64_t revision, uint64_t reference_version, const std::vector<TermsKey>& kept_terms)>;

// What the receipt says of the last of these.
std::vector<TermsKey> KeptTermsOf(const ::touchstone::storage::v1::Receipt& receipt);

// The customer as the decision read her; refers to the receipt. kUnavailable when the receipt does
// not say what became of the read.
GatheredCustomer CustomerOf(const ::touchstone::storage::v1::Receipt& receipt);

// What its codes were good for, in the order of the request.
std::vector<JudgedCode> CodesOf(const ::touchstone::storage::v1::Receipt& receipt);

class Rebuilder {
 public:
  explicit Rebuilder(RevisionResolver resolver);

  // Makes the decision again. OK does not say that the answer is the same: see identical().
  // FailedPrecondition: another engine version made it, or a time zone has other rules now;
  // DataLoss: the bytes are no receipt; NotFound: by the resolver. After an error nothing else may
  // be called.
  absl::Status Rebuild(absl::string_view receipt_bytes);

  const ::touchstone::storage::v1::Receipt& receipt() const { return receipt_; }
  const v1::DecideRequest& request() const { return request_; }
  // Without tokens and receipt state.
  const v1::DecideResponse& response();
  const Computation& computation() const { return computation_; }
  rules::Hash128 recorded_hash() const {
    return {receipt_.answer_hash_low(), receipt_.answer_hash_high()};
  }
  rules::Hash128 rebuilt_hash() const { return computation_.hash(); }
  bool identical() const { return recorded_hash() == rebuilt_hash(); }

 private:
  absl::StatusOr<std::shared_ptr<const LiveState>> Resolve();
  // What the receipt says of budgets and of offers that could not be claimed.
  absl::Status ReadClaims(const rules::RuleSet& rule_set);

  RevisionResolver resolver_;
  ::touchstone::storage::v1::Receipt receipt_;
  v1::DecideRequest request_;
  std::vector<uint32_t> closed_budgets_;
  std::vector<rules::UnclaimedOffer> unclaimed_;
  std::vector<JudgedCode> codes_;
  Computation computation_;
  v1::DecideResponse response_;
};

}  // namespace touchstone::server
