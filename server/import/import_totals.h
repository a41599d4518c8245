#pragma once

// What became of an import, in words, as JSON, and for the report on data quality.
//
// Thread safety: pure functions beside standard output.

#include <string>

#include "absl/time/time.h"
#include "server/import/import_state.h"
#include "server/import/mapping.h"
#include "touchstone/v1/report_service.pb.h"

namespace touchstone::server {

void PrintTotals(const ImportTotals& totals, MappingKind kind, const std::string& quarantine,
                 bool dry_run);
void PrintTotalsJson(const ImportTotals& totals, const std::string& quarantine);

// `well`: the run came to the end of the file.
void FillImportRun(const ImportProgress& progress, const Mapping& mapping, absl::Time end,
                   bool well, v1::ImportRun* run);

}  // namespace touchstone::server
