#include "tests/store/entries.h"

#include "store/apply.h"
#include "store/record_patch.h"

namespace touchstone::store {

storage::Entry EmptyEntry() {
  storage::Entry entry;
  entry.set_format_version(kEntryFormatVersion);
  entry.set_time_us(kTestTimeUs);
  return entry;
}

storage::Entry WithRequest(storage::Entry entry, absl::string_view request_id, uint64_t body_hash) {
  entry.set_request_id(std::string(request_id));
  entry.set_body_hash(body_hash);
  return entry;
}

storage::Entry EventEntry(absl::string_view customer_id, absl::string_view event_id) {
  storage::Entry entry = EmptyEntry();
  storage::AppendEvents::Item& item = *entry.mutable_append_events()->add_items();
  item.set_customer_id(std::string(customer_id));
  item.mutable_event()->set_event_id(std::string(event_id));
  item.mutable_event()->set_type("visit");
  item.mutable_event()->set_time_us(kTestTimeUs);
  RecordPatch patch;
  patch.AddToAggregate(
      {.aggregate = kVisits, .bucket = 1, .count = 1, .sum = 0, .event_us = kTestTimeUs});
  item.set_customer_patch(patch.bytes());
  return entry;
}

storage::Entry OutcomeEntry(absl::string_view customer_id, absl::string_view outcome_id,
                            uint64_t contact) {
  storage::Entry entry = EmptyEntry();
  storage::RecordOutcomes::Item& item = *entry.mutable_record_outcomes()->add_items();
  item.set_customer_id(std::string(customer_id));
  item.mutable_outcome()->set_outcome_id(std::string(outcome_id));
  item.mutable_outcome()->set_offer_id("beans-20");
  item.mutable_outcome()->set_kind("redeemed");
  item.mutable_outcome()->set_time_us(kTestTimeUs);
  RecordPatch patch;
  patch.AddContact({.offer = 1,
                    .transaction = contact,
                    .time_us = kTestTimeUs,
                    .channel = 1,
                    .kind = ContactKind::kRedeemed,
                    .direction = 0,
                    .limits = {}});
  item.set_customer_patch(patch.bytes());
  return entry;
}

storage::Entry UpdateEntry(absl::string_view customer_id, absl::string_view patch) {
  storage::Entry entry = EmptyEntry();
  storage::UpdateRecord& update = *entry.mutable_update_record();
  update.mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
  update.mutable_record()->set_id(std::string(customer_id));
  update.set_patch(std::string(patch));
  return entry;
}

storage::Entry RevisionEntry(absl::string_view rule_set) {
  storage::Entry entry = EmptyEntry();
  entry.mutable_create_revision()->set_rule_set(std::string(rule_set));
  entry.mutable_create_revision()->set_content_hash(std::string(rule_set));
  entry.mutable_create_revision()->set_author("ada");
  return entry;
}

storage::Entry PublishEntry(uint64_t revision) {
  storage::Entry entry = EmptyEntry();
  entry.mutable_publish_revision()->set_revision(revision);
  entry.mutable_publish_revision()->set_publisher("grace");
  return entry;
}

}  // namespace touchstone::store
