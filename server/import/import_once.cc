// Grants, and opening uses of budgets: rows that count once within the batch that the mapping
// names, into batches of several lanes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "server/import/batch_lanes.h"
#include "server/import/budget_row.h"
#include "server/import/grant_row.h"
#include "server/import/import_run.h"
#include "server/import/row_intake.h"

namespace touchstone::server {
namespace {

// Of one kind: how a row becomes an item, what there is one of in a batch, and the sentence for a
// second one that is another.
struct OfGrants {
  using Batch = GrantsBatch;
  using Item = v1::GrantItem;
  static absl::Status Map(const Mapping& mapping, const Row& row, Item* to) {
    return MapGrantRow(mapping, row, to);
  }
  static size_t KeyOf(const Item& grant) {
    return absl::HashOf(SubjectOf(grant), grant.offer_id());
  }
  static int MostInBatch(const ImportRun& run) { return RowsInBatch(run.rows_per_second); }
  static constexpr char kGivenOtherwise[] = "an earlier row grants her this offer with other terms";
};
struct OfBudgets {
  using Batch = BudgetsBatch;
  using Item = v1::OpeningUse;
  static absl::Status Map(const Mapping& mapping, const Row& row, Item* to) {
    return MapBudgetRow(mapping, row, to);
  }
  static size_t KeyOf(const Item& use) { return absl::HashOf(use.budget()); }
  // The server takes a thousand.
  static int MostInBatch(const ImportRun& run) {
    return std::min(1000, RowsInBatch(run.rows_per_second));
  }
  static constexpr char kGivenOtherwise[] = "an earlier row has other numbers of this budget";
};

// What a run that only validates has given: what is not written is not found when it comes again.
template <typename Kind>
class Given {
 public:
  enum class Step : uint8_t { kNew, kSame, kOtherwise };

  Step Add(const typename Kind::Item& item) {
    const size_t terms = absl::HashOf(item.SerializeAsString());
    const auto [known, is_new] = terms_.try_emplace(Kind::KeyOf(item), terms);
    if (is_new) return Step::kNew;
    return known->second == terms ? Step::kSame : Step::kOtherwise;
  }

 private:
  absl::flat_hash_map<size_t, size_t> terms_;
};

template <typename Kind>
class OnceBatches {
 public:
  using Batch = typename Kind::Batch;
  using Step = typename Given<Kind>::Step;

  OnceBatches(const ImportRun& run, RowIntake* intake, ImportSink<Batch>* sink)
      : run_(run),
        intake_(intake),
        lanes_(run, intake, sink, Kind::MostInBatch(run),
               [&run](int64_t /*number*/, auto* request) {
                 request->set_batch(run.mapping->batch);
                 request->set_validate_only(run.validate_only);
               }) {}

  // False when the import cannot go on.
  bool Take(const Row& row) {
    typename Kind::Item item;
    if (absl::Status mapped = Kind::Map(*run_.mapping, row, &item); !mapped.ok()) {
      intake_->Refuse(row.line, mapped.message(), row.raw);
      return true;
    }
    switch (run_.validate_only ? given_.Add(item) : Step::kNew) {
      case Step::kNew:
        return lanes_.Add(&item, {{row.line, row.raw}});
      case Step::kSame:
        intake_->PassOver(1, 0);
        return true;
      case Step::kOtherwise:
        intake_->Refuse(row.line, Kind::kGivenOtherwise, row.raw);
        return true;
    }
    return false;
  }

  BatchLanes<Batch>& lanes() { return lanes_; }

 private:
  const ImportRun& run_;
  RowIntake* const intake_;
  BatchLanes<Batch> lanes_;
  Given<Kind> given_;
};

template <typename Kind>
ImportResult ImportOnce(const ImportRun& run, ImportSink<typename Kind::Batch>* sink) {
  RowIntake intake(run.reader, run.mapping, run.progress);
  OnceBatches<Kind> batches(run, &intake, sink);
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

}  // namespace

ImportResult ImportGrants(const ImportRun& run, GrantSink* sink) {
  return ImportOnce<OfGrants>(run, sink);
}

ImportResult ImportBudgets(const ImportRun& run, BudgetSink* sink) {
  return ImportOnce<OfBudgets>(run, sink);
}

}  // namespace touchstone::server
