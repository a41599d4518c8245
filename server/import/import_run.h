#pragma once

// One import: reads a file row by row, maps it, sends it in batches, and counts what became of it.
//
// Every row is counted once: rows = imported + duplicate + left_out + quarantined, unless the run
// fails. Events of one group share the fate of their event. A table that the server refuses is not
// imported at all; the rows that it names are quarantined. Thread safety: Run* from one thread.
// Errors: a row that cannot be used goes into the quarantine and the import goes on. Run* fails
// when the file or the server does; what was acknowledged stays. Running it again is safe: events
// count once, customers and tables are set to what the file says.

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/import/mapping.h"
#include "server/import/progress.h"
#include "server/import/quarantine.h"
#include "server/import/row_reader.h"

namespace touchstone::server {

struct ImportTotals {
  int64_t rows = 0;
  int64_t imported = 0;
  int64_t duplicate = 0;  // rows of events that were there already
  int64_t left_out = 0;   // by the mapping's filters
  int64_t quarantined = 0;
  int64_t events_new = 0;
  int64_t events_duplicate = 0;
};

// What a run works with. Everything must outlive it.
struct ImportRun {
  RowReader* reader = nullptr;
  const Mapping* mapping = nullptr;
  Quarantine* quarantine = nullptr;
  Progress* progress = nullptr;
  std::shared_ptr<grpc::Channel> channel;
  std::string run_id;  // unique: the request ids of the run begin with it
  // Waits before a call is tried again.
  std::function<void(int milliseconds)> sleep;
};

// The result of a run, with the status of the call that ended it early.
struct ImportResult {
  ImportTotals totals;
  absl::Status file = absl::OkStatus();
  grpc::Status call = grpc::Status::OK;
};

ImportResult ImportCustomers(const ImportRun& run);
ImportResult ImportEvents(const ImportRun& run);
ImportResult ImportReference(const ImportRun& run);

// DATA_LOSS: the server speaks of rows that it was not sent.
grpc::Status AnswerDoesNotFit();

// Tries a call again while the server is overloaded or away; the request must be the same.
grpc::Status CallWithRetries(const ImportRun& run,
                             const std::function<grpc::Status(grpc::ClientContext*)>& call);

}  // namespace touchstone::server
