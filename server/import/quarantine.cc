#include "server/import/quarantine.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace touchstone::server {
namespace {

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace

void Quarantine::Add(int64_t line, absl::string_view reason, absl::string_view row) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (count_++ == 0) {
    out_.open(path_, std::ios::binary | std::ios::trunc);
    out_ << "line,reason,row\n";
  }
  out_ << line << ',' << Quoted(reason) << ',' << Quoted(row) << '\n';
  out_.flush();
  if (!out_) failed_ = true;
}

int64_t Quarantine::count() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return count_;
}

absl::Status Quarantine::status() const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!failed_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "the quarantine file ", path_, " cannot be written. Name another one with --quarantine."));
}

}  // namespace touchstone::server
