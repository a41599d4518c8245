#include "server/cli/code_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/decide/code_text.h"

namespace touchstone::server {
namespace {

constexpr int64_t kMostComplaints = 20;

std::string DraftOf(const std::string& path) { return path + ".part"; }

}  // namespace

absl::StatusOr<std::unique_ptr<CodeFile>> CodeFile::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<LineSource>> lines = LineSource::Open(path);
  if (!lines.ok()) return lines.status();
  return std::unique_ptr<CodeFile>(new CodeFile(path, *std::move(lines)));
}

bool CodeFile::Next(CodeBatch* batch) {
  *batch = CodeBatch();
  absl::flat_hash_map<std::string, size_t> places;
  std::string line;
  while (batch->codes.size() < kCodesOfCall && lines_->Next(&line)) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty()) {
      ++empty_;
      continue;
    }
    std::optional<std::string> code = NormalizeCode(text);
    if (!code.has_value()) {
      ++malformed_;
      Complain(lines_->number(),
               "no code: 1 to 64 letters, digits, dots and underscores, spaces and hyphens aside");
      continue;
    }
    const auto [place, is_new] = places.try_emplace(*code, batch->codes.size());
    if (!is_new) {
      batch->repeats.push_back({lines_->number(), place->second});
      continue;
    }
    batch->codes.push_back(*std::move(code));
    batch->lines.push_back(lines_->number());
  }
  return !batch->codes.empty();
}

void CodeFile::Complain(int64_t line, const char* what) {
  if (++complaints_ > kMostComplaints) return;
  std::fprintf(stderr, "%s:%lld: %s\n", path_.c_str(), static_cast<long long>(line), what);
  if (complaints_ == kMostComplaints) std::fprintf(stderr, "further lines are only counted\n");
}

CodeOutput::~CodeOutput() {
  if (file_ != nullptr) std::fclose(file_);
}

absl::Status CodeOutput::Open(const std::string& path) {
  path_ = path;
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " is there already. Name another file with --out."));
  }
  const int file =
      open(DraftOf(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return Failed();
  file_ = fdopen(file, "w");
  return file_ == nullptr ? Failed() : absl::OkStatus();
}

absl::Status CodeOutput::Add(const std::string& code) {
  const bool written = std::fputs(code.c_str(), file_) >= 0 && std::fputc('\n', file_) != EOF;
  return written ? absl::OkStatus() : Failed();
}

absl::Status CodeOutput::Finish() {
  const bool synced = std::fflush(file_) == 0 && fsync(fileno(file_)) == 0;
  const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
  if (!synced || !closed || std::rename(DraftOf(path_).c_str(), path_.c_str()) != 0) {
    return Failed();
  }
  return absl::OkStatus();
}

absl::Status CodeOutput::Failed() const {
  return absl::UnavailableError(
      absl::StrCat("cannot write ", DraftOf(path_), ": ", std::strerror(errno)));
}

}  // namespace touchstone::server
