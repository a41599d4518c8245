#include "server/import/line_source.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace touchstone::server {
namespace {

constexpr unsigned kChunkBytes = 1 << 18;
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

absl::StatusOr<std::unique_ptr<LineSource>> LineSource::Open(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  gzFile file = error ? nullptr : gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path, ". Name a file that exists."));
  }
  gzbuffer(file, kChunkBytes);
  return std::unique_ptr<LineSource>(new LineSource(file, static_cast<int64_t>(bytes)));
}

LineSource::~LineSource() { gzclose(file_); }

bool LineSource::Fill() {
  if (ended_) return false;
  at_ = 0;
  buffer_.resize(kChunkBytes);
  const int read = gzread(file_, buffer_.data(), kChunkBytes);
  buffer_.resize(static_cast<size_t>(std::max(read, 0)));
  if (read > 0) return true;
  ended_ = true;
  int code = Z_OK;
  const char* message = gzerror(file_, &code);
  if (read < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    status_ = absl::DataLossError(
        absl::StrCat("the file is damaged after line ", number_, ": ", message));
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

double LineSource::fraction() const {
  if (file_bytes_ == 0) return 1;
  const auto offset = static_cast<double>(gzoffset(file_));
  return std::clamp(offset / static_cast<double>(file_bytes_), 0.0, 1.0);
}

}  // namespace touchstone::server
