#pragma once

// The rows of a file that are to be sent, and what became of the others.
//
// Thread safety: for one thread. Lifetime: all that it is given must outlive it.

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "server/import/import_state.h"
#include "server/import/mapping.h"
#include "server/import/progress.h"
#include "server/import/row_reader.h"

namespace touchstone::server {

class RowIntake {
 public:
  RowIntake(RowReader* reader, const Mapping* mapping, Progress* progress)
      : reader_(reader), mapping_(mapping), progress_(progress) {}

  enum class Step : uint8_t {
    kRow,    // that could be read and that the filters leave in
    kAside,  // so many were refused that TakeAside should be called
    kEnd,
  };
  Step Next(Row* row);
  // A row that Next gave and that cannot be sent.
  void Refuse(int64_t line, absl::string_view reason, const std::string& raw);
  void LeaveOut(int64_t rows) { aside_.left_out += rows; }
  // Rows, and the events that they are, that are there already.
  void PassOver(int64_t rows, int64_t events) {
    aside_.duplicate += rows;
    aside_.events_duplicate += events;
  }

  // What was left out and refused since the last call.
  BatchOutcome TakeAside() { return std::exchange(aside_, BatchOutcome()); }
  bool has_aside() const {
    return aside_.left_out > 0 || aside_.duplicate > 0 || !aside_.refused.empty();
  }

 private:
  RowReader* const reader_;
  const Mapping* const mapping_;
  Progress* const progress_;
  int64_t rows_ = 0;
  BatchOutcome aside_;
};

}  // namespace touchstone::server
