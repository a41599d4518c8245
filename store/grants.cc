#include "store/grants.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "store/apply_commands.h"
#include "store/holdings.h"
#include "store/keys.h"
#include "store/links.h"

namespace touchstone::store {

using storage::Code;

namespace {

int64_t UsesLeft(const Code& grant) {
  return grant.most_uses() - grant.committed() - grant.reserved() - grant.overrun();
}

}  // namespace

bool IsOpen(const Code& grant) {
  return !grant.customer_id().empty() && !grant.revoked() &&
         (UsesLeft(grant) > 0 || grant.reserved() > 0);
}

RecordPatch::Grant ShownGrant(absl::string_view id, const Code& grant) {
  constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMostUses = std::numeric_limits<uint32_t>::max();
  return {.id = id,
          .offer = static_cast<uint32_t>(grant.offer()),
          .terms = grant.terms(),
          .start_us = grant.start_us(),
          .end_us = grant.end_us() == 0 ? kForEver : grant.end_us(),
          .uses_left = static_cast<uint32_t>(std::clamp<int64_t>(UsesLeft(grant), 0, kMostUses)),
          .holders = absl::MakeConstSpan(grant.holders().data(),
                                         static_cast<size_t>(grant.holders_size()))};
}

void ListOpenGrant(absl::string_view id, const Code& grant, PendingWrites* writes) {
  const RecordPatch::Grant shown = ShownGrant(id, grant);
  const std::string row = OpenGrantRow({shown.offer, shown.terms, shown.end_us, id});
  if (IsOpen(grant)) {
    writes->Put(Family::kLedger, row, "");
  } else {
    writes->Delete(Family::kLedger, row);
  }
}

absl::StatusOr<std::vector<std::pair<uint32_t, uint32_t>>> OpenTerms(const Database& database,
                                                                     int64_t now_us) {
  std::vector<std::pair<uint32_t, uint32_t>> open;
  const std::string prefix(1, kOpenGrantPrefix);
  // Each round finds the next offer and terms, then what of them has not ended, and goes on behind
  // all of them.
  std::string from = prefix;
  for (;;) {
    const Database::PrefixIterator next = database.Iterate(Family::kLedger, prefix, from);
    if (!next.status().ok()) return next.status();
    if (!next.Valid()) return open;
    const std::string key(next.key());
    const std::optional<OpenGrantKey> row = ParseOpenGrantRow(key);
    if (!row.has_value()) return absl::DataLossError("ledger: malformed key of an open grant");
    const std::pair<uint32_t, uint32_t> terms(row->offer, row->terms);
    const Database::PrefixIterator unended =
        database.Iterate(Family::kLedger, key.substr(0, kOpenTermsBytes),
                         OpenGrantRow({terms.first, terms.second, now_us + 1, ""}));
    if (!unended.status().ok()) return unended.status();
    if (unended.Valid()) open.push_back(terms);
    // No id begins with this byte.
    constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();
    from = OpenGrantRow({terms.first, terms.second, kForEver, "\xff"});
  }
}

absl::Status GrantSections::Update(absl::string_view id, const Code& grant) {
  ListOpenGrant(id, grant, writes_);
  // Of one who was erased no record is left.
  absl::StatusOr<std::string> customer = CustomerNow(grant.customer_id(), writes_);
  if (!customer.ok()) return customer.status();
  if (customer->empty()) return absl::OkStatus();
  RecordPatch& patch = patches_[*std::move(customer)];
  if (!IsOpen(grant)) {
    patch.RemoveGrant(id);
    return absl::OkStatus();
  }
  RecordPatch::Grant shown = ShownGrant(id, grant);
  shown.keep_from_us = writes_->progress().time_us();
  patch.PutGrant(shown);
  return absl::OkStatus();
}

void GrantSections::Flush() {
  for (const auto& [customer_id, patch] : patches_) {
    MergeAndBump(kCustomer, customer_id, patch.bytes(), writes_);
  }
  patches_.clear();
}

absl::StatusOr<std::vector<std::pair<std::string, Code>>> ReadGrants(
    absl::Span<const std::string> customer_ids, PendingWrites* writes) {
  std::vector<std::pair<std::string, Code>> grants;
  for (const std::string& customer_id : customer_ids) {
    const std::string prefix = CustomerCodeRow(customer_id, "");
    Database::PrefixIterator rows = writes->committed().Iterate(Family::kLedger, prefix, prefix);
    for (; rows.Valid(); rows.Next()) {
      std::string id(rows.key().substr(prefix.size()));
      if (!IsGrantId(id)) continue;
      absl::StatusOr<std::optional<Code>> grant =
          ReadMessage<Code>(Family::kLedger, CodeRow(id), writes);
      if (!grant.ok()) return grant.status();
      if (!grant->has_value()) return absl::DataLossError("ledger: a listed grant is not there");
      grants.emplace_back(std::move(id), **std::move(grant));
    }
    if (!rows.status().ok()) return rows.status();
  }
  return grants;
}

}  // namespace touchstone::store
