#include "tests/rules/proof/edited_folder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace touchstone::rules {
namespace {

struct Edit {
  std::string verb;
  std::string path;
  int times = 1;
  std::vector<std::string> before;
  std::vector<std::string> after;
};

// What stands between [[ and ]].
std::string Expand(absl::string_view order) {
  if (absl::ConsumePrefix(&order, "hex ")) return absl::HexStringToBytes(order);
  const std::vector<std::string> range = absl::StrSplit(order, " .. ");
  int count = 0;
  std::string out;
  if (range.size() == 2 && absl::SimpleAtoi(range[1], &count)) {
    for (int i = 1; i <= count; ++i) absl::StrAppend(&out, i, "\n");
    return out;
  }
  const size_t star = order.rfind(" * ");
  if (star == absl::string_view::npos || !absl::SimpleAtoi(order.substr(star + 3), &count)) {
    return absl::StrCat("[[", order, "]]");
  }
  for (int i = 0; i < count; ++i) absl::StrAppend(&out, order.substr(0, star));
  return out;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string out;
  for (absl::string_view line : lines) {
    if (!out.empty()) out += "\n";
    for (size_t open = line.find("[["); open != absl::string_view::npos; open = line.find("[[")) {
      const size_t close = line.find("]]", open);
      absl::StrAppend(&out, line.substr(0, open), Expand(line.substr(open + 2, close - open - 2)));
      line = line.substr(close + 2);
    }
    absl::StrAppend(&out, line);
  }
  return out;
}

absl::StatusOr<std::vector<Edit>> ParseEdits(absl::Span<const std::string> lines) {
  std::vector<Edit> edits;
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, "- ") && !edits.empty()) {
      edits.back().before.push_back(line.substr(2));
    } else if (absl::StartsWith(line, "+ ") && !edits.empty()) {
      edits.back().after.push_back(line.substr(2));
    } else {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      Edit edit;
      if (words.size() != 2 && words.size() != 4) return absl::InvalidArgumentError(line);
      edit.verb = words[0];
      edit.path = words[1];
      if (words.size() == 4 && !absl::SimpleAtoi(words[3], &edit.times)) {
        return absl::InvalidArgumentError(line);
      }
      edits.push_back(std::move(edit));
    }
  }
  return edits;
}

absl::Status ReplaceIn(std::string& bytes, const Edit& edit) {
  const std::string before = Joined(edit.before);
  const size_t found = bytes.find(before);
  if (before.empty() || found == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(edit.path, " does not hold: ", before));
  }
  if (bytes.find(before, found + 1) != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(edit.path, " holds more than once: ", before));
  }
  const size_t end = found + before.size();
  const bool whole_lines = (found == 0 || bytes[found - 1] == '\n') && bytes[end] == '\n';
  bytes.replace(found, before.size() + (edit.after.empty() && whole_lines ? 1 : 0),
                Joined(edit.after));
  return absl::OkStatus();
}

absl::Status Apply(const Edit& edit, std::vector<SourceFile>& files) {
  if (edit.verb == "add") {
    for (int i = 0; i < edit.times; ++i) {
      files.push_back({edit.path, Joined(edit.after) + "\n"});
    }
    return absl::OkStatus();
  }
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const SourceFile& f) { return f.path == edit.path; });
  if (file == files.end()) return absl::InvalidArgumentError(absl::StrCat("no ", edit.path));
  if (edit.verb == "in") return ReplaceIn(file->bytes, edit);
  if (edit.verb == "replace") {
    file->bytes = Joined(edit.after) + "\n";
  } else if (edit.verb == "delete") {
    files.erase(file);
  } else {
    return absl::InvalidArgumentError(absl::StrCat("no such change: ", edit.verb));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<SourceFile>> Edited(std::vector<SourceFile> files,
                                               absl::Span<const std::string> edits) {
  const absl::StatusOr<std::vector<Edit>> parsed = ParseEdits(edits);
  if (!parsed.ok()) return parsed.status();
  for (const Edit& edit : *parsed) {
    if (const absl::Status applied = Apply(edit, files); !applied.ok()) return applied;
  }
  return files;
}

}  // namespace touchstone::rules
