#include "server/import/import_sink.h"

#include <utility>

#include "server/import/import_run.h"

namespace touchstone::server {
namespace {

absl::Status DoesNotFit() { return absl::DataLossError(AnswerDoesNotFit().error_message()); }

// The rows of an item that the server has refused.
void RefuseItem(const std::string& reason, std::vector<RowOrigin>* rows, BatchOutcome* outcome) {
  for (RowOrigin& row : *rows) {
    outcome->refused.push_back({row.line, reason, std::move(row.raw), true});
  }
}

}  // namespace

absl::StatusOr<BatchOutcome> OutcomeOf(CustomerBatch batch,
                                       const v1::ImportCustomersResponse& response) {
  BatchOutcome outcome = std::move(batch.aside);
  outcome.imported += response.written_count();
  if (response.written_count() + response.rejected_rows_size() !=
      static_cast<int>(batch.origins.size())) {
    return DoesNotFit();
  }
  for (const v1::RejectedRow& row : response.rejected_rows()) {
    const auto index = static_cast<size_t>(row.index());
    if (row.index() < 0 || index >= batch.origins.size()) return DoesNotFit();
    RowOrigin& origin = batch.origins[index];
    outcome.refused.push_back({origin.line, row.error().message(), std::move(origin.raw), true});
  }
  return outcome;
}

absl::StatusOr<BatchOutcome> OutcomeOf(EventsBatch batch,
                                       const v1::AppendEventsResponse& response) {
  if (static_cast<size_t>(response.results_size()) != batch.origins.size()) return DoesNotFit();
  BatchOutcome outcome = std::move(batch.aside);
  for (int i = 0; i < response.results_size(); ++i) {
    std::vector<RowOrigin>& rows = batch.origins[static_cast<size_t>(i)];
    const auto count = static_cast<int64_t>(rows.size());
    switch (response.results(i).state()) {
      case v1::WRITE_STATE_WRITTEN:
        ++outcome.events_new;
        outcome.imported += count;
        break;
      case v1::WRITE_STATE_DUPLICATE:
        ++outcome.events_duplicate;
        outcome.duplicate += count;
        break;
      default:
        RefuseItem(response.results(i).error().message(), &rows, &outcome);
    }
  }
  return outcome;
}

}  // namespace touchstone::server
