#include "server/services/customer_reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/services/code_conversion.h"
#include "server/services/resource_name.h"
#include "store/holdings.h"
#include "store/record.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using store::Found;
using store::ReadTier;
using store::RecordKind;

bool IsOpen(v1::GrantState state) {
  return state == v1::GRANT_STATE_OPEN || state == v1::GRANT_STATE_NOT_YET_VALID ||
         state == v1::GRANT_STATE_RESERVED;
}

}  // namespace

grpc::Status CustomerReader::Find(const std::string& id, std::string* found_id,
                                  store::PinnedValue* record) const {
  *found_id = id;
  absl::StatusOr<Found> found =
      backend_.store->GetRecord({RecordKind::kCustomer, id}, ReadTier::kMayBlock, record);
  if (found.ok() && *found != Found::kFound) {
    absl::StatusOr<std::string> survivor = backend_.store->GetSurvivor(id);
    if (!survivor.ok()) return StoreError(survivor.status());
    *found_id = *std::move(survivor);
    found =
        backend_.store->GetRecord({RecordKind::kCustomer, *found_id}, ReadTier::kMayBlock, record);
  }
  if (!found.ok()) return StoreError(found.status());
  if (*found == Found::kFound) return grpc::Status::OK;
  return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_CUSTOMER_NOT_FOUND,
                  "there is no such customer");
}

grpc::Status CustomerReader::ReadProfile(const std::string& id, const ProfileFields& fields,
                                         v1::Customer* customer) const {
  std::string found_id;
  store::PinnedValue record;
  if (grpc::Status found = Find(id, &found_id, &record); !found.ok()) return found;
  const absl::Status filled = Fill(found_id, record.bytes(), fields, customer);
  return filled.ok() ? grpc::Status::OK : StoreError(filled);
}

absl::Status CustomerReader::Fill(absl::string_view id, absl::string_view record,
                                  const ProfileFields& fields, v1::Customer* customer) const {
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  const absl::string_view household_id = store::ReadHousehold(record);
  store::PinnedValue household;
  if (live != nullptr && live->rule_set->schema.per_household && !household_id.empty()) {
    const absl::StatusOr<Found> found = backend_.store->GetRecord(
        {RecordKind::kHousehold, household_id}, ReadTier::kMayBlock, &household);
    if (!found.ok()) return found.status();
  }
  const GatheredCustomer gathered = {.status = rules::InputStatus::kPresent,
                                     .id = id,
                                     .record = record,
                                     .household_id = household_id,
                                     .household_record = household.bytes()};
  absl::Status filled = FillProfile(gathered, live, backend_.proposer->now(), fields, customer);
  if (!filled.ok() || !fields.Has(v1::Customer::kMergedCustomersFieldNumber)) return filled;
  const auto merged = backend_.store->ListMerged(id);
  if (!merged.ok()) return merged.status();
  for (const auto& [merged_id, undo] : *merged) {
    customer->add_merged_customers(CustomerName(merged_id));
  }
  return absl::OkStatus();
}

grpc::Status CustomerReader::FillHoldings(const std::string& id, const ProfileFields& fields,
                                          v1::Customer* customer) const {
  const absl::Time now = backend_.proposer->now();
  if (fields.Has(v1::Customer::kGrantsFieldNumber)) {
    const auto grants = NewestGrants(*backend_.store, id);
    if (!grants.ok()) return StoreError(grants.status());
    for (const auto& [grant_id, grant] : *grants) {
      v1::Grant message = ToMessage(grant_id, grant, id, now);
      if (IsOpen(message.state())) *customer->add_grants() = std::move(message);
    }
  }
  if (!fields.Has(v1::Customer::kHeldTransactionsFieldNumber)) return grpc::Status::OK;
  const auto ids = backend_.store->ListIds(id);
  if (!ids.ok()) return StoreError(ids.status());
  for (const std::string& holder : *ids) {
    const auto transactions = backend_.store->ListHeld(holder);
    if (!transactions.ok()) return StoreError(transactions.status());
    for (const std::string& transaction_id : *transactions) {
      const auto held = backend_.store->GetReservation(transaction_id);
      if (!held.ok()) return StoreError(held.status());
      // Over, or given back meanwhile.
      if (!held->has_value() || !store::IsHeld(**held) ||
          (*held)->expire_us() <= absl::ToUnixMicros(now)) {
        continue;
      }
      v1::HeldTransaction& message = *customer->add_held_transactions();
      message.set_transaction_id(transaction_id);
      message.set_step((*held)->step());
      message.set_suspended((*held)->state() == storage::Reservation::STATE_SUSPENDED);
      *message.mutable_expire_time() = ToTimestamp((*held)->expire_us());
    }
  }
  return grpc::Status::OK;
}

grpc::Status CustomerReader::ReadHousehold(const std::string& id, v1::Household* household) const {
  store::PinnedValue members;
  store::PinnedValue record;
  for (const auto& [kind, value] :
       {std::pair(RecordKind::kMembers, &members), std::pair(RecordKind::kHousehold, &record)}) {
    const absl::StatusOr<Found> found =
        backend_.store->GetRecord({kind, id}, ReadTier::kMayBlock, value);
    if (!found.ok()) return StoreError(found.status());
    if (*found != Found::kFound) {
      return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_HOUSEHOLD_NOT_FOUND,
                      "there is no such household");
    }
  }
  const absl::StatusOr<store::RecordView> view = store::RecordView::Parse(members.bytes());
  if (!view.ok()) return StoreError(view.status());
  household->set_name(HouseholdName(id));
  for (size_t i = 0; i < view->members().size(); ++i) {
    household->add_members(CustomerName(view->members()[i]));
  }
  std::sort(household->mutable_members()->begin(), household->mutable_members()->end());
  const absl::Status filled =
      FillHousehold(record.bytes(), backend_.live->Get(), backend_.proposer->now(), household);
  return filled.ok() ? grpc::Status::OK : StoreError(filled);
}

}  // namespace touchstone::server
