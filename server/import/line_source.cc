#include "server/import/line_source.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace touchstone::server {
namespace {

constexpr size_t kChunkBytes = 1 << 18;
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

absl::StatusOr<std::unique_ptr<LineSource>> LineSource::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<ByteSource>> bytes = ByteSource::Open(path);
  if (!bytes.ok()) return bytes.status();
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  const int64_t file_bytes = error ? 0 : static_cast<int64_t>(size);
  return std::unique_ptr<LineSource>(new LineSource(*std::move(bytes), file_bytes));
}

bool LineSource::Fill() {
  if (ended_) return false;
  at_ = 0;
  buffer_.resize(kChunkBytes);
  const absl::StatusOr<size_t> read = bytes_->Read(buffer_.data(), kChunkBytes);
  buffer_.resize(read.value_or(0));
  fraction_ =
      file_bytes_ == 0
          ? 1
          : std::min(1.0, static_cast<double>(bytes_->offset()) / static_cast<double>(file_bytes_));
  if (!buffer_.empty()) return true;
  ended_ = true;
  if (!read.ok()) {
    status_ = absl::DataLossError(
        absl::StrCat("the file is damaged after line ", number_, ": ", read.status().message()));
  }
  return false;
}

bool LineSource::Next(std::string* line) {
  line->clear();
  bool found = false;
  bool whole = false;
  while (!whole && (at_ < buffer_.size() || Fill())) {
    found = true;
    const size_t end = std::min(buffer_.find('\n', at_), buffer_.size());
    const size_t room = kMaxLineBytes + 1 - line->size();
    line->append(buffer_, at_, std::min(end - at_, room));
    whole = end < buffer_.size();
    at_ = whole ? end + 1 : end;
  }
  if (!found) return false;
  if (!line->empty() && line->back() == '\r') line->pop_back();
  if (number_ == 0 && absl::StartsWith(*line, kByteOrderMark))
    line->erase(0, kByteOrderMark.size());
  ++number_;
  return true;
}

}  // namespace touchstone::server
