#pragma once

// One import: reads a file row by row, maps it, sends it in batches, and counts what became of it.
//
// Every row is counted once: rows = imported + duplicate + left_out + quarantined, as far as the
// run has come. Events of one group share the fate of their event. A table that the server refuses
// is not imported at all; the rows that it names are quarantined. Thread safety: Import* from one
// thread. Errors: a row that cannot be used goes into the quarantine and the import goes on.
// Import* fails when the file or the server does; what was acknowledged stays, and the state says
// where to go on. Running it again is safe in any case: events, grants and opening uses count once,
// customers and tables are set to what the file says.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/import/import_sink.h"
#include "server/import/import_state.h"
#include "server/import/mapping.h"
#include "server/import/progress.h"
#include "server/import/row_reader.h"

namespace touchstone::server {

// What a run works with. Everything must outlive it.
struct ImportRun {
  RowReader* reader = nullptr;
  const Mapping* mapping = nullptr;
  Progress* progress = nullptr;
  ImportState* state = nullptr;
  bool validate_only = false;  // everything is checked, nothing written
  double rows_per_second = 0;  // at most; 0: as many as can be
};

// The statuses that ended a run early; its totals are the state's.
struct ImportResult {
  absl::Status file = absl::OkStatus();
  grpc::Status call = grpc::Status::OK;
  bool ok() const { return file.ok() && call.ok(); }
};

// Of customers and of contacts.
ImportResult ImportCustomers(const ImportRun& run, CustomerSink* sink);
ImportResult ImportEvents(const ImportRun& run, EventSink* sink);
ImportResult ImportGrants(const ImportRun& run, GrantSink* sink);
ImportResult ImportBudgets(const ImportRun& run, BudgetSink* sink);
ImportResult ImportReference(const ImportRun& run, const LiveTarget& target);

// Rows (of customers, contacts, grants and budgets) or events of a batch. A run that is held back
// sends smaller ones, so that it does not come in thrusts; the same rate gives the same batches.
int RowsInBatch(double rows_per_second);
int EventsInBatch(double rows_per_second);

// Holds a run back to so many rows a second.
class Throttle {
 public:
  explicit Throttle(double rows_per_second) : rows_per_second_(rows_per_second) {}
  // Waits until these rows may be sent, too.
  void Await(size_t rows);

 private:
  using Clock = std::chrono::steady_clock;
  const double rows_per_second_;
  const Clock::time_point start_ = Clock::now();
  double rows_ = 0;
};

// DATA_LOSS: the server speaks of rows that it was not sent.
grpc::Status AnswerDoesNotFit();

// Whether a call that ended so may be tried again.
bool IsPassing(const grpc::Status& status);
// Before the next of `kTries` tries, counted from 0.
inline constexpr int kTries = 8;
int WaitBeforeTryMs(int tries);

// Tries a call again while the server is overloaded or away; the request must be the same.
grpc::Status CallWithRetries(const LiveTarget& target,
                             const std::function<grpc::Status(grpc::ClientContext*)>& call);

}  // namespace touchstone::server
