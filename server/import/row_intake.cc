#include "server/import/row_intake.h"

#include "server/import/row_value.h"

namespace touchstone::server {

namespace {

// Refused rows are kept as they stand in the file until their batch is settled.
constexpr size_t kMostAside = 2000;

}  // namespace

RowIntake::Step RowIntake::Next(Row* row) {
  while (aside_.refused.size() < kMostAside) {
    if (!reader_->Next(row)) return Step::kEnd;
    progress_->Update(++rows_, reader_->fraction());
    if (!row->error.empty()) {
      Refuse(row->line, row->error, row->raw);
      continue;
    }
    const absl::StatusOr<bool> wanted = IsWanted(*mapping_, *row);
    if (!wanted.ok()) {
      Refuse(row->line, wanted.status().message(), row->raw);
    } else if (*wanted) {
      return Step::kRow;
    } else {
      ++aside_.left_out;
    }
  }
  return Step::kAside;
}

void RowIntake::Refuse(int64_t line, absl::string_view reason, const std::string& raw) {
  aside_.refused.push_back({line, std::string(reason), raw, false});
}

}  // namespace touchstone::server
