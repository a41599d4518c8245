#include "server/services/event_batch.h"

#include <algorithm>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "server/decide/identity.h"
#include "server/rpc/rpc_error.h"
#include "server/services/resource_name.h"
#include "store/record.h"

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

google::rpc::Status InFuture(absl::Duration most) {
  return ErrorStatus(
      StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_EVENT_IN_FUTURE,
      absl::StrCat("occurred_at: lies more than ", absl::FormatDuration(most),
                   " ahead of the server's clock: is the clock that made it right?"));
}

google::rpc::Status NotFound(v1::ErrorReason reason, absl::string_view message) {
  return ErrorStatus(StatusCode::NOT_FOUND, reason, message);
}

}  // namespace

EventBatch::EventBatch(const Backend& backend, const v1::AppendEventsRequest& request,
                       ReadTier tier)
    : backend_(backend),
      request_(request),
      tier_(tier),
      body_hash_(BodyHash("AppendEvents", request)) {}

grpc::Status EventBatch::Plan() {
  std::vector<Violation> violations;
  CheckRequestId(request_.request_id(), &violations);
  if (request_.events_size() < 1 || request_.events_size() > kMaxEventsInBatch) {
    violations.push_back({"events", "must be 1 to 1,000"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  live_ = backend_.live->Get();
  if (live_ == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: events have no declarations");
  }
  const auto count = static_cast<size_t>(request_.events_size());
  subjects_.resize(count);
  results_.resize(count);
  if (tier_ == ReadTier::kMemoryOnly) {
    // What is taken back is read from among the events.
    needs_device_ =
        request_.validate_only() ||
        std::any_of(request_.events().begin(), request_.events().end(),
                    [](const auto& event) { return !event.event().reverses_event_id().empty(); });
    if (needs_device_) return grpc::Status::OK;
  }
  if (grpc::Status found = FindSubjects(); !found.ok() || needs_device_) return found;

  entry_ = backend_.proposer->NewEntry(request_.request_id(), body_hash_);
  entry_.mutable_append_events()->set_revision(live_->revision);
  entry_.mutable_append_events()->set_reference_version(live_->reference_version);
  entry_.mutable_append_events()->set_households_stated(live_->rule_set->schema.per_household);
  EventIncrements increments(live_, backend_.proposer->now());
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
      const std::string key = KeyOf(event(i).identity());
      const auto seen = known.find(key);
      if (seen != known.end()) {
        subjects_[i] = seen->second;
      } else if (violations.empty()) {
        grpc::Status read = FindByIdentity(key, &subjects_[i]);
        if (!read.ok()) return read;
        if (!subjects_[i].known && request_.allow_missing()) {
          CheckNewIdentity(live_->rule_set->schema.identities, event(i).identity(),
                           absl::StrCat(field, ".identity"), &violations);
        }
        if (violations.empty()) {
          if (!subjects_[i].known) missing.push_back(key);
          known[key] = subjects_[i];
        }
      }
    } else {
      violations.push_back({field, "must say whose it is: customer or identity"});
    }
    if (!violations.empty()) Reject(i, InvalidItem(violations));
  }
  const bool make_missing =
      !missing.empty() && request_.allow_missing() && !request_.validate_only();
  if (make_missing && tier_ == ReadTier::kMemoryOnly) needs_device_ = true;
  if (needs_device_) return grpc::Status::OK;
  if (make_missing) {
    if (grpc::Status created = CreateMissing(missing); !created.ok()) return created;
  }
  for (size_t i = 0; i < subjects_.size(); ++i) {
    if (results_[i].state() == v1::WRITE_STATE_REJECTED) continue;
    const bool by_identity = event(i).subject_case() == v1::CustomerEvent::kIdentity;
    if (subjects_[i].customer_id.empty()) {
      if (request_.validate_only() && request_.allow_missing()) continue;  // would be made
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
    const auto made = ids.find(KeyOf(event(i).identity()));
    if (made != ids.end()) subjects_[i] = {made->second, true, ""};
  }
  return grpc::Status::OK;
}

std::string EventBatch::KeyOf(const v1::Identity& identity) const {
  return IdentityKey(live_->rule_set->schema.identities, identity);
}

grpc::Status EventBatch::FindByIdentity(const std::string& key, Subject* subject) {
  const absl::StatusOr<Found> found =
      backend_.store->ResolveIdentity(key, tier_, &subject->customer_id);
  if (!found.ok()) return StoreError(found.status());
  needs_device_ = needs_device_ || *found == Found::kNotInMemory;
  subject->known = *found == Found::kFound;
  if (!subject->known || !live_->rule_set->schema.per_household) return grpc::Status::OK;
  return ReadSubject(subject);
}

// REQUIRES: customer_id is set.
grpc::Status EventBatch::ReadSubject(Subject* subject) {
  store::PinnedValue record;
  const absl::StatusOr<Found> found = backend_.store->GetRecord(
      {store::RecordKind::kCustomer, subject->customer_id}, tier_, &record);
  if (!found.ok()) return StoreError(found.status());
  needs_device_ = needs_device_ || *found == Found::kNotInMemory;
  subject->known = *found == Found::kFound;
  subject->household_id = std::string(store::ReadHousehold(record.bytes()));
  return grpc::Status::OK;
}

grpc::Status EventBatch::FindById(const std::string& name, absl::string_view field,
                                  Subject* subject, std::vector<Violation>* violations) {
  const std::optional<std::string> id =
      ParseCustomerName(name, absl::StrCat(field, ".customer"), violations);
  if (!id.has_value()) return grpc::Status::OK;
  subject->customer_id = *id;
  if (grpc::Status read = ReadSubject(subject); !read.ok()) return read;
  if (!subject->known && tier_ == ReadTier::kMemoryOnly) {
    needs_device_ = true;
  } else if (!subject->known) {
    // She may have been merged into another one.
    absl::StatusOr<std::string> survivor = backend_.store->GetSurvivor(*id);
    if (!survivor.ok()) return StoreError(survivor.status());
    if (*survivor != *id) {
      subject->customer_id = *std::move(survivor);
      if (grpc::Status read = ReadSubject(subject); !read.ok()) return read;
    }
  }
  missed_ = missed_ || (!subject->known && !request_.allow_missing());
  return grpc::Status::OK;
}

grpc::Status EventBatch::PlanEvent(size_t index, EventIncrements* increments) {
  const v1::Event& given = event(index).event();
  std::vector<Violation> violations;
  EventPatches patches;
  EventIncrements::Stale leaves_stale;
  increments->Add(given, absl::StrCat("events[", index, "].event"), &patches, &violations);
  if (violations.empty() && !given.reverses_event_id().empty()) {
    std::optional<v1::Event> reversed;
    if (grpc::Status read = FindReversed(index, &reversed, &violations); !read.ok()) return read;
    // It adds nothing of its own: it is the other event that is no longer so.
    patches = EventPatches();
    if (reversed.has_value()) leaves_stale = increments->TakeBack(*reversed, &patches);
  }
  if (!violations.empty()) {
    Reject(index, InvalidItem(violations));
    return grpc::Status::OK;
  }
  const absl::Time now = backend_.proposer->now();
  if (TimeOf(given) < now - backend_.event_retention) {
    Reject(index, TooOld());
    return grpc::Status::OK;
  }
  if (TimeOf(given) > now + backend_.max_event_ahead) {
    Reject(index, InFuture(backend_.max_event_ahead));
    return grpc::Status::OK;
  }
  const std::string& customer_id = subjects_[index].customer_id;
  // A customer whose events add nothing is made all the same.
  if (!subjects_[index].known && patches.customer.empty()) patches.customer.BumpVersion();
  storage::AppendEvents::Item* item = entry_.mutable_append_events()->add_items();
  item->set_customer_id(customer_id);
  item->mutable_event()->set_event_id(given.event_id());
  item->mutable_event()->set_type(given.type());
  item->mutable_event()->set_time_us(absl::ToUnixMicros(TimeOf(given)));
  item->mutable_event()->set_body(given.SerializeAsString());
  item->mutable_event()->set_reverses_event_id(given.reverses_event_id());
  item->set_customer_patch(patches.customer.bytes());
  item->set_rebuild_customer(leaves_stale.customer);
  if (leaves_stale.customer) stale_.insert({store::RecordKind::kCustomer, customer_id});
  item->set_household_id(subjects_[index].household_id);
  if (!item->household_id().empty()) {
    item->set_household_patch(patches.household.bytes());
    item->set_rebuild_household(leaves_stale.household);
    if (leaves_stale.household) {
      stale_.insert({store::RecordKind::kHousehold, item->household_id()});
    }
  }
  // She may be erased before this is applied.
  item->set_customer_must_exist(subjects_[index].known);
  event_of_item_.push_back(index);
  planned_.try_emplace({customer_id, given.event_id()}, index);
  return grpc::Status::OK;
}

grpc::Status EventBatch::FindReversed(size_t index, std::optional<v1::Event>* reversed,
                                      std::vector<Violation>* violations) {
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
      // It may be in a batch before this one that was only validated, too.
      if (request_.validate_only()) return grpc::Status::OK;
      missed_ = true;
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

grpc::Status EventBatch::AnswerUnwritten(v1::AppendEventsResponse* response) const {
  Answer(storage::EntryResult(), response);
  for (size_t i = 0; i < results_.size(); ++i) {
    v1::AppendEventResult* to = response->mutable_results(static_cast<int>(i));
    if (to->state() == v1::WRITE_STATE_REJECTED) continue;
    const std::string& customer_id = subjects_[i].customer_id;
    const std::string& event_id = event(i).event().event_id();
    const auto first = planned_.find({customer_id, event_id});
    bool duplicate = !customer_id.empty() && first != planned_.end() && first->second != i;
    if (!duplicate && !customer_id.empty()) {
      const absl::StatusOr<std::optional<storage::StoredEvent>> stored =
          backend_.store->GetEvent(customer_id, event_id);
      if (!stored.ok()) return StoreError(stored.status());
      duplicate = stored->has_value();
    }
    if (duplicate) to->set_state(v1::WRITE_STATE_DUPLICATE);
  }
  return grpc::Status::OK;
}

}  // namespace touchstone::server
