#include "deploy/examples/online-retail/replay_report.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace touchstone::online_retail {
namespace {

// "1234567.89" with commas between the thousands.
std::string Pounds(int64_t minor) {
  std::string text = absl::StrFormat("%d.%02d", minor / 100, minor % 100);
  for (size_t at = text.size() - 3; at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

// Nearest rank.
absl::Duration Percentile(std::vector<absl::Duration> latencies, double share) {
  if (latencies.empty()) return absl::ZeroDuration();
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(latencies.size())));
  const auto at = latencies.begin() + static_cast<std::ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
  std::nth_element(latencies.begin(), at, latencies.end());
  return *at;
}

std::vector<std::string> NeverWon(const ReplayTotals& totals) {
  std::vector<std::string> never;
  for (const auto& [id, offer] : totals.offers) {
    if (offer.applied == 0 && offer.shown == 0) never.push_back(id);
  }
  return never;
}

std::string OffersText(const ReplayTotals& totals) {
  std::string text =
      absl::StrFormat("  %-22s %8s %8s %14s\n", "offer", "applied", "shown", "discount");
  for (const auto& [id, offer] : totals.offers) {
    absl::StrAppendFormat(&text, "  %-22s %8d %8d %14s\n", id, offer.applied, offer.shown,
                          Pounds(offer.discount_minor));
  }
  return text;
}

std::string SegmentsText(const ReplayTotals& totals) {
  std::vector<std::string> parts;
  for (const auto& [segment, count] : totals.segments) {
    parts.push_back(absl::StrCat(count, " ", segment));
  }
  return absl::StrJoin(parts, ", ");
}

int64_t Micros(const ReplayTotals& totals, double share) {
  return absl::ToInt64Microseconds(Percentile(totals.latencies, share));
}

}  // namespace

std::string ReportText(const ReplayTotals& totals) {
  const std::vector<std::string> never = NeverWon(totals);
  std::string text = absl::StrFormat(
      "%d sales decided (%d of them anonymous), %d lines, the largest of %d pieces\n", totals.sales,
      totals.anonymous, totals.lines, totals.largest_quantity);
  absl::StrAppendFormat(&text, "%d events appended, %d of them returns; %d sales not asked about\n",
                        totals.events, totals.returns, totals.not_asked);
  absl::StrAppendFormat(
      &text, "left out: %d returns that name no customer, %d adjustments of stock or debt\n",
      totals.anonymous_returns, totals.adjustments);
  absl::StrAppendFormat(&text, "answers: %d COMPLETE, %d PARTIAL, %d FALLBACK\n", totals.complete,
                        totals.partial, totals.fallback);
  absl::StrAppend(&text, "segments: ", SegmentsText(totals), "\n", OffersText(totals));
  absl::StrAppend(&text, "offers that never won: ",
                  never.empty() ? std::string("none") : absl::StrJoin(never, ", "), "\n");
  absl::StrAppendFormat(&text, "GBP: %s before offers, %s discount, %s revenue\n",
                        Pounds(totals.gross_minor), Pounds(totals.discount_minor),
                        Pounds(totals.payable_minor));
  absl::StrAppendFormat(&text, "latency of Decide: p50 %d us, p99 %d us\n", Micros(totals, 0.5),
                        Micros(totals, 0.99));
  absl::StrAppendFormat(&text, "receipts: %d of %d rebuilt equal\n", totals.receipts_equal,
                        totals.receipts);
  return text;
}

std::string ReportJson(const ReplayTotals& totals) {
  std::vector<std::string> offers;
  for (const auto& [id, offer] : totals.offers) {
    offers.push_back(absl::StrFormat(R"("%s":{"applied":%d,"shown":%d,"discount_minor":%d})", id,
                                     offer.applied, offer.shown, offer.discount_minor));
  }
  std::vector<std::string> segments;
  for (const auto& [segment, count] : totals.segments) {
    segments.push_back(absl::StrFormat(R"("%s":%d)", segment, count));
  }
  const std::pair<const char*, int64_t> numbers[] = {
      {"sales", totals.sales},
      {"not_asked", totals.not_asked},
      {"anonymous", totals.anonymous},
      {"returns", totals.returns},
      {"anonymous_returns", totals.anonymous_returns},
      {"adjustments", totals.adjustments},
      {"events", totals.events},
      {"lines", totals.lines},
      {"complete", totals.complete},
      {"partial", totals.partial},
      {"fallback", totals.fallback},
      {"gross_minor", totals.gross_minor},
      {"discount_minor", totals.discount_minor},
      {"payable_minor", totals.payable_minor},
      {"largest_quantity", totals.largest_quantity},
      {"receipts", totals.receipts},
      {"receipts_equal", totals.receipts_equal},
      {"latency_p50_us", Micros(totals, 0.5)},
      {"latency_p99_us", Micros(totals, 0.99)},
  };
  std::string json = "{";
  for (const auto& [name, value] : numbers) absl::StrAppendFormat(&json, "\"%s\":%d,", name, value);
  absl::StrAppend(&json, "\"segments\":{", absl::StrJoin(segments, ","), "},\"offers\":{",
                  absl::StrJoin(offers, ","), "}}\n");
  return json;
}

}  // namespace touchstone::online_retail
