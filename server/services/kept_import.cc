#include "server/services/kept_import.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/services/resource_name.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

constexpr int kMaxReasonsOfRun = 100;
constexpr size_t kMaxReasonCharacters = 200;
constexpr std::array<absl::string_view, 6> kImportKinds = {"customers", "contacts", "events",
                                                           "grants",    "budgets",  "reference"};

void CheckCounts(const v1::ImportRun& run, std::vector<Violation>* violations) {
  const std::pair<absl::string_view, int64_t> counts[] = {
      {"row_count", run.row_count()},
      {"imported_count", run.imported_count()},
      {"duplicate_count", run.duplicate_count()},
      {"left_out_count", run.left_out_count()},
      {"quarantined_count", run.quarantined_count()}};
  for (const auto& [name, count] : counts) {
    if (count < 0) violations->push_back({absl::StrCat("run.", name), "must not be negative"});
  }
}

void CheckReasons(const v1::ImportRun& run, std::vector<Violation>* violations) {
  if (run.reasons_size() > kMaxReasonsOfRun) {
    violations->push_back({"run.reasons", "must be at most 100"});
    return;
  }
  for (int i = 0; i < run.reasons_size(); ++i) {
    const std::string path = absl::StrCat("run.reasons[", i, "]");
    if (run.reasons(i).reason().empty()) {
      violations->push_back({path + ".reason", "must not be empty"});
    }
    CheckText(run.reasons(i).reason(), kMaxReasonCharacters, path + ".reason", violations);
    if (run.reasons(i).row_count() < 0) {
      violations->push_back({path + ".row_count", "must not be negative"});
    }
  }
}

}  // namespace

void CheckImportRun(const v1::ImportRun& run, std::vector<Violation>* violations) {
  if (!store::IsValidId(run.run_id())) {
    violations->push_back({"run.run_id", "must be 1-64 bytes of [A-Za-z0-9._-]"});
  }
  if (std::find(kImportKinds.begin(), kImportKinds.end(), run.kind()) == kImportKinds.end()) {
    violations->push_back(
        {"run.kind", "must be customers, contacts, events, grants, budgets or reference"});
  }
  if (!run.source().empty() && !store::IsValidId(run.source())) {
    violations->push_back({"run.source", "must be at most 64 bytes of [A-Za-z0-9._-]"});
  }
  if (!run.has_start_time()) violations->push_back({"run.start_time", "must be given"});
  if (!run.has_end_time()) violations->push_back({"run.end_time", "must be given"});
  CheckCounts(run, violations);
  CheckReasons(run, violations);
}

storage::ImportRun ToStored(const v1::ImportRun& run) {
  storage::ImportRun stored;
  stored.set_run_id(run.run_id());
  stored.set_kind(run.kind());
  stored.set_source(run.source());
  stored.set_started_time_us(absl::ToUnixMicros(ToTime(run.start_time())));
  stored.set_ended_time_us(absl::ToUnixMicros(ToTime(run.end_time())));
  stored.set_rows(static_cast<uint64_t>(run.row_count()));
  stored.set_imported(static_cast<uint64_t>(run.imported_count()));
  stored.set_duplicate(static_cast<uint64_t>(run.duplicate_count()));
  stored.set_left_out(static_cast<uint64_t>(run.left_out_count()));
  stored.set_quarantined(static_cast<uint64_t>(run.quarantined_count()));
  for (const v1::QuarantineReason& reason : run.reasons()) {
    storage::ImportRun::Reason* kept = stored.add_reasons();
    kept->set_reason(reason.reason());
    kept->set_rows(static_cast<uint64_t>(reason.row_count()));
  }
  stored.set_failed(run.failed());
  return stored;
}

v1::ImportRun ToMessage(const storage::ImportRun& kept) {
  v1::ImportRun run;
  run.set_run_id(kept.run_id());
  run.set_kind(kept.kind());
  run.set_source(kept.source());
  *run.mutable_start_time() = ToTimestamp(kept.started_time_us());
  *run.mutable_end_time() = ToTimestamp(kept.ended_time_us());
  run.set_row_count(static_cast<int64_t>(kept.rows()));
  run.set_imported_count(static_cast<int64_t>(kept.imported()));
  run.set_duplicate_count(static_cast<int64_t>(kept.duplicate()));
  run.set_left_out_count(static_cast<int64_t>(kept.left_out()));
  run.set_quarantined_count(static_cast<int64_t>(kept.quarantined()));
  for (const storage::ImportRun::Reason& reason : kept.reasons()) {
    v1::QuarantineReason* told = run.add_reasons();
    told->set_reason(reason.reason());
    told->set_row_count(static_cast<int64_t>(reason.rows()));
  }
  run.set_failed(kept.failed());
  return run;
}

}  // namespace touchstone::server
