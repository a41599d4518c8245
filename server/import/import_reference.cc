// Reference tables: one stream, swapped in at once by the server.

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/import/import_run.h"
#include "server/import/row_value.h"
#include "touchstone/v1/reference_service.grpc.pb.h"

namespace touchstone::server {
namespace {

constexpr int kRowsInMessage = 1000;

// The server names rows by their position: here they get their lines back.
void QuarantineRefused(const grpc::Status& refused, const std::vector<RowOrigin>& sent,
                       Quarantine* quarantine) {
  google::rpc::Status details;
  if (!details.ParseFromString(refused.error_details())) return;
  google::rpc::BadRequest request;
  for (const google::protobuf::Any& any : details.details()) any.UnpackTo(&request);
  for (const auto& violation : request.field_violations()) {
    absl::string_view field = violation.field();
    size_t position = 0;
    if (!absl::ConsumePrefix(&field, "rows[") ||
        !absl::SimpleAtoi(field.substr(0, field.find(']')), &position) || position >= sent.size()) {
      continue;
    }
    field.remove_prefix(std::min(field.find(']') + 2, field.size()));
    quarantine->Add(sent[position].line, absl::StrCat(field, ": ", violation.description()),
                    sent[position].raw);
  }
}

}  // namespace

ImportResult ImportReference(const ImportRun& run) {
  ImportResult result;
  const auto stub = v1::ReferenceService::NewStub(run.channel);
  grpc::ClientContext context;
  v1::ImportReferenceResponse response;
  auto stream = stub->ImportReference(&context, &response);
  v1::ImportReferenceRequest message;
  message.set_request_id(run.run_id);
  message.set_table(run.mapping->table);
  absl::flat_hash_set<std::string> keys;
  std::vector<RowOrigin> sent;
  Row row;
  bool alive = true;
  while (alive && run.reader->Next(&row)) {
    run.progress->Update(++result.totals.rows, run.reader->fraction());
    v1::ReferenceTableRow mapped;
    absl::Status status = row.error.empty() ? absl::OkStatus() : absl::DataLossError(row.error);
    if (status.ok() && !IsWanted(*run.mapping, row)) {
      ++result.totals.left_out;
      continue;
    }
    if (status.ok()) status = MapReferenceRow(*run.mapping, row, &mapped);
    if (status.ok() && !keys.insert(mapped.key()).second) {
      status = absl::AlreadyExistsError("an earlier row has the same key");
    }
    if (!status.ok()) {
      run.quarantine->Add(row.line, status.message(), row.raw);
      continue;
    }
    *message.add_rows() = std::move(mapped);
    sent.push_back({row.line, row.raw});
    if (message.rows_size() < kRowsInMessage) continue;
    alive = stream->Write(message);
    message.Clear();
  }
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
    result.totals.imported = response.row_count();
  } else {
    QuarantineRefused(result.call, sent, run.quarantine);
  }
  result.totals.quarantined = run.quarantine->count();
  return result;
}

}  // namespace touchstone::server
