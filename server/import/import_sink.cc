#include "server/import/import_sink.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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

// The server's paths in the words of the mapping: "grants[17].end_time" is `end`.
std::string InWordsOfMapping(absl::string_view message, const v1::RefusedGrant& refused) {
  const std::string grant = absl::StrCat("grants[", refused.index(), "].");
  return absl::StrReplaceAll(message, {{grant + "offer_id", "offer"},
                                       {grant + "start_time", "start"},
                                       {grant + "end_time", "end"},
                                       {grant + "max_uses", "uses"},
                                       {grant + "identity.namespace", "identities"},
                                       {grant + "identity.value", "identities"},
                                       {grant, ""}});
}
std::string InWordsOfMapping(absl::string_view message, const v1::RefusedOpeningUse& refused) {
  return absl::StrReplaceAll(message, {{absl::StrCat("opening_uses[", refused.index(), "]."), ""}});
}

// `done`: how many items are new.
template <typename Batch, typename Response>
absl::StatusOr<BatchOutcome> OutcomeOfOnce(Batch batch, int64_t done, const Response& response) {
  const int64_t answered = done + response.duplicates() + response.refused_size();
  if (answered != static_cast<int64_t>(batch.origins.size())) return DoesNotFit();
  BatchOutcome outcome = std::move(batch.aside);
  outcome.imported += done;
  outcome.duplicate += response.duplicates();
  for (const auto& item : response.refused()) {
    const auto index = static_cast<size_t>(item.index());
    if (item.index() < 0 || index >= batch.origins.size()) return DoesNotFit();
    RefuseItem(InWordsOfMapping(item.error().message(), item), &batch.origins[index], &outcome);
  }
  return outcome;
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

absl::StatusOr<BatchOutcome> OutcomeOf(GrantsBatch batch,
                                       const v1::ImportGrantsResponse& response) {
  return OutcomeOfOnce(std::move(batch), response.granted(), response);
}

absl::StatusOr<BatchOutcome> OutcomeOf(BudgetsBatch batch,
                                       const v1::ImportBudgetsResponse& response) {
  return OutcomeOfOnce(std::move(batch), response.booked(), response);
}

}  // namespace touchstone::server
