#include "server/services/event_batch.h"

#include <algorithm>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "server/decide/identity.h"
#include "server/rpc/rpc_error.h"
#include "server/services/resource_name.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using store::Found;
using store::ReadTier;

// 128 random bits: unique without asking anybody.
std::string NewCustomerId() {
  std::random_device device;
  std::string id = "c";
  for (int i = 0; i < 4; ++i) absl::StrAppend(&id, absl::Hex(device(), absl::kZeroPad8));
  return id;
}

std::string ReversesField(size_t index) {
  return absl::StrCat("events[", index, "].event.reverses_event_id");
}

google::rpc::Status TooOld() {
  return ErrorStatus(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_EVENT_TOO_OLD,
                     "occurred_at: the event is older than events are kept, so that it could not "
                     "be told from one that was counted before");
}

google::rpc::Status NotFound(v1::ErrorReason reason, absl::string_view message) {
  return ErrorStatus(StatusCode::NOT_FOUND, reason, message);
}

}  // namespace

EventBatch::EventBatch(const Backend& backend, const v1::AppendEventsRequest& request)
    : backend_(backend), request_(request), body_hash_(BodyHash("AppendEvents", request)) {}

grpc::Status EventBatch::Plan() {
  std::vector<Violation> violations;
  CheckRequestId(request_.request_id(), &violations);
  if (request_.events_size() < 1 || request_.events_size() > kMaxEventsInBatch) {
    violations.push_back({"events", "must be 1 to 1,000"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: events have no declarations");
  }
  const auto count = static_cast<size_t>(request_.events_size());
  subjects_.resize(count);
  results_.resize(count);
  if (grpc::Status found = FindSubjects(); !found.ok()) return found;

  entry_ = backend_.proposer->NewEntry(request_.request_id(), body_hash_);
  entry_.mutable_append_events()->set_revision(live->revision);
  entry_.mutable_append_events()->set_reference_version(live->reference_version);
  EventIncrements increments(live, backend_.proposer->now());
  for (size_t i = 0; i < count; ++i) {
    if (results_[i].state() == v1::WRITE_STATE_REJECTED) continue;
    if (grpc::Status planned = PlanEvent(i, &increments); !planned.ok()) return planned;
  }
  return grpc::Status::OK;
}

grpc::Status EventBatch::FindSubjects() {
  std::vector<std::string> missing;
  std::map<std::string, Subject> known;  // by name or identity key
  for (size_t i = 0; i < subjects_.size(); ++i) {
    const std::string field = absl::StrCat("events[", i, "]");
    std::vector<Violation> violations;
    if (event(i).subject_case() == v1::CustomerEvent::kCustomer) {
      const std::string& name = event(i).customer();
      const auto seen = known.find(name);
      if (seen != known.end()) {
        subjects_[i] = seen->second;
      } else {
        grpc::Status read = FindById(name, field, &subjects_[i], &violations);
        if (!read.ok()) return read;
        if (violations.empty()) known[name] = subjects_[i];
      }
    } else if (event(i).subject_case() == v1::CustomerEvent::kIdentity) {
      CheckIdentity(event(i).identity(), absl::StrCat(field, ".identity"), &violations);
      const std::string key = IdentityKey(event(i).identity());
      const auto seen = known.find(key);
      if (seen != known.end()) {
        subjects_[i] = seen->second;
      } else if (violations.empty()) {
        const absl::StatusOr<Found> found =
            backend_.store->ResolveIdentity(key, ReadTier::kMayBlock, &subjects_[i].customer_id);
        if (!found.ok()) return StoreError(found.status());
        subjects_[i].known = *found == Found::kFound;
        if (!subjects_[i].known) missing.push_back(key);
        known[key] = subjects_[i];
      }
    } else {
      violations.push_back({field, "must say whose it is: customer or identity"});
    }
    if (!violations.empty()) Reject(i, InvalidItem(violations));
  }
  if (!missing.empty() && request_.allow_missing()) {
    if (grpc::Status created = CreateMissing(missing); !created.ok()) return created;
  }
  for (size_t i = 0; i < subjects_.size(); ++i) {
    if (results_[i].state() == v1::WRITE_STATE_REJECTED) continue;
    const bool by_identity = event(i).subject_case() == v1::CustomerEvent::kIdentity;
    if (subjects_[i].customer_id.empty()) {
      Reject(i, NotFound(v1::ERROR_REASON_IDENTITY_NOT_FOUND, "no customer has this identity"));
    } else if (!by_identity && !subjects_[i].known && !request_.allow_missing()) {
      Reject(i, NotFound(v1::ERROR_REASON_CUSTOMER_NOT_FOUND, "there is no such customer"));
    } else {
      results_[i].set_customer(CustomerName(subjects_[i].customer_id));
    }
  }
  return grpc::Status::OK;
}

grpc::Status EventBatch::CreateMissing(const std::vector<std::string>& identities) {
  // A request that will be refused as reused makes nobody.
  std::optional<storage::EntryResult> first;
  grpc::Status recalled = backend_.proposer->Recall(request_.request_id(), body_hash_, &first);
  if (!recalled.ok()) return recalled;
  std::vector<storage::Entry> entries;
  for (const std::string& identity : identities) {
    storage::Entry& entry = entries.emplace_back(backend_.proposer->NewEntry("", 0));
    entry.mutable_resolve_or_create()->add_identities(identity);
    entry.mutable_resolve_or_create()->set_proposed_customer_id(NewCustomerId());
  }
  std::vector<storage::EntryResult> results;
  grpc::Status written = backend_.proposer->WriteAll(std::move(entries),
                                                     v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &results);
  if (!written.ok()) return written;
  std::map<std::string, std::string> ids;
  for (size_t i = 0; i < identities.size(); ++i) ids[identities[i]] = results[i].customer_id();
  for (size_t i = 0; i < subjects_.size(); ++i) {
    if (event(i).subject_case() != v1::CustomerEvent::kIdentity) continue;
    const auto made = ids.find(IdentityKey(event(i).identity()));
    if (made != ids.end()) subjects_[i] = {made->second, true};
  }
  return grpc::Status::OK;
}

grpc::Status EventBatch::FindById(const std::string& name, absl::string_view field,
                                  Subject* subject, std::vector<Violation>* violations) const {
  const std::optional<std::string> id =
      ParseCustomerName(name, absl::StrCat(field, ".customer"), violations);
  if (!id.has_value()) return grpc::Status::OK;
  store::PinnedValue record;
  const absl::StatusOr<Found> found =
      backend_.store->GetRecord({store::RecordKind::kCustomer, *id}, ReadTier::kMayBlock, &record);
  if (!found.ok()) return StoreError(found.status());
  *subject = {*id, *found == Found::kFound};
  return grpc::Status::OK;
}

grpc::Status EventBatch::PlanEvent(size_t index, EventIncrements* increments) {
  const v1::Event& given = event(index).event();
  std::vector<Violation> violations;
  store::RecordPatch patch;
  bool leaves_stale = false;
  increments->Add(given, absl::StrCat("events[", index, "].event"), &patch, &violations);
  if (violations.empty() && !given.reverses_event_id().empty()) {
    std::optional<v1::Event> reversed;
    if (grpc::Status read = FindReversed(index, &reversed, &violations); !read.ok()) return read;
    // It adds nothing of its own: it is the other event that is no longer so.
    patch.Clear();
    if (reversed.has_value()) leaves_stale = increments->TakeBack(*reversed, &patch);
  }
  if (!violations.empty()) {
    Reject(index, InvalidItem(violations));
    return grpc::Status::OK;
  }
  if (TimeOf(given) < backend_.proposer->now() - backend_.event_retention) {
    Reject(index, TooOld());
    return grpc::Status::OK;
  }
  const std::string& customer_id = subjects_[index].customer_id;
  // A customer whose events add nothing is made all the same.
  if (!subjects_[index].known && patch.empty()) patch.BumpVersion();
  storage::AppendEvents::Item* item = entry_.mutable_append_events()->add_items();
  item->set_customer_id(customer_id);
  item->mutable_event()->set_event_id(given.event_id());
  item->mutable_event()->set_type(given.type());
  item->mutable_event()->set_time_us(absl::ToUnixMicros(TimeOf(given)));
  item->mutable_event()->set_body(given.SerializeAsString());
  item->mutable_event()->set_reverses_event_id(given.reverses_event_id());
  item->set_customer_patch(patch.bytes());
  item->set_rebuild_customer(leaves_stale);
  if (leaves_stale) stale_customers_.insert(customer_id);
  // She may be erased before this is applied.
  item->set_customer_must_exist(subjects_[index].known);
  event_of_item_.push_back(index);
  planned_.try_emplace({customer_id, given.event_id()}, index);
  return grpc::Status::OK;
}

grpc::Status EventBatch::FindReversed(size_t index, std::optional<v1::Event>* reversed,
                                      std::vector<Violation>* violations) const {
  const v1::Event& given = event(index).event();
  const std::string& customer_id = subjects_[index].customer_id;
  const std::string field = ReversesField(index);
  const auto planned = planned_.find({customer_id, given.reverses_event_id()});
  if (planned != planned_.end()) {
    *reversed = event(planned->second).event();
  } else {
    const absl::StatusOr<std::optional<storage::StoredEvent>> stored =
        backend_.store->GetEvent(customer_id, given.reverses_event_id());
    if (!stored.ok()) return StoreError(stored.status());
    if (!stored->has_value()) {
      violations->push_back(
          {field, "is not an event of this customer", v1::ERROR_REASON_VALUE_INVALID});
      return grpc::Status::OK;
    }
    if (!reversed->emplace().ParseFromString((*stored)->body())) {
      return StoreError(absl::DataLossError("events: malformed event"));
    }
  }
  if (TimeOf(given) < TimeOf(**reversed)) {
    violations->push_back(
        {field, "must be an event before this one", v1::ERROR_REASON_VALUE_INVALID});
    return grpc::Status::OK;
  }
  return grpc::Status::OK;
}

void EventBatch::Reject(size_t index, const google::rpc::Status& error) {
  results_[index].set_state(v1::WRITE_STATE_REJECTED);
  *results_[index].mutable_error() = error;
}

void EventBatch::Answer(const storage::EntryResult& result,
                        v1::AppendEventsResponse* response) const {
  for (const v1::AppendEventResult& planned : results_) {
    v1::AppendEventResult* to = response->add_results();
    *to = planned;
    if (to->state() != v1::WRITE_STATE_REJECTED) to->set_state(v1::WRITE_STATE_WRITTEN);
  }
  for (const uint32_t item : result.duplicate_items()) {
    if (item >= event_of_item_.size()) continue;  // a replay under a schema that refuses more
    response->mutable_results(static_cast<int>(event_of_item_[item]))
        ->set_state(v1::WRITE_STATE_DUPLICATE);
  }
  // Of an event, the store refuses that its customer is gone, and that it takes back what has been
  // taken back.
  for (const storage::EntryResult::RefusedItem& item : result.refused_items()) {
    if (item.index() >= event_of_item_.size()) continue;
    const size_t index = event_of_item_[item.index()];
    v1::AppendEventResult* to = response->mutable_results(static_cast<int>(index));
    to->set_state(v1::WRITE_STATE_REJECTED);
    if (item.refusal() == storage::EntryResult::REFUSAL_NOT_FOUND) {
      *to->mutable_error() =
          NotFound(v1::ERROR_REASON_CUSTOMER_NOT_FOUND, "there is no such customer");
      continue;
    }
    *to->mutable_error() =
        InvalidItem({{ReversesField(index), "has been taken back by another event",
                      v1::ERROR_REASON_VALUE_INVALID}});
  }
}

}  // namespace touchstone::server
