#include "server/import/line_source.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace touchstone::server {
namespace {

constexpr unsigned kChunkBytes = 1 << 18;

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
  buffer_.erase(0, at_);
  at_ = 0;
  const size_t before = buffer_.size();
  buffer_.resize(before + kChunkBytes);
  const int read = gzread(file_, buffer_.data() + before, kChunkBytes);
  buffer_.resize(before + static_cast<size_t>(std::max(read, 0)));
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
  size_t searched = at_;
  size_t end = buffer_.find('\n', searched);
  while (end == std::string::npos) {
    const size_t unread = buffer_.size() - at_;
    if (!Fill()) break;
    searched = at_ + unread;
    end = buffer_.find('\n', searched);
  }
  if (end == std::string::npos) {
    if (at_ == buffer_.size()) return false;
    end = buffer_.size();
  }
  size_t length = end - at_;
  if (length > 0 && buffer_[at_ + length - 1] == '\r') --length;
  line->assign(buffer_, at_, length);
  at_ = std::min(end + 1, buffer_.size());
  ++number_;
  return true;
}

double LineSource::fraction() const {
  if (file_bytes_ == 0) return 1;
  const auto offset = static_cast<double>(gzoffset(file_));
  return std::clamp(offset / static_cast<double>(file_bytes_), 0.0, 1.0);
}

}  // namespace touchstone::server
