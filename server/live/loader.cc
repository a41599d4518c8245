#include "server/live/loader.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rules/ruleset/compile.h"
#include "rules/ruleset/message_hash.h"
#include "rules/ruleset/terms.h"
#include "server/live/reference_binding.h"

namespace touchstone::server {
namespace {

template <typename Kept, typename Key>
auto Recall(Kept& kept, const Key& key) -> decltype(kept.front().second) {
  const auto found = std::find_if(kept.begin(), kept.end(),
                                  [&key](const auto& item) { return item.first == key; });
  if (found == kept.end()) return nullptr;
  kept.splice(kept.begin(), kept, found);
  return kept.front().second;
}

template <typename Kept, typename Key, typename T>
void Keep(Kept& kept, const Key& key, const T& value, size_t most) {
  kept.emplace_front(key, value);
  if (kept.size() > most) kept.pop_back();
}

absl::StatusOr<rules::ReferenceTable> LoadTable(const store::Store& store,
                                                const rules::ReferenceSpec& spec,
                                                uint64_t reference_version) {
  if (spec.name.empty()) return rules::ReferenceTable();
  const absl::StatusOr<std::string> bytes = store.GetReference(spec.name, reference_version);
  if (absl::IsNotFound(bytes.status())) return rules::ReferenceTable(spec.columns.size());
  if (!bytes.ok()) return bytes.status();
  return BindReferenceTable(*bytes, spec);
}

absl::StatusOr<v1::RuleSet> ReadRuleSet(const store::Store& store, uint64_t revision) {
  const absl::StatusOr<std::string> bytes = store.GetRuleSet(revision);
  if (!bytes.ok()) return bytes.status();
  v1::RuleSet message;
  if (!message.ParseFromString(*bytes)) {
    return absl::DataLossError(absl::StrCat("revision ", revision, ": malformed rule set"));
  }
  return message;
}

absl::StatusOr<std::vector<v1::Offer>> ReadKeptTerms(const store::Store& store,
                                                     const std::vector<TermsKey>& wanted) {
  std::vector<v1::Offer> offers;
  if (wanted.empty()) return offers;
  const absl::StatusOr<std::vector<store::storage::KeptTerms>> all = store.ListKeptTerms();
  if (!all.ok()) return all.status();
  for (const store::storage::KeptTerms& terms : *all) {
    const TermsKey key(static_cast<uint32_t>(terms.offer()), terms.id());
    if (!std::binary_search(wanted.begin(), wanted.end(), key)) continue;
    if (!offers.emplace_back().ParseFromString(terms.body())) {
      return absl::DataLossError(absl::StrCat("malformed terms of ", terms.offer_id()));
    }
  }
  if (offers.size() == wanted.size()) return offers;
  return absl::NotFoundError("terms that grants keep are not there");
}

}  // namespace

absl::Status LiveLoader::Reload() {
  std::lock_guard<std::mutex> lock(reload_mutex_);
  const absl::StatusOr<store::storage::ActiveRevision> active = store_->GetActiveRevision();
  if (absl::IsNotFound(active.status())) return absl::OkStatus();
  if (!active.ok()) return active.status();
  const absl::StatusOr<std::vector<store::storage::PausedOffer>> paused =
      store_->ListPausedOffers();
  if (!paused.ok()) return paused.status();

  const absl::StatusOr<store::storage::Backfill> backfill = store_->GetBackfill();
  if (!backfill.ok()) return backfill.status();

  const absl::StatusOr<std::vector<TermsKey>> kept_terms = LiveTerms(*active);
  if (!kept_terms.ok()) return kept_terms.status();
  const absl::StatusOr<std::shared_ptr<const LiveState>> resolved =
      Resolve(active->revision(), store_->progress().last_reference_version(), *kept_terms);
  if (!resolved.ok()) return resolved.status();
  auto next = std::make_shared<LiveState>(**resolved);
  next->epoch = active->epoch();
  for (const store::storage::PausedOffer& offer : *paused) {
    next->paused_offers.push_back(offer.offer_id());
    const rules::OfferRange versions = rules::VersionsOf(*next->rule_set, offer.offer_id());
    for (uint32_t i = versions.first; i < versions.end; ++i) next->paused.push_back(i);
  }
  std::sort(next->paused_offers.begin(), next->paused_offers.end());
  std::sort(next->paused.begin(), next->paused.end());
  const absl::flat_hash_set<uint32_t> complete(backfill->complete().begin(),
                                               backfill->complete().end());
  for (const rules::AggregateSpec& aggregate : next->rule_set->schema.aggregates) {
    if (!complete.contains(aggregate.id)) next->incomplete_aggregates.push_back(aggregate.id);
  }
  std::sort(next->incomplete_aggregates.begin(), next->incomplete_aggregates.end());
  live_->Set(std::move(next));
  return absl::OkStatus();
}

// Those that are live and not the revision's own. Only a publish changes them.
absl::StatusOr<std::vector<TermsKey>> LiveLoader::LiveTerms(
    const store::storage::ActiveRevision& active) const {
  if (const std::shared_ptr<const LiveState> live = live_->Get();
      live != nullptr && live->epoch == active.epoch()) {
    return live->kept_terms;
  }
  const absl::StatusOr<std::vector<store::storage::KeptTerms>> all = store_->ListKeptTerms();
  if (!all.ok()) return all.status();
  const absl::StatusOr<v1::RuleSet> message = ReadRuleSet(*store_, active.revision());
  if (!message.ok()) return message.status();
  absl::flat_hash_set<std::string> own;
  for (const v1::Offer& offer : message->offers()) {
    if (offer.applies() == "granted") own.insert(rules::DeterministicBytes(rules::TermsOf(offer)));
  }
  std::vector<TermsKey> live;
  for (const store::storage::KeptTerms& terms : *all) {
    if (!terms.live() || own.contains(terms.body())) continue;
    live.emplace_back(static_cast<uint32_t>(terms.offer()), terms.id());
  }
  std::sort(live.begin(), live.end());
  return live;
}

absl::StatusOr<std::shared_ptr<const LiveState>> LiveLoader::Resolve(
    uint64_t revision, uint64_t reference_version, const std::vector<TermsKey>& kept_terms) {
  auto state = std::make_shared<LiveState>();
  state->revision = revision;
  state->kept_terms = kept_terms;
  state->reference_version = reference_version;
  absl::StatusOr<std::shared_ptr<const rules::RuleSet>> rule_set =
      RuleSetOf({revision, kept_terms});
  if (!rule_set.ok()) return rule_set.status();
  state->rule_set = *std::move(rule_set);
  absl::StatusOr<std::shared_ptr<const rules::ReferenceSnapshot>> reference =
      ReferenceOf(state->rule_set->schema, revision, reference_version);
  if (!reference.ok()) return reference.status();
  state->reference = *std::move(reference);
  return std::shared_ptr<const LiveState>(std::move(state));
}

absl::StatusOr<std::shared_ptr<const rules::RuleSet>> LiveLoader::RuleSetOf(const RuleSetKey& key) {
  if (const std::shared_ptr<const LiveState> live = live_->Get();
      live != nullptr && RuleSetKey(live->revision, live->kept_terms) == key) {
    return live->rule_set;
  }
  {
    std::lock_guard<std::mutex> lock(kept_mutex_);
    if (auto kept = Recall(rule_sets_, key)) return kept;
  }
  absl::StatusOr<std::shared_ptr<const rules::RuleSet>> compiled = CompileRevision(key);
  if (!compiled.ok()) return compiled.status();
  std::lock_guard<std::mutex> lock(kept_mutex_);
  // Another thread may have been first; its rule set is the one that others hold.
  if (auto kept = Recall(rule_sets_, key)) return kept;
  Keep(rule_sets_, key, *compiled, kMaxKeptRevisions);
  return compiled;
}

absl::StatusOr<std::shared_ptr<const rules::ReferenceSnapshot>> LiveLoader::ReferenceOf(
    const rules::Schema& schema, uint64_t revision, uint64_t reference_version) {
  if (const std::shared_ptr<const LiveState> live = live_->Get();
      live != nullptr && live->revision == revision &&
      live->reference_version == reference_version) {
    return live->reference;
  }
  const SnapshotKey key(revision, reference_version);
  {
    std::lock_guard<std::mutex> lock(kept_mutex_);
    if (auto kept = Recall(snapshots_, key)) return kept;
  }
  absl::StatusOr<std::shared_ptr<const rules::ReferenceSnapshot>> bound =
      BindSnapshot(schema, reference_version);
  if (!bound.ok()) return bound.status();
  std::lock_guard<std::mutex> lock(kept_mutex_);
  if (auto kept = Recall(snapshots_, key)) return kept;
  Keep(snapshots_, key, *bound, kMaxKeptSnapshots);
  return bound;
}

absl::StatusOr<std::shared_ptr<const rules::RuleSet>> LiveLoader::CompileRevision(
    const RuleSetKey& key) const {
  const auto& [revision, kept_terms] = key;
  const absl::StatusOr<v1::RuleSet> message = ReadRuleSet(*store_, revision);
  if (!message.ok()) return message.status();
  const absl::StatusOr<std::vector<v1::Offer>> kept = ReadKeptTerms(*store_, kept_terms);
  if (!kept.ok()) return kept.status();
  rules::CompileResult compiled = rules::Compile(*message, rules::SourceMap(), absl::Now(), *kept);
  if (compiled.rule_set != nullptr) return std::move(compiled.rule_set);
  std::string first = "no rule set came out";
  for (const rules::Diagnostic& diagnostic : compiled.diagnostics) {
    if (diagnostic.severity != rules::Severity::kError) continue;
    first = absl::StrCat(diagnostic.field_path, ": ", diagnostic.message);
    break;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("revision ", revision, " is not accepted by this version: ", first));
}

absl::StatusOr<std::shared_ptr<const rules::ReferenceSnapshot>> LiveLoader::BindSnapshot(
    const rules::Schema& schema, uint64_t reference_version) const {
  if (reference_version > store_->progress().last_reference_version()) {
    return absl::NotFoundError("no such reference snapshot");
  }
  auto snapshot = std::make_shared<rules::ReferenceSnapshot>();
  if (reference_version != 0) snapshot->version = absl::StrCat(reference_version);
  absl::StatusOr<rules::ReferenceTable> products =
      LoadTable(*store_, schema.product, reference_version);
  if (!products.ok()) return products.status();
  absl::StatusOr<rules::ReferenceTable> stores =
      LoadTable(*store_, schema.store, reference_version);
  if (!stores.ok()) return stores.status();
  snapshot->products = *std::move(products);
  snapshot->stores = *std::move(stores);
  return std::shared_ptr<const rules::ReferenceSnapshot>(std::move(snapshot));
}

}  // namespace touchstone::server
