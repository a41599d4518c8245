#include "server/cli/rule_set_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace touchstone::server {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) return absl::UnavailableError(absl::StrCat("cannot read ", path.string()));
  return bytes;
}

}  // namespace

absl::StatusOr<std::vector<rules::SourceFile>> ReadRuleSetFolder(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return absl::NotFoundError(absl::StrCat(
        folder, " is not a folder. Name the folder that holds rule_set.yaml and schema.yaml."));
  }
  std::vector<rules::SourceFile> files;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().filename().string().front() == '.') {
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file()) continue;
    if (files.size() == rules::kMaxRuleSetFiles) {
      return absl::ResourceExhaustedError(
          absl::StrCat(folder, " holds more than ", rules::kMaxRuleSetFiles, " files"));
    }
    absl::StatusOr<std::string> bytes = ReadFile(it->path());
    if (!bytes.ok()) return bytes.status();
    files.push_back({it->path().lexically_relative(folder).generic_string(), *std::move(bytes)});
  }
  if (error)
    return absl::UnavailableError(absl::StrCat("cannot read ", folder, ": ", error.message()));
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

}  // namespace touchstone::server
