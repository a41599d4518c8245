// Customers and contacts: rows into batches of one stream.

#include <utility>

#include "server/import/customer_row.h"
#include "server/import/import_run.h"
#include "server/import/row_intake.h"

namespace touchstone::server {
namespace {

constexpr size_t kMaxBatchBytes = size_t{3} << 20;

class CustomerBatches {
 public:
  CustomerBatches(const ImportRun& run, RowIntake* intake, CustomerSink* sink)
      : run_(run), intake_(intake), sink_(sink), throttle_(run.rows_per_second) {}

  bool is_full() const {
    return batch_.request.rows_size() >= RowsInBatch(run_.rows_per_second) ||
           bytes_ >= kMaxBatchBytes;
  }

  void Add(v1::CustomerRow* row, const Row& from) {
    bytes_ += row->ByteSizeLong() + 8;
    batch_.request.mutable_rows()->Add()->Swap(row);
    batch_.origins.push_back({from.line, from.raw});
  }

  // False when the import cannot go on.
  bool Flush() {
    if (batch_.request.rows_size() == 0 && !intake_->has_aside()) return true;
    batch_.number = ++number_;
    batch_.aside = intake_->TakeAside();
    v1::ImportCustomersRequest& request = batch_.request;
    request.set_request_id(run_.state->run_id());
    request.set_sequence(number_);
    request.set_source(run_.mapping->source);
    request.set_validate_only(run_.validate_only);
    bytes_ = 0;
    CustomerBatch batch = std::exchange(batch_, CustomerBatch());
    if (batch.number <= run_.state->settled_before()) return true;
    throttle_.Await(batch.origins.size());
    return sink_->Send(std::move(batch));
  }

 private:
  const ImportRun& run_;
  RowIntake* const intake_;
  CustomerSink* const sink_;
  Throttle throttle_;
  CustomerBatch batch_;
  size_t bytes_ = 0;
  int64_t number_ = 0;
};

}  // namespace

ImportResult ImportCustomers(const ImportRun& run, CustomerSink* sink) {
  RowIntake intake(run.reader, run.mapping, run.progress);
  CustomerBatches batches(run, &intake, sink);
  Row row;
  v1::CustomerRow mapped;
  bool alive = true;
  while (alive) {
    const RowIntake::Step step = intake.Next(&row);
    if (step == RowIntake::Step::kEnd) break;
    if (step == RowIntake::Step::kAside) {
      alive = batches.Flush();
      continue;
    }
    mapped.Clear();
    const absl::Status status = MapCustomerRow(*run.mapping, row, &mapped);
    if (!status.ok()) {
      intake.Refuse(row.line, status.message(), row.raw);
      continue;
    }
    batches.Add(&mapped, row);
    if (batches.is_full()) alive = batches.Flush();
  }
  ImportResult result;
  result.file = run.reader->status();
  if (alive) batches.Flush();
  result.call = sink->End();
  return result;
}

}  // namespace touchstone::server
