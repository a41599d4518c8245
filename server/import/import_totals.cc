#include "server/import/import_totals.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "server/json_string.h"

namespace touchstone::server {

void PrintTotals(const ImportTotals& totals, MappingKind kind, const std::string& quarantine,
                 bool dry_run) {
  std::string text = absl::StrCat(
      totals.rows, " rows: ", totals.imported, dry_run ? " would be imported, " : " imported, ",
      totals.duplicate, " there already, ", totals.left_out, " left out by the mapping, ",
      totals.quarantined, " quarantined\n");
  if (kind == MappingKind::kEvents) {
    absl::StrAppend(&text, totals.events_new, " new events, ", totals.events_duplicate,
                    " there already\n");
  }
  if (totals.quarantined > 0) absl::StrAppend(&text, quarantine, " says which rows and why\n");
  std::printf("%s", text.c_str());
}

void PrintTotalsJson(const ImportTotals& totals, const std::string& quarantine) {
  std::string json =
      absl::StrCat("{\"rows\":", totals.rows, ",\"imported\":", totals.imported,
                   ",\"duplicate\":", totals.duplicate, ",\"left_out\":", totals.left_out,
                   ",\"quarantined\":", totals.quarantined, ",\"events_new\":", totals.events_new,
                   ",\"events_duplicate\":", totals.events_duplicate);
  if (totals.quarantined > 0) {
    json += ",\"quarantine\":";
    AppendJsonString(quarantine, &json);
  }
  std::printf("%s}\n", json.c_str());
}

void FillImportRun(const ImportProgress& progress, const Mapping& mapping, absl::Time end,
                   bool well, v1::ImportRun* run) {
  const ImportTotals& totals = progress.totals;
  run->set_run_id(progress.run_id);
  run->set_kind(std::string(MappingKindName(mapping.kind)));
  run->set_source(mapping.source);
  run->mutable_start_time()->set_seconds(progress.start_s);
  run->mutable_end_time()->set_seconds(absl::ToUnixSeconds(end));
  run->set_row_count(totals.rows);
  run->set_imported_count(totals.imported);
  run->set_duplicate_count(totals.duplicate);
  run->set_left_out_count(totals.left_out);
  run->set_quarantined_count(totals.quarantined);
  for (const auto& [reason, count] : totals.reasons) {
    v1::QuarantineReason* to = run->add_reasons();
    to->set_reason(reason);
    to->set_row_count(count);
  }
  run->set_failed(!well);
}

}  // namespace touchstone::server
