// Reference tables: one stream, swapped in at once by the server.

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/import/import_run.h"
#include "server/import/row_intake.h"
#include "server/import/row_value.h"
#include "touchstone/v1/reference_service.grpc.pb.h"

namespace touchstone::server {
namespace {

constexpr int kRowsInMessage = 1000;

// The server names rows by their position: here they get their lines back.
void TakeRefused(const grpc::Status& refused, const std::vector<RowOrigin>& sent,
                 BatchOutcome* outcome) {
  google::rpc::Status details;
  if (!details.ParseFromString(refused.error_details())) return;
  google::rpc::BadRequest request;
  for (const google::protobuf::Any& any : details.details()) any.UnpackTo(&request);
  // A row may be named for several of its columns; it is counted once.
  absl::flat_hash_set<size_t> seen;
  for (const auto& violation : request.field_violations()) {
    absl::string_view field = violation.field();
    size_t position = 0;
    if (!absl::ConsumePrefix(&field, "rows[") ||
        !absl::SimpleAtoi(field.substr(0, field.find(']')), &position) || position >= sent.size() ||
        !seen.insert(position).second) {
      continue;
    }
    field.remove_prefix(std::min(field.find(']') + 2, field.size()));
    outcome->refused.push_back({sent[position].line,
                                absl::StrCat(field, ": ", violation.description()),
                                sent[position].raw, true});
  }
}

}  // namespace

ImportResult ImportReference(const ImportRun& run, const LiveTarget& target) {
  ImportResult result;
  const auto stub = v1::ReferenceService::NewStub(target.channel);
  grpc::ClientContext context;
  v1::ImportReferenceResponse response;
  auto stream = stub->ImportReference(&context, &response);
  v1::ImportReferenceRequest message;
  message.set_request_id(run.state->run_id());
  message.set_table(run.mapping->table);
  message.set_validate_only(run.validate_only);
  absl::flat_hash_set<std::string> keys;
  std::vector<RowOrigin> sent;
  RowIntake intake(run.reader, run.mapping, run.progress);
  BatchOutcome outcome;
  const auto take_aside = [&intake, &outcome] {
    BatchOutcome aside = intake.TakeAside();
    outcome.left_out += aside.left_out;
    std::move(aside.refused.begin(), aside.refused.end(), std::back_inserter(outcome.refused));
  };
  Row row;
  bool alive = true;
  while (alive) {
    const RowIntake::Step step = intake.Next(&row);
    if (step != RowIntake::Step::kRow) take_aside();
    if (step == RowIntake::Step::kEnd) break;
    if (step == RowIntake::Step::kAside) continue;
    v1::ReferenceTableRow mapped;
    absl::Status status = MapReferenceRow(*run.mapping, row, &mapped);
    if (status.ok() && !keys.insert(mapped.key()).second) {
      status = absl::AlreadyExistsError("an earlier row has the same key");
    }
    if (!status.ok()) {
      intake.Refuse(row.line, status.message(), row.raw);
      continue;
    }
    *message.add_rows() = std::move(mapped);
    sent.push_back({row.line, row.raw});
    if (message.rows_size() < kRowsInMessage) continue;
    alive = stream->Write(message);
    message.Clear();
  }
  take_aside();
  // Half a table would take the place of a whole one.
  result.file = run.reader->status();
  if (!result.file.ok()) {
    context.TryCancel();
    stream->Finish();
    return result;
  }
  // An empty table still needs the first message.
  message.set_total_rows(static_cast<int64_t>(sent.size()));
  if (alive) stream->Write(message);
  stream->WritesDone();
  result.call = stream->Finish();
  if (result.call.ok()) {
    outcome.imported = response.row_count();
  } else {
    const size_t refused_here = outcome.refused.size();
    TakeRefused(result.call, sent, &outcome);
    outcome.unwritten = static_cast<int64_t>(sent.size() - (outcome.refused.size() - refused_here));
  }
  run.state->Settle(1, std::move(outcome));
  return result;
}

}  // namespace touchstone::server
