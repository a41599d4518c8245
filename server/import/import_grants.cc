// Grants: rows into batches of several lanes.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "server/import/batch_lanes.h"
#include "server/import/grant_row.h"
#include "server/import/import_run.h"
#include "server/import/row_intake.h"

namespace touchstone::server {
namespace {

// What a run that only validates has given: what is not written is not found when it comes again.
class Given {
 public:
  enum class Step : uint8_t { kNew, kSame, kOtherTerms };

  Step Add(const v1::GrantItem& grant) {
    const size_t terms = absl::HashOf(grant.SerializeAsString());
    const auto [known, is_new] =
        terms_.try_emplace(absl::HashOf(SubjectOf(grant), grant.offer_id()), terms);
    if (is_new) return Step::kNew;
    return known->second == terms ? Step::kSame : Step::kOtherTerms;
  }

 private:
  absl::flat_hash_map<size_t, size_t> terms_;  // by customer and offer
};

class GrantBatches {
 public:
  GrantBatches(const ImportRun& run, RowIntake* intake, GrantSink* sink)
      : run_(run),
        intake_(intake),
        lanes_(run, intake, sink, RowsInBatch(run.rows_per_second),
               [&run](int64_t /*number*/, v1::ImportGrantsRequest* request) {
                 request->set_batch(run.mapping->batch);
                 request->set_validate_only(run.validate_only);
               }) {}

  // False when the import cannot go on.
  bool Take(const Row& row) {
    v1::GrantItem grant;
    if (absl::Status mapped = MapGrantRow(*run_.mapping, row, &grant); !mapped.ok()) {
      intake_->Refuse(row.line, mapped.message(), row.raw);
      return true;
    }
    switch (run_.validate_only ? given_.Add(grant) : Given::Step::kNew) {
      case Given::Step::kNew:
        return lanes_.Add(&grant, {{row.line, row.raw}});
      case Given::Step::kSame:
        intake_->PassOver(1, 0);
        return true;
      case Given::Step::kOtherTerms:
        intake_->Refuse(row.line, "an earlier row grants her this offer with other terms", row.raw);
        return true;
    }
    return false;
  }

  BatchLanes<GrantsBatch>& lanes() { return lanes_; }

 private:
  const ImportRun& run_;
  RowIntake* const intake_;
  BatchLanes<GrantsBatch> lanes_;
  Given given_;
};

}  // namespace

ImportResult ImportGrants(const ImportRun& run, GrantSink* sink) {
  RowIntake intake(run.reader, run.mapping, run.progress);
  GrantBatches batches(run, &intake, sink);
  Row row;
  bool alive = true;
  while (alive) {
    const RowIntake::Step step = intake.Next(&row);
    if (step == RowIntake::Step::kEnd) break;
    alive = step == RowIntake::Step::kAside ? batches.lanes().Flush(0) : batches.Take(row);
  }
  ImportResult result;
  result.file = run.reader->status();
  if (alive) batches.lanes().End();
  result.call = sink->End();
  return result;
}

}  // namespace touchstone::server
