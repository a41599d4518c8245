#include "server/cli/quality_text.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "server/cli/columns.h"
#include "server/cli/decision_text.h"

namespace touchstone::server {
namespace {

constexpr int kRunsShown = 10;
constexpr int kGroupsShown = 5;

// "93.2 %"
std::string Share(int64_t part, int64_t whole) {
  if (whole == 0) return "-";
  return absl::StrFormat("%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

void AppendTable(absl::string_view title, const Columns& columns, bool empty, std::string* text) {
  if (!empty) absl::StrAppend(text, "\n", title, "\n", columns.Text("  "));
}

void AppendAttributes(const v1::DataQuality& quality, std::string* text) {
  Columns columns(
      {Align::kLeft, Align::kRight, Align::kRight, Align::kRight, Align::kRight, Align::kRight});
  columns.Add({"attribute", "known", "over 90 days", "over 365 days", "undated", "invalid"});
  for (const v1::AttributeQuality& attribute : quality.attributes()) {
    const int64_t known = attribute.known_count();
    columns.Add({attribute.attribute(), Share(known, quality.customer_count()),
                 Share(attribute.older_than_90_days_count(), known),
                 Share(attribute.older_than_365_days_count(), known),
                 Share(attribute.undated_count(), known), absl::StrCat(attribute.invalid_count())});
  }
  AppendTable("attributes, and of the known ones how old they are", columns,
              quality.attributes().empty(), text);
}

void AppendIdentities(const v1::DataQuality& quality, std::string* text) {
  Columns columns({Align::kLeft, Align::kRight, Align::kRight, Align::kRight});
  columns.Add({"namespace", "customers", "identities", "malformed"});
  for (const v1::IdentityQuality& identity : quality.identities()) {
    columns.Add({identity.namespace_(), Share(identity.customer_count(), quality.customer_count()),
                 absl::StrCat(identity.identity_count()),
                 absl::StrCat(identity.malformed_count())});
  }
  AppendTable("identities", columns, quality.identities().empty(), text);
}

void AppendConsents(const v1::DataQuality& quality, std::string* text) {
  Columns columns({Align::kLeft, Align::kRight, Align::kRight});
  columns.Add({"purpose", "granted", "denied"});
  for (const v1::ConsentQuality& consent : quality.consents()) {
    columns.Add({consent.purpose(), Share(consent.granted_count(), quality.customer_count()),
                 Share(consent.denied_count(), quality.customer_count())});
  }
  AppendTable("consents", columns, quality.consents().empty(), text);
}

void AppendEvents(const v1::DataQuality& quality, std::string* text) {
  Columns columns({Align::kLeft, Align::kRight, Align::kLeft});
  columns.Add({"type", "customers", "latest"});
  int64_t sampled = 0;
  for (const v1::EventQuality& event : quality.events()) {
    sampled = event.sampled_customer_count();
    columns.Add({event.type(), Share(event.customer_count(), sampled),
                 event.has_latest_event_time() ? TimeText(event.latest_event_time()) : "none"});
  }
  AppendTable(absl::StrCat("events of ", sampled, " customers"), columns, quality.events().empty(),
              text);
}

void AppendDuplicates(const v1::DataQuality& quality, std::string* text) {
  for (const v1::SuspectedDuplicates& duplicates : quality.suspected_duplicates()) {
    absl::StrAppend(text, "\nagree in ", absl::StrJoin(duplicates.match_on().attributes(), ", "),
                    ": ", duplicates.customer_count(), " customers in ", duplicates.group_count(),
                    duplicates.group_count() == 1 ? " group\n" : " groups\n");
    for (int i = 0; i < duplicates.examples_size() && i < kGroupsShown; ++i) {
      const v1::DuplicateGroup& group = duplicates.examples(i);
      absl::StrAppend(text, "  ", absl::StrJoin(group.customers(), " "),
                      group.customer_count() > group.customers_size() ? " ..." : "", "\n");
    }
  }
}

void AppendQuarantine(const v1::DataQuality& quality, std::string* text) {
  Columns columns({Align::kRight, Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  columns.Add({"rows", "source", "of", "latest", "reason"});
  for (const v1::QuarantineQuality& row : quality.quarantine()) {
    columns.Add({absl::StrCat(row.row_count()), row.source().empty() ? "-" : row.source(),
                 row.kind(), TimeText(row.latest_time()),
                 row.reason().empty() ? "(other reasons)" : row.reason()});
  }
  AppendTable("quarantined by imports", columns, quality.quarantine().empty(), text);
}

void AppendRuns(const v1::DataQuality& quality, std::string* text) {
  Columns columns({Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight, Align::kRight,
                   Align::kRight, Align::kLeft});
  columns.Add({"ended", "source", "of", "rows", "imported", "quarantined", ""});
  for (int i = 0; i < quality.import_runs_size() && i < kRunsShown; ++i) {
    const v1::ImportRun& run = quality.import_runs(i);
    columns.Add({TimeText(run.end_time()), run.source().empty() ? "-" : run.source(), run.kind(),
                 absl::StrCat(run.row_count()), absl::StrCat(run.imported_count()),
                 absl::StrCat(run.quarantined_count()), run.failed() ? "failed" : ""});
  }
  AppendTable("the latest imports", columns, quality.import_runs().empty(), text);
}

// Of one metric: its lines come together.
class Metric {
 public:
  using Labels = std::vector<std::pair<absl::string_view, absl::string_view>>;

  Metric(absl::string_view name, absl::string_view help, std::string* text)
      : name_(absl::StrCat("touchstone_data_", name)), text_(text) {
    absl::StrAppend(text_, "# HELP ", name_, " ", help, "\n# TYPE ", name_, " gauge\n");
  }

  void Add(const Labels& labels, int64_t value) {
    text_->append(name_);
    absl::string_view separator = "{";
    for (const auto& [label, of] : labels) {
      absl::StrAppend(text_, separator, label, "=\"",
                      absl::StrReplaceAll(of, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}),
                      "\"");
      separator = ",";
    }
    absl::StrAppend(text_, labels.empty() ? "" : "}", " ", value, "\n");
  }

 private:
  const std::string name_;
  std::string* const text_;
};

void AddAttributeMetrics(const v1::DataQuality& quality, std::string* text) {
  Metric customers("attribute_customers",
                   "Customers by attribute and by what is known of it: known, of them older_90d, "
                   "older_365d, undated; invalid.",
                   text);
  for (const v1::AttributeQuality& attribute : quality.attributes()) {
    const std::pair<absl::string_view, int64_t> counts[] = {
        {"known", attribute.known_count()},
        {"older_90d", attribute.older_than_90_days_count()},
        {"older_365d", attribute.older_than_365_days_count()},
        {"undated", attribute.undated_count()},
        {"invalid", attribute.invalid_count()}};
    for (const auto& [state, count] : counts) {
      customers.Add({{"attribute", attribute.attribute()}, {"state", state}}, count);
    }
  }
}

void AddIdentityMetrics(const v1::DataQuality& quality, std::string* text) {
  Metric customers("identity_customers", "Customers who have an identity of the namespace.", text);
  for (const v1::IdentityQuality& identity : quality.identities()) {
    customers.Add({{"namespace", identity.namespace_()}}, identity.customer_count());
  }
  Metric malformed("identities_malformed", "Identities that are not in the declared form.", text);
  for (const v1::IdentityQuality& identity : quality.identities()) {
    malformed.Add({{"namespace", identity.namespace_()}}, identity.malformed_count());
  }
}

void AddOtherMetrics(const v1::DataQuality& quality, std::string* text) {
  Metric consents("consent_customers", "Customers who granted or denied a consent.", text);
  for (const v1::ConsentQuality& consent : quality.consents()) {
    consents.Add({{"purpose", consent.purpose()}, {"state", "granted"}}, consent.granted_count());
    consents.Add({{"purpose", consent.purpose()}, {"state", "denied"}}, consent.denied_count());
  }
  Metric events("latest_event_seconds", "When the latest event happened, since 1970.", text);
  for (const v1::EventQuality& event : quality.events()) {
    if (!event.has_latest_event_time()) continue;
    events.Add({{"type", event.type()}}, event.latest_event_time().seconds());
  }
  Metric suspects("suspected_duplicates", "Customers who agree with others in these attributes.",
                  text);
  for (const v1::SuspectedDuplicates& duplicates : quality.suspected_duplicates()) {
    suspects.Add({{"match_on", absl::StrJoin(duplicates.match_on().attributes(), ",")}},
                 duplicates.customer_count());
  }
  Metric quarantined("quarantined_rows", "Rows that imports put into quarantine.", text);
  for (const v1::QuarantineQuality& row : quality.quarantine()) {
    quarantined.Add({{"source", row.source()}, {"kind", row.kind()}, {"reason", row.reason()}},
                    row.row_count());
  }
}

}  // namespace

std::string QualityText(const v1::DataQuality& quality) {
  const int64_t customers = quality.customer_count();
  std::string text =
      absl::StrCat(TimeText(quality.report_time()), ": ", customers, " customers, ",
                   quality.customers_in_household_count(), " of them in a household, ",
                   quality.customers_without_identity_count(), " that no identity finds\n");
  AppendAttributes(quality, &text);
  AppendIdentities(quality, &text);
  AppendConsents(quality, &text);
  AppendEvents(quality, &text);
  AppendDuplicates(quality, &text);
  AppendQuarantine(quality, &text);
  AppendRuns(quality, &text);
  return text;
}

std::string QualityMetrics(const v1::DataQuality& quality) {
  std::string text;
  Metric("report_seconds", "When the report was made, since 1970.", &text)
      .Add({}, quality.report_time().seconds());
  Metric("customers", "All customers.", &text).Add({}, quality.customer_count());
  Metric("customers_in_household", "Customers in a household.", &text)
      .Add({}, quality.customers_in_household_count());
  Metric("customers_without_identity", "Customers whom no identity finds.", &text)
      .Add({}, quality.customers_without_identity_count());
  AddAttributeMetrics(quality, &text);
  AddIdentityMetrics(quality, &text);
  AddOtherMetrics(quality, &text);
  return text;
}

}  // namespace touchstone::server
