#include "server/decide/gather.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "server/decide/code_text.h"
#include "server/decide/identity.h"
#include "store/record.h"

namespace touchstone::server {
namespace {

using store::Found;
using store::ReadTier;

// The keys of a request's identities, made one by one in reused memory.
class RequestIdentities {
 public:
  RequestIdentities(const v1::DecisionContext& context, const GatherRules& rules)
      : context_(context), declared_(rules.identities) {}
  size_t size() const { return static_cast<size_t>(context_.identities_size()); }
  absl::string_view key(size_t i) const {
    thread_local std::string key;
    key.clear();
    AppendIdentityKey(declared_, context_.identities(static_cast<int>(i)), &key);
    return key;
  }

 private:
  const v1::DecisionContext& context_;
  const absl::Span<const rules::IdentitySpec> declared_;
};

// The same for a job, which outlives the request's message.
class KeptIdentities {
 public:
  KeptIdentities(const v1::DecisionContext& context, const GatherRules& rules) {
    for (const v1::Identity& identity : context.identities()) {
      AppendIdentityKey(rules.identities, identity, &keys_.emplace_back());
    }
  }
  size_t size() const { return keys_.size(); }
  absl::string_view key(size_t i) const { return keys_[i]; }

 private:
  std::vector<std::string> keys_;
};

}  // namespace

GatheredCustomer GatheredRecord::view() const {
  if (status != rules::InputStatus::kPresent) {
    return {.status = status, .failure = failure, .codes = codes};
  }
  return {status, failure, customer_id, record.bytes(), household_id, household.bytes(), codes};
}

void GatheredRecord::SetUnavailable(ReadFailure why) {
  status = rules::InputStatus::kUnavailable;
  failure = why;
  codes.clear();
  Release();
}

void GatheredRecord::Release() {
  record.Reset();
  household.Reset();
}

class Gatherer::Job : public ReadJob {
 public:
  Job(Gatherer* gatherer, const v1::DecisionContext& context, const GatherRules& rules,
      std::unique_ptr<GatheringCall> call)
      : gatherer_(gatherer),
        identities_(context, rules),
        codes_(context.codes()),
        transaction_id_(context.transaction_id()),
        households_(rules.households),
        call_(std::move(call)) {}

  void Read() override {
    skipped_ = call_->answered();
    if (skipped_) return;
    gatherer_->Read(identities_, {codes_, transaction_id_}, households_, ReadTier::kMayBlock,
                    &gathered_);
  }

  void Deliver() override {
    if (skipped_ || call_->answered()) {
      gatherer_->stats_.dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    call_->Answer(gathered_);
  }

 private:
  Gatherer* gatherer_;
  KeptIdentities identities_;
  google::protobuf::RepeatedPtrField<std::string> codes_;
  std::string transaction_id_;
  bool households_;
  std::unique_ptr<GatheringCall> call_;
  GatheredRecord gathered_;
  bool skipped_ = false;
};

template <typename Identities>
bool Gatherer::Read(const Identities& keys, const CodesToRead& codes, bool households,
                    ReadTier tier, GatheredRecord* gathered) {
  gathered->codes.clear();
  if (!ReadCustomer(keys, households, tier, gathered)) return false;
  const bool unavailable = gathered->status == rules::InputStatus::kUnavailable;
  return codes.codes.empty() || unavailable || ReadCodes(codes, tier, gathered);
}

// The first identity that finds a customer wins; one whose record is gone finds nobody.
template <typename Identities>
bool Gatherer::ReadCustomer(const Identities& keys, bool households, ReadTier tier,
                            GatheredRecord* gathered) {
  gathered->failure = ReadFailure::kNone;
  gathered->Release();
  gathered->household_id.clear();
  gathered->status =
      keys.size() == 0 ? rules::InputStatus::kAnonymous : rules::InputStatus::kUnknown;
  for (size_t i = 0; i < keys.size(); ++i) {
    absl::StatusOr<Found> found =
        reader_->ResolveIdentity(keys.key(i), tier, &gathered->customer_id);
    if (found.ok() && *found == Found::kFound) {
      found = reader_->GetCustomer(gathered->customer_id, tier, &gathered->record);
    }
    if (!found.ok()) {
      stats_.errors.fetch_add(1, std::memory_order_relaxed);
      gathered->SetUnavailable(ReadFailure::kStoreError);
      return true;
    }
    if (*found == Found::kNotInMemory) return false;
    if (*found == Found::kFound) {
      gathered->status = rules::InputStatus::kPresent;
      return !households || ReadHousehold(tier, gathered);
    }
  }
  return true;
}

bool Gatherer::ReadHousehold(ReadTier tier, GatheredRecord* gathered) {
  const absl::string_view id = store::ReadHousehold(gathered->record.bytes());
  if (id.empty()) return true;
  gathered->household_id.assign(id.data(), id.size());
  const absl::StatusOr<Found> found =
      reader_->GetHousehold(gathered->household_id, tier, &gathered->household);
  if (!found.ok()) {
    stats_.errors.fetch_add(1, std::memory_order_relaxed);
    gathered->SetUnavailable(ReadFailure::kStoreError);
    return true;
  }
  return *found != Found::kNotInMemory;
}

bool Gatherer::ReadCodes(const CodesToRead& codes, ReadTier tier, GatheredRecord* gathered) {
  gathered->codes.resize(static_cast<size_t>(codes.codes.size()));
  for (int i = 0; i < codes.codes.size(); ++i) {
    FoundCode& found = gathered->codes[static_cast<size_t>(i)];
    const std::optional<std::string> code = NormalizeCode(codes.codes[i]);
    if (!code.has_value()) {
      found.found = Found::kNotFound;
    } else if (!ReadCode(*code, codes.transaction_id, tier, &found)) {
      return false;
    }
  }
  return true;
}

// Whether it is final; a code that the store has an error for is as one that was not read.
bool Gatherer::ReadCode(absl::string_view code, absl::string_view transaction_id, ReadTier tier,
                        FoundCode* found) {
  const auto fail = [&] {
    stats_.errors.fetch_add(1, std::memory_order_relaxed);
    *found = FoundCode();
    return true;
  };
  absl::StatusOr<Found> read = reader_->GetCode(code, tier, &found->row);
  if (!read.ok()) return fail();
  found->found = *read;
  if (*read != Found::kFound) return *read == Found::kNotFound;
  if (!found->row.customer_id().empty()) {
    read = reader_->GetSurvivor(found->row.customer_id(), tier, &found->owner);
    if (!read.ok()) return fail();
    if (*read == Found::kNotInMemory) return false;
  }
  if (found->row.reserved() == 0) return true;
  read = reader_->GetCodeHold(code, transaction_id, tier);
  if (!read.ok()) return fail();
  found->held_here = *read == Found::kFound;
  return *read != Found::kNotInMemory;
}

bool Gatherer::TryMemory(const v1::DecisionContext& context, const GatherRules& rules,
                         GatheredRecord* gathered) {
  return Read(RequestIdentities(context, rules), {context.codes(), context.transaction_id()},
              rules.households, ReadTier::kMemoryOnly, gathered);
}

void Gatherer::ReadBlocking(const v1::DecisionContext& context, const GatherRules& rules,
                            GatheredRecord* gathered) {
  Read(RequestIdentities(context, rules), {context.codes(), context.transaction_id()},
       rules.households, ReadTier::kMayBlock, gathered);
}

bool Gatherer::Begin(const v1::DecisionContext& context, const GatherRules& rules,
                     std::unique_ptr<GatheringCall> call, GatheredRecord* gathered) {
  stats_.misses.fetch_add(1, std::memory_order_relaxed);
  if (executor_->TrySubmit(std::make_unique<Job>(this, context, rules, std::move(call)))) {
    return true;
  }
  stats_.overflow.fetch_add(1, std::memory_order_relaxed);
  gathered->SetUnavailable(ReadFailure::kOverload);
  return false;
}

MonotonicTime AnswerBy(MonotonicTime arrived, absl::Duration budget) {
  const absl::Duration margin = std::min(kAnswerMargin, budget / 4);
  return arrived + absl::ToChronoNanoseconds(budget - margin);
}

bool HasTimeToCompute(MonotonicTime now, MonotonicTime arrived, absl::Duration budget) {
  return absl::FromChrono(now - arrived) + kComputeTime <= budget;
}

}  // namespace touchstone::server
