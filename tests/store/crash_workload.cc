#include "tests/store/crash_workload.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "tests/store/entries.h"

namespace touchstone::store {
namespace {

enum class Kind { kEvent, kOutcome, kPublish, kReceipt, kAttribute, kIdentity, kReference };

constexpr uint32_t kNumberAttribute = 11;

Kind KindOf(uint64_t number) {
  if (number % 16 == 15) return Kind::kReceipt;
  if (number % 16 == 7) return Kind::kPublish;
  if (number % 16 == 3) return Kind::kAttribute;
  if (number % 16 == 11) return Kind::kIdentity;
  if (number % 64 == 18) return Kind::kReference;
  return number % 4 == 1 ? Kind::kOutcome : Kind::kEvent;
}

std::string CustomerOf(uint64_t number) { return absl::StrCat("c", number % kCrashCustomers); }
std::string IdOf(uint64_t number) { return absl::StrCat("w", number); }
std::string CardOf(uint64_t number) { return absl::StrCat("card:", number); }
std::string MadeBy(uint64_t number) { return absl::StrCat("n", number); }

// The attribute of a customer is the number that wrote it last.
storage::Entry AttributeEntry(uint64_t number) {
  RecordPatch patch;
  patch.SetAttribute(kNumberAttribute, Value::Int64(static_cast<int64_t>(number)), 1,
                     kTestTimeUs / 1'000'000);
  return UpdateEntry(CustomerOf(number), patch.bytes());
}

storage::Entry IdentityEntry(uint64_t number) {
  storage::Entry entry = EmptyEntry();
  entry.mutable_resolve_or_create()->add_identities(CardOf(number));
  entry.mutable_resolve_or_create()->set_proposed_customer_id(MadeBy(number));
  return entry;
}

storage::Entry ReferenceEntry(uint64_t number) {
  storage::Entry entry = EmptyEntry();
  entry.mutable_import_reference()->set_table("product");
  entry.mutable_import_reference()->set_snapshot(IdOf(number));
  return entry;
}

// Ids that are there, each with how often.
using Counts = std::map<std::string, int>;

class Checker {
 public:
  explicit Checker(const Store& store) : store_(store) {}

  void CheckCustomer(const std::string& customer) {
    const auto listed =
        store_.ListEvents(customer, absl::InfinitePast(), absl::InfiniteFuture(), 1000000);
    if (!listed.ok()) return Fault(listed.status().ToString());
    for (const storage::StoredEvent& event : *listed) Count(event.event_id());
    const auto outcomes =
        store_.ListOutcomes(customer, absl::InfinitePast(), absl::InfiniteFuture(), 1000000);
    if (!outcomes.ok()) return Fault(outcomes.status().ToString());
    for (const storage::StoredOutcome& outcome : *outcomes) Count(outcome.outcome_id());

    PinnedValue value;
    const auto found =
        store_.GetRecord({RecordKind::kCustomer, customer}, ReadTier::kMayBlock, &value);
    if (!found.ok()) return Fault(found.status().ToString());
    if (*found != Found::kFound) {
      if (!listed->empty() || !outcomes->empty()) Fault(customer + ": events without a record");
      return;
    }
    const absl::StatusOr<RecordView> record = RecordView::Parse(value.bytes());
    if (!record.ok()) return Fault(record.status().ToString());
    const std::optional<AggregateView> visits = record->FindAggregate(kVisits);
    const int64_t counted = visits.has_value() ? visits->Over(1, 1).count : 0;
    if (counted != static_cast<int64_t>(listed->size())) {
      Fault(absl::StrCat(customer, ": ", counted, " events counted, ", listed->size(), " kept"));
    }
    const size_t contacts = record->contact_count() + record->contacts_dropped();
    if (contacts != outcomes->size()) {
      Fault(absl::StrCat(customer, ": ", contacts, " contacts, ", outcomes->size(), " outcomes"));
    }
  }

  // The attribute is at least that which was acknowledged last.
  void CheckAttribute(const std::string& customer, int64_t acknowledged) {
    PinnedValue value;
    const auto found =
        store_.GetRecord({RecordKind::kCustomer, customer}, ReadTier::kMayBlock, &value);
    if (!found.ok() || *found != Found::kFound) return Fault(customer + " is lost");
    const absl::StatusOr<RecordView> record = RecordView::Parse(value.bytes());
    if (!record.ok()) return Fault(record.status().ToString());
    const std::optional<AttributeView> attribute = record->FindAttribute(kNumberAttribute);
    const int64_t number = attribute.has_value() ? attribute->value.inline_payload() : -1;
    if (number < acknowledged) {
      Fault(absl::StrCat(customer, ": attribute ", number, ", acknowledged ", acknowledged));
    }
  }

  void CheckIdentity(uint64_t number) {
    std::string customer;
    const auto found = store_.ResolveIdentity(CardOf(number), ReadTier::kMayBlock, &customer);
    if (!found.ok() || *found != Found::kFound || customer != MadeBy(number)) {
      Fault(CardOf(number) + " was acknowledged, and finds nobody");
    }
  }

  void Count(const std::string& id) {
    if (++counts_[id] > 1) Fault(id + " is there twice");
  }
  bool Has(const std::string& id) const { return counts_.count(id) != 0; }
  void Fault(std::string what) { faults_.push_back(std::move(what)); }
  std::vector<std::string>& faults() { return faults_; }

 private:
  const Store& store_;
  Counts counts_;
  std::vector<std::string> faults_;
};

}  // namespace

bool IsReceipt(uint64_t number) { return KindOf(number) == Kind::kReceipt; }

storage::Entry CrashEntry(uint64_t number) {
  switch (KindOf(number)) {
    case Kind::kOutcome:
      return OutcomeEntry(CustomerOf(number), IdOf(number), number + 1);
    // Under a request id, so that what is made again does not count again, nor undo what came
    // after it.
    case Kind::kAttribute:
      return WithRequest(AttributeEntry(number), IdOf(number), 1);
    case Kind::kIdentity:
      return IdentityEntry(number);
    case Kind::kReference:
      return WithRequest(ReferenceEntry(number), IdOf(number), 1);
    case Kind::kPublish:
      // Under a request id, so that a publish that is made again does not count again.
      return WithRequest(PublishEntry(1), IdOf(number), 1);
    default:
      return EventEntry(CustomerOf(number), IdOf(number));
  }
}

absl::Status AppendCrashReceipt(uint64_t number, ReceiptLog* receipts) {
  return receipts->Append(IdOf(number), absl::FromUnixSeconds(static_cast<int64_t>(number)),
                          IdOf(number));
}

absl::Status PrepareForCrashes(Writer* writer) {
  // An outcome makes no record.
  RecordPatch patch;
  patch.BumpVersion();
  for (uint64_t i = 0; i < kCrashCustomers; ++i) {
    const auto made = writer->Write(UpdateEntry(CustomerOf(i), patch.bytes()));
    if (!made.ok()) return made.status();
  }
  return writer->Write(RevisionEntry("rules")).status();
}

std::vector<std::string> CheckAfterCrash(const Store& store, ReceiptLog* receipts,
                                         const std::set<uint64_t>& acknowledged,
                                         uint64_t highest_epoch) {
  Checker checker(store);
  for (uint64_t i = 0; i < kCrashCustomers; ++i) checker.CheckCustomer(CustomerOf(i));
  std::map<std::string, int64_t> attributes;
  uint64_t tables = 0;
  for (uint64_t number : acknowledged) {
    switch (KindOf(number)) {
      case Kind::kEvent:
      case Kind::kOutcome:
        if (!checker.Has(IdOf(number))) checker.Fault(IdOf(number) + " was acknowledged, and lost");
        break;
      case Kind::kReceipt: {
        const absl::StatusOr<std::string> receipt = receipts->Find(IdOf(number));
        if (receipt.value_or("") != IdOf(number)) {
          checker.Fault(absl::StrCat("receipt ", number, ": ", receipt.status().ToString()));
        }
        break;
      }
      case Kind::kAttribute:
        attributes[CustomerOf(number)] = static_cast<int64_t>(number);
        break;
      case Kind::kIdentity:
        checker.CheckIdentity(number);
        break;
      case Kind::kReference:
        ++tables;
        break;
      case Kind::kPublish:
        break;  // by its epoch
    }
  }
  for (const auto& [customer, number] : attributes) checker.CheckAttribute(customer, number);
  const uint64_t versions = store.progress().last_reference_version();
  if (versions < tables) {
    checker.Fault(absl::StrCat(tables, " tables were acknowledged, there are ", versions));
  }
  const auto active = store.GetActiveRevision();
  const uint64_t epoch = active.ok() ? active->epoch() : 0;
  if (epoch < highest_epoch) {
    checker.Fault(absl::StrCat("epoch ", highest_epoch, " was acknowledged, it is ", epoch));
  }
  return std::move(checker.faults());
}

}  // namespace touchstone::store
