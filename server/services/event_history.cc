#include "server/services/event_history.h"

#include <string>

#include "store/record.h"

namespace touchstone::server {
namespace {

using store::Found;
using store::ReadTier;
using store::RecordKind;

absl::Status ReadEvents(const store::Store& store, absl::string_view customer_id,
                        std::vector<v1::Event>* events) {
  bool is_event = true;
  const absl::Status scanned =
      store.ScanEvents(customer_id, [&](const store::storage::StoredEvent& event) {
        is_event = events->emplace_back().ParseFromString(event.body());
        return is_event;
      });
  if (!scanned.ok()) return scanned;
  return is_event ? absl::OkStatus() : absl::DataLossError("events: malformed event");
}

absl::StatusOr<std::vector<std::string>> ReadMembers(const store::Store& store,
                                                     absl::string_view household_id) {
  store::PinnedValue bytes;
  const absl::StatusOr<Found> found =
      store.GetRecord({RecordKind::kMembers, household_id}, ReadTier::kMayBlock, &bytes);
  if (!found.ok()) return found.status();
  std::vector<std::string> members;
  if (*found != Found::kFound) return members;
  const absl::StatusOr<store::RecordView> record = store::RecordView::Parse(bytes.bytes());
  if (!record.ok()) return record.status();
  for (size_t i = 0; i < record->members().size(); ++i) {
    members.emplace_back(record->members()[i]);
  }
  return members;
}

}  // namespace

absl::StatusOr<std::vector<std::vector<v1::Event>>> ReadHistories(const store::Store& store,
                                                                  store::RecordKey record) {
  absl::StatusOr<std::vector<std::string>> customers(
      std::vector<std::string>{std::string(record.id)});
  if (record.kind == RecordKind::kHousehold) customers = ReadMembers(store, record.id);
  if (!customers.ok()) return customers.status();
  std::vector<std::vector<v1::Event>> histories;
  for (const std::string& customer : *customers) {
    absl::Status read = ReadEvents(store, customer, &histories.emplace_back());
    if (!read.ok()) return read;
  }
  return histories;
}

}  // namespace touchstone::server
