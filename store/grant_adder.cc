#include "store/grant_adder.h"

#include <limits>
#include <optional>
#include <utility>

#include "store/apply_commands.h"
#include "store/codes.h"
#include "store/holdings.h"
#include "store/keys.h"
#include "store/links.h"
#include "store/record.h"

namespace touchstone::store {

using storage::Code;

static_assert(kMaxIdBytes <= kMaxGrantIdBytes, "a record has room for the id of every grant");

absl::string_view GrantFault(const storage::AddGrants::Item& item) {
  if (!IsGrantId(item.grant_id())) {
    return "grant_id: 1-64 bytes of [A-Za-z0-9._-], one of them a lower-case letter";
  }
  if (!item.terms().is_grant()) return "terms.is_grant: of a grant";
  if (item.terms().customer_id().empty()) return "terms.customer_id: a grant is a customer's";
  if (item.terms().offer() == 0 || item.terms().offer() > std::numeric_limits<uint32_t>::max()) {
    return "terms.offer: as contact state names it";
  }
  return TermsFault(item.terms());
}

absl::StatusOr<GrantAdder::Added> GrantAdder::Add(const storage::AddGrants::Item& item) {
  absl::StatusOr<std::string> customer = CustomerNow(item.terms().customer_id(), writes_);
  if (!customer.ok()) return customer.status();
  if (customer->empty()) return Added::kNoCustomer;
  Code grant = item.terms();
  grant.set_customer_id(*std::move(customer));
  const std::string key = CodeRow(item.grant_id());
  const absl::StatusOr<std::optional<Code>> there =
      ReadMessage<Code>(Family::kLedger, key, writes_);
  if (!there.ok()) return there.status();
  if (there->has_value()) {
    const absl::StatusOr<bool> is_same = HasTerms(**there, grant, writes_);
    if (!is_same.ok()) return is_same.status();
    return *is_same ? Added::kThere : Added::kThereOtherwise;
  }
  const absl::StatusOr<bool> has_room = TakeRoom(item.grant_id(), grant);
  if (!has_room.ok()) return has_room.status();
  if (!*has_room) return Added::kNoRoom;
  grant.set_time_us(time_us_);
  writes_->Put(Family::kLedger, key, grant.SerializeAsString());
  writes_->Put(Family::kLedger, CustomerCodeRow(grant.customer_id(), item.grant_id()), "");
  if (absl::Status shown = sections_.Update(item.grant_id(), grant); !shown.ok()) return shown;
  return Added::kNew;
}

// One that has ended needs no room.
absl::StatusOr<bool> GrantAdder::TakeRoom(absl::string_view id, const Code& grant) {
  const int64_t now_us = writes_->progress().time_us();
  if (ShownGrant(id, grant).end_us <= now_us) return true;
  auto at = open_.find(grant.customer_id());
  if (at == open_.end()) {
    const auto record = Read(kCustomer, grant.customer_id(), writes_);
    if (!record.ok()) return record.status();
    int open = 0;
    for (size_t i = 0; i < (*record)->view.grant_count(); ++i) {
      if ((*record)->view.grant(i).end_us > now_us) ++open;
    }
    at = open_.emplace(grant.customer_id(), open).first;
  }
  if (at->second >= kMaxOpenGrants) return false;
  ++at->second;
  return true;
}

}  // namespace touchstone::store
