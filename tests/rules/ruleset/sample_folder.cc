#include "tests/rules/ruleset/sample_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace touchstone::rules {
namespace {

namespace fs = std::filesystem;

fs::path SourceFolder() {
  const char* folder = std::getenv("TOUCHSTONE_SOURCE_DIR");
  return folder == nullptr ? fs::current_path() : fs::path(folder);
}

std::string ReadBytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string ReadSourceFile(const std::string& path) { return ReadBytes(SourceFolder() / path); }

std::vector<SourceFile> SampleFolder(const std::string& name) {
  const fs::path folder = SourceFolder() / "tests/rules/ruleset" / name;
  std::vector<SourceFile> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files.push_back(
        {entry.path().lexically_relative(folder).generic_string(), ReadBytes(entry.path())});
  }
  return files;
}

std::vector<SourceFile> SmallestFolder() {
  return {{"rule_set.yaml", "name: Smallest\n"},
          {"schema.yaml", "{}\n"},
          {"segments.yaml", "segments: []\n"},
          {"placements.yaml", "placements: {}\n"}};
}

std::vector<SourceFile> SmallestFolderWith(SourceFile file) {
  std::vector<SourceFile> files = SmallestFolder();
  std::erase_if(files, [&](const SourceFile& other) { return other.path == file.path; });
  files.push_back(std::move(file));
  return files;
}

}  // namespace touchstone::rules
