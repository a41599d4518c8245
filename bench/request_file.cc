#include "bench/request_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace touchstone::bench {
namespace {

namespace pb = google::protobuf;

bool IsJsonLines(const std::string& path) { return absl::EndsWith(path, ".jsonl"); }

absl::Status TooMany(const std::string& path) {
  return absl::ResourceExhaustedError(
      absl::StrCat(path, ": more than ", kMaxRequests, " requests"));
}

absl::StatusOr<std::vector<v1::DecideRequest>> ReadJsonLines(const std::string& path,
                                                             const std::string& bytes) {
  std::vector<v1::DecideRequest> requests;
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(bytes, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    if (requests.size() == kMaxRequests) return TooMany(path);
    const auto status = pb::util::JsonStringToMessage(pb::StringPiece(line.data(), line.size()),
                                                      &requests.emplace_back());
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", status.ToString()));
    }
  }
  return requests;
}

absl::StatusOr<std::vector<v1::DecideRequest>> ReadDelimited(const std::string& path,
                                                             const std::string& bytes) {
  std::vector<v1::DecideRequest> requests;
  pb::io::ArrayInputStream input(bytes.data(), static_cast<int>(bytes.size()));
  while (true) {
    bool at_end = false;
    v1::DecideRequest request;
    if (!pb::util::ParseDelimitedFromZeroCopyStream(&request, &input, &at_end)) {
      if (at_end) return requests;
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": request ", requests.size(), " cannot be read"));
    }
    if (requests.size() == kMaxRequests) return TooMany(path);
    requests.push_back(std::move(request));
  }
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError(absl::StrCat(path, ": ", error.message()));
  // One short of what protobuf's streams can count.
  if (size >= kMaxRequestFileBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": 2 GiB or more"));
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  return std::move(bytes).str();
}

absl::Status WriteWholeFile(absl::string_view content, const std::string& path) {
  const std::string temporary = absl::StrCat(path, ".", getpid());
  {
    std::ofstream file(temporary, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) return absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) return absl::UnavailableError(absl::StrCat(path, ": ", error.message()));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::DecideRequest>> ReadRequests(const std::string& path) {
  const absl::StatusOr<std::string> bytes = ReadWholeFile(path);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<std::vector<v1::DecideRequest>> requests =
      IsJsonLines(path) ? ReadJsonLines(path, *bytes) : ReadDelimited(path, *bytes);
  if (requests.ok() && requests->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no requests"));
  }
  return requests;
}

absl::Status WriteRequests(absl::Span<const v1::DecideRequest> requests, const std::string& path) {
  std::string bytes;
  {
    pb::io::StringOutputStream output(&bytes);
    pb::io::CodedOutputStream coded(&output);
    for (const v1::DecideRequest& request : requests) {
      if (IsJsonLines(path)) {
        std::string line;
        if (!pb::util::MessageToJsonString(request, &line).ok()) {
          return absl::InvalidArgumentError("a request has no JSON form");
        }
        coded.WriteString(line + "\n");
      } else {
        pb::util::SerializeDelimitedToCodedStream(request, &coded);
      }
    }
  }
  return WriteWholeFile(bytes, path);
}

}  // namespace touchstone::bench
