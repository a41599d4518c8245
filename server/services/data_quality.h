#pragma once

// How complete, how fresh and how clean the customers' data is, from their records and latest
// events.
//
// Use: Add every record; AddEvents of every sampled customer; if FindDuplicates, AddExample of
// every record; Report. Thread safety: none. Lifetime: what is given must outlive the scan. Cost:
// one pass over the declared attributes a record; 8 bytes a customer and set of attributes.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/facts/schema.h"
#include "server/decide/fact_value.h"
#include "server/rpc/rpc_error.h"
#include "store/record.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/storage/v1/state.pb.h"
#include "touchstone/v1/report_service.pb.h"

namespace touchstone::server {

namespace storage = ::touchstone::storage::v1;

// Adds what is wrong with the sets that customers shall be compared by.
void CheckMatchSets(const v1::GetDataQualityRequest& request, const rules::Schema& schema,
                    std::vector<Violation>* violations);

class DataQualityScan {
 public:
  // REQUIRES: CheckMatchSets found nothing wrong.
  DataQualityScan(const rules::Schema& schema, const v1::GetDataQualityRequest& request,
                  absl::Time now);

  void Add(absl::string_view customer_id, const store::RecordView& record);

  // Every n-th customer of those added, with n such that there are at most 10,000.
  const std::vector<std::string>& sampled_customers() const { return sampled_; }
  // The latest events of one of them: kLatestEvents, or all that she has.
  static constexpr size_t kLatestEvents = 100;
  void AddEvents(absl::Span<const storage::StoredEvent> events);

  // Whether customers agree; then AddExample wants every record.
  bool FindDuplicates();
  void AddExample(absl::string_view customer_id, const store::RecordView& record);

  // Also of the import runs that are kept. Once, at the end.
  v1::DataQuality Report(const std::vector<storage::ImportRun>& runs);

 private:
  struct Attribute {
    const rules::AttributeSpec* spec;
    std::vector<RecordFieldSlot> fields;
    v1::AttributeQuality* quality;  // of report_
  };
  // Customers who agree are one group: those whose values have one fingerprint.
  struct MatchSet {
    std::vector<uint32_t> attribute_ids;
    std::vector<uint64_t> fingerprints;  // one a customer who has all of them
    absl::flat_hash_map<uint64_t, v1::DuplicateGroup*> examples;  // of report_
    v1::SuspectedDuplicates* duplicates;                          // of report_
  };

  void AddAttributes(const store::RecordView& record);
  void AddIdentities(const store::RecordView& record);
  void AddConsents(const store::RecordView& record);
  void Sample(absl::string_view customer_id);

  const rules::Schema& schema_;
  const int64_t now_s_;
  v1::DataQuality report_;
  std::vector<Attribute> attributes_;
  std::map<std::string, v1::IdentityQuality, std::less<>> identities_;
  std::map<std::string, v1::ConsentQuality, std::less<>> consents_;
  std::map<std::string, v1::EventQuality*, std::less<>> events_;  // of report_
  std::vector<MatchSet> match_sets_;
  std::vector<std::string> sampled_;
  int64_t sample_step_ = 1;
  rules::expr::Arena memory_;  // of one record
};

}  // namespace touchstone::server
