#include "server/services/data_quality.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rules/facts/sip_hash.h"
#include "server/decide/identity.h"
#include "server/services/kept_import.h"
#include "server/services/resource_name.h"

namespace touchstone::server {
namespace {

constexpr int kMaxMatchSets = 8;
constexpr int kMaxMatchAttributes = 8;
constexpr size_t kMaxSampled = 10'000;
constexpr size_t kMaxExamples = 20;
constexpr int kMaxExampleCustomers = 10;
constexpr int kMaxRunsShown = 100;
constexpr int64_t kDaySeconds = 24 * 3600;

const rules::AttributeSpec* FindAttribute(const rules::Schema& schema, absl::string_view name) {
  const auto found = std::find_if(schema.customer.begin(), schema.customer.end(),
                                  [name](const auto& spec) { return spec.name == name; });
  return found == schema.customer.end() ? nullptr : &*found;
}

// Two values that people would call the same have the same text.
void AppendMatchText(const store::ValueView& value, std::string* text) {
  text->push_back(static_cast<char>(value.type()));
  std::string bytes;
  if (value.type() == store::ValueType::kString) {
    bytes = absl::AsciiStrToLower(absl::StripAsciiWhitespace(value.string_value()));
  } else if (store::IsHeapType(static_cast<uint8_t>(value.type()))) {
    bytes = std::string(value.heap_payload());
  } else {
    bytes = absl::StrCat(value.inline_payload());
  }
  // With its length, so that what follows cannot be taken for a part of it.
  absl::StrAppend(text, value.type() == store::ValueType::kMoney ? value.currency_code() : "",
                  bytes.size(), ":", bytes);
}

// nullopt when the customer lacks one of the attributes.
std::optional<uint64_t> Fingerprint(const std::vector<uint32_t>& attribute_ids,
                                    const store::RecordView& record) {
  std::string text;
  for (const uint32_t id : attribute_ids) {
    const std::optional<store::AttributeView> cell = record.FindAttribute(id);
    if (!cell.has_value()) return std::nullopt;
    AppendMatchText(cell->value, &text);
  }
  return rules::SipHash64({}, text);
}

// Rows in quarantine by source, kind and reason.
class Quarantined {
 public:
  void Add(const storage::ImportRun& run) {
    uint64_t other = run.quarantined();
    for (const storage::ImportRun::Reason& reason : run.reasons()) {
      AddRows(run, reason.reason(), reason.rows());
      other -= std::min(other, reason.rows());
    }
    if (other > 0) AddRows(run, "", other);
  }

  void Fill(v1::DataQuality* report) {
    std::vector<v1::QuarantineQuality> sorted;
    sorted.reserve(by_reason_.size());
    for (auto& [key, quality] : by_reason_) sorted.push_back(std::move(quality));
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.row_count() > b.row_count(); });
    for (v1::QuarantineQuality& quality : sorted) *report->add_quarantine() = std::move(quality);
  }

 private:
  void AddRows(const storage::ImportRun& run, const std::string& reason, uint64_t rows) {
    v1::QuarantineQuality& quality = by_reason_[{run.source(), run.kind(), reason}];
    quality.set_source(run.source());
    quality.set_kind(run.kind());
    quality.set_reason(reason);
    quality.set_row_count(quality.row_count() + static_cast<int64_t>(rows));
    // Runs come in the order in which they ended.
    *quality.mutable_latest_time() = ToTimestamp(run.ended_time_us());
  }

  std::map<std::tuple<std::string, std::string, std::string>, v1::QuarantineQuality> by_reason_;
};

}  // namespace

void CheckMatchSets(const v1::GetDataQualityRequest& request, const rules::Schema& schema,
                    std::vector<Violation>* violations) {
  if (request.match_on_size() > kMaxMatchSets) {
    violations->push_back({"match_on", "at most 8 sets of attributes can be compared at once"});
  }
  for (int i = 0; i < request.match_on_size(); ++i) {
    const auto& names = request.match_on(i).attributes();
    const std::string path = absl::StrCat("match_on[", i, "].attributes");
    if (names.empty() || names.size() > kMaxMatchAttributes) {
      violations->push_back({path, "must be 1 to 8 attributes"});
    }
    for (int j = 0; j < names.size(); ++j) {
      if (FindAttribute(schema, names[j]) != nullptr) continue;
      violations->push_back({absl::StrCat(path, "[", j, "]"),
                             "is not an attribute that the schema of the active revision declares",
                             v1::ERROR_REASON_NAME_NOT_DECLARED});
    }
  }
}

DataQualityScan::DataQualityScan(const rules::Schema& schema,
                                 const v1::GetDataQualityRequest& request, absl::Time now)
    : schema_(schema), now_s_(absl::ToUnixSeconds(now)) {
  *report_.mutable_report_time() = ToTimestamp(now);
  for (const rules::AttributeSpec& spec : schema.customer) {
    v1::AttributeQuality* quality = report_.add_attributes();
    quality->set_attribute(spec.name);
    attributes_.push_back({&spec, RecordFieldSlots(spec.type), quality});
  }
  for (const rules::IdentitySpec& spec : schema.identities) identities_[spec.name];
  for (const rules::EventSpec& spec : schema.events) {
    v1::EventQuality* quality = report_.add_events();
    quality->set_type(spec.name);
    events_[spec.name] = quality;
  }
  for (const v1::AttributeSet& set : request.match_on()) {
    MatchSet& added = match_sets_.emplace_back();
    added.duplicates = report_.add_suspected_duplicates();
    *added.duplicates->mutable_match_on() = set;
    for (const std::string& name : set.attributes()) {
      added.attribute_ids.push_back(FindAttribute(schema, name)->id);
    }
  }
}

void DataQualityScan::Add(absl::string_view customer_id, const store::RecordView& record) {
  Sample(customer_id);
  report_.set_customer_count(report_.customer_count() + 1);
  if (!record.household().empty()) {
    report_.set_customers_in_household_count(report_.customers_in_household_count() + 1);
  }
  AddAttributes(record);
  AddIdentities(record);
  AddConsents(record);
  for (MatchSet& set : match_sets_) {
    const std::optional<uint64_t> fingerprint = Fingerprint(set.attribute_ids, record);
    if (fingerprint.has_value()) set.fingerprints.push_back(*fingerprint);
  }
}

void DataQualityScan::Sample(absl::string_view customer_id) {
  if (report_.customer_count() % sample_step_ != 0) return;
  sampled_.emplace_back(customer_id);
  if (sampled_.size() <= kMaxSampled) return;
  for (size_t i = 1; 2 * i < sampled_.size(); ++i) sampled_[i] = std::move(sampled_[2 * i]);
  sampled_.resize((sampled_.size() + 1) / 2);
  sample_step_ *= 2;
}

void DataQualityScan::AddAttributes(const store::RecordView& record) {
  memory_.Reset();
  for (const Attribute& attribute : attributes_) {
    const std::optional<store::AttributeView> cell = record.FindAttribute(attribute.spec->id);
    if (!cell.has_value()) continue;
    v1::AttributeQuality& quality = *attribute.quality;
    if (!FromStored(cell->value, attribute.spec->type, attribute.fields, memory_).has_value()) {
      quality.set_invalid_count(quality.invalid_count() + 1);
      continue;
    }
    quality.set_known_count(quality.known_count() + 1);
    if (cell->as_of_s == 0) {
      quality.set_undated_count(quality.undated_count() + 1);
      continue;
    }
    const int64_t age_s = now_s_ - int64_t{cell->as_of_s};
    if (age_s > 90 * kDaySeconds) {
      quality.set_older_than_90_days_count(quality.older_than_90_days_count() + 1);
    }
    if (age_s > 365 * kDaySeconds) {
      quality.set_older_than_365_days_count(quality.older_than_365_days_count() + 1);
    }
  }
}

void DataQualityScan::AddIdentities(const store::RecordView& record) {
  const store::StringListView identities = record.identities();
  if (identities.empty()) {
    report_.set_customers_without_identity_count(report_.customers_without_identity_count() + 1);
  }
  absl::flat_hash_set<absl::string_view> seen;
  for (size_t i = 0; i < identities.size(); ++i) {
    const size_t colon = identities[i].find(':');
    if (colon == absl::string_view::npos) continue;
    const absl::string_view name = identities[i].substr(0, colon);
    const absl::string_view value = identities[i].substr(colon + 1);
    v1::IdentityQuality& quality = identities_.try_emplace(std::string(name)).first->second;
    quality.set_identity_count(quality.identity_count() + 1);
    if (seen.insert(name).second) quality.set_customer_count(quality.customer_count() + 1);
    const rules::IdentitySpec* spec = FindNamespace(schema_.identities, name);
    if (spec == nullptr) continue;
    const std::optional<std::string> in_form = InForm(*spec, value);
    if (in_form.has_value() && *in_form != value) {
      quality.set_malformed_count(quality.malformed_count() + 1);
    }
  }
}

void DataQualityScan::AddConsents(const store::RecordView& record) {
  for (size_t i = 0; i < record.consent_count(); ++i) {
    const store::ConsentView consent = record.consent(i);
    v1::ConsentQuality& quality = consents_.try_emplace(std::string(consent.purpose)).first->second;
    if (consent.granted) {
      quality.set_granted_count(quality.granted_count() + 1);
    } else {
      quality.set_denied_count(quality.denied_count() + 1);
    }
  }
}

void DataQualityScan::AddEvents(absl::Span<const storage::StoredEvent> events) {
  absl::flat_hash_map<v1::EventQuality*, int64_t> latest_us;
  for (const storage::StoredEvent& event : events) {
    const auto declared = events_.find(event.type());
    if (declared == events_.end()) continue;
    int64_t& latest = latest_us.try_emplace(declared->second, event.time_us()).first->second;
    latest = std::max(latest, event.time_us());
  }
  for (const auto& [quality, time_us] : latest_us) {
    quality->set_customer_count(quality->customer_count() + 1);
    const bool is_later = !quality->has_latest_event_time() ||
                          ToTime(quality->latest_event_time()) < absl::FromUnixMicros(time_us);
    if (is_later) *quality->mutable_latest_event_time() = ToTimestamp(time_us);
  }
}

bool DataQualityScan::FindDuplicates() {
  bool found = false;
  for (MatchSet& set : match_sets_) {
    std::vector<uint64_t> all = std::move(set.fingerprints);
    std::sort(all.begin(), all.end());
    std::vector<std::pair<int64_t, uint64_t>> largest;  // customers, fingerprint
    const auto more = [](const auto& a, const auto& b) { return a > b; };
    int64_t groups = 0;
    int64_t customers = 0;
    for (auto begin = all.begin(); begin != all.end();) {
      const auto end = std::upper_bound(begin, all.end(), *begin);
      const int64_t size = end - begin;
      if (size > 1) {
        ++groups;
        customers += size;
        largest.emplace_back(size, *begin);
        std::push_heap(largest.begin(), largest.end(), more);
        if (largest.size() > kMaxExamples) {
          std::pop_heap(largest.begin(), largest.end(), more);
          largest.pop_back();
        }
      }
      begin = end;
    }
    std::sort(largest.begin(), largest.end(), more);
    for (const auto& [size, fingerprint] : largest) {
      v1::DuplicateGroup* group = set.duplicates->add_examples();
      group->set_customer_count(size);
      set.examples[fingerprint] = group;
    }
    set.duplicates->set_group_count(groups);
    set.duplicates->set_customer_count(customers);
    found = found || groups > 0;
  }
  return found;
}

void DataQualityScan::AddExample(absl::string_view customer_id, const store::RecordView& record) {
  for (MatchSet& set : match_sets_) {
    if (set.examples.empty()) continue;
    const std::optional<uint64_t> fingerprint = Fingerprint(set.attribute_ids, record);
    if (!fingerprint.has_value()) continue;
    const auto group = set.examples.find(*fingerprint);
    if (group == set.examples.end()) continue;
    if (group->second->customers_size() == kMaxExampleCustomers) continue;
    group->second->add_customers(CustomerName(customer_id));
  }
}

v1::DataQuality DataQualityScan::Report(const std::vector<storage::ImportRun>& runs) {
  for (auto& [name, quality] : identities_) {
    quality.set_namespace_(name);
    *report_.add_identities() = std::move(quality);
  }
  for (auto& [purpose, quality] : consents_) {
    quality.set_purpose(purpose);
    *report_.add_consents() = std::move(quality);
  }
  for (const auto& [type, quality] : events_) {
    quality->set_sampled_customer_count(static_cast<int64_t>(sampled_.size()));
  }
  Quarantined quarantined;
  for (const storage::ImportRun& run : runs) quarantined.Add(run);
  quarantined.Fill(&report_);
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (report_.import_runs_size() == kMaxRunsShown) break;
    *report_.add_import_runs() = ToMessage(*run);
  }
  return std::move(report_);
}

}  // namespace touchstone::server
