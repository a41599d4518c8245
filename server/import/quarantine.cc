#include "server/import/quarantine.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace touchstone::server {
namespace {

constexpr size_t kMaxReasonBytes = 200;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace

absl::Status Quarantine::Clear() {
  std::error_code error;
  std::filesystem::remove(path_, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot replace the quarantine file ", path_, ": ", error.message()));
}

absl::Status Quarantine::KeepFirst(int64_t bytes) {
  std::error_code error;
  if (bytes == 0) return Clear();
  const auto size = std::filesystem::file_size(path_, error);
  if (error || size < static_cast<uintmax_t>(bytes)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the quarantine file ", path_,
                     " of the run that is to be gone on with is gone or has changed. Put it back, "
                     "or begin anew with --restart."));
  }
  std::filesystem::resize_file(path_, static_cast<uintmax_t>(bytes), error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot go on with the quarantine file ", path_, ": ", error.message()));
  }
  out_.open(path_, std::ios::binary | std::ios::app);
  bytes_ = bytes;
  return absl::OkStatus();
}

void Quarantine::Add(int64_t line, absl::string_view reason, absl::string_view row) {
  std::string text;
  if (!out_.is_open()) {
    out_.open(path_, std::ios::binary | std::ios::trunc);
    text = "line,reason,row\n";
  }
  absl::StrAppend(&text, line, ",", Quoted(reason), ",", Quoted(row), "\n");
  out_ << text;
  bytes_ += static_cast<int64_t>(text.size());
  if (!out_) failed_ = true;
}

void Quarantine::Flush() {
  if (!out_.is_open()) return;
  out_.flush();
  if (!out_) failed_ = true;
}

void Quarantine::Sync() {
  Flush();
  if (!out_.is_open()) return;
  const int file = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0 || ::fdatasync(file) != 0) failed_ = true;
  if (file >= 0) ::close(file);
}

absl::Status Quarantine::status() const {
  if (!failed_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "the quarantine file ", path_, " cannot be written. Name another one with --quarantine."));
}

std::string ReasonWithoutValues(absl::string_view reason, bool worded_by_server) {
  if (absl::ConsumePrefix(&reason, "line ")) {
    reason.remove_prefix(std::min(reason.find(": ") + 2, reason.size()));
  }
  std::string text;
  bool in_cell = false;
  for (size_t i = 0; i < reason.size(); ++i) {
    if (reason[i] == '`' && !worded_by_server) {
      in_cell = !in_cell;
      continue;
    }
    if (in_cell) continue;
    if (reason[i] == '[') {
      // events[17] becomes events[]; attributes[tier] stays.
      const size_t close = reason.find(']', i);
      const absl::string_view inside = reason.substr(i + 1, close - i - 1);
      const bool position =
          close != absl::string_view::npos && !inside.empty() &&
          std::all_of(inside.begin(), inside.end(), [](char c) { return absl::ascii_isdigit(c); });
      if (position) {
        text += "[]";
        i = close;
        continue;
      }
    }
    text.push_back(reason[i]);
  }
  absl::RemoveExtraAsciiWhitespace(&text);
  if (text.size() > kMaxReasonBytes) text.resize(kMaxReasonBytes);
  // A character is not cut in half.
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0 &&
         text.size() == kMaxReasonBytes) {
    text.pop_back();
  }
  return text.empty() ? "the row cannot be used" : text;
}

}  // namespace touchstone::server
