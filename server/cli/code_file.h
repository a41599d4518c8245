#pragma once

// Files of codes, one a line: read in batches as large as a call takes, and written whole or not at
// all.
//
// Thread safety: for one thread. What is wrong with a line is said on standard error, by its number
// and never by its text: codes are secrets.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/import/line_source.h"

namespace touchstone::server {

// As many as one call takes.
inline constexpr size_t kCodesOfCall = 10'000;

struct CodeBatch {
  // As they are stored, each once.
  std::vector<std::string> codes;
  std::vector<int64_t> lines;  // parallel to the codes
  // Lines that say a code of the batch again, and which one.
  struct Repeat {
    int64_t line;
    size_t code;
  };
  std::vector<Repeat> repeats;
};

class CodeFile {
 public:
  // The file may be compressed, as those of `touchstone import`.
  static absl::StatusOr<std::unique_ptr<CodeFile>> Open(const std::string& path);

  // False at the end of the file; status() says whether it was that.
  bool Next(CodeBatch* batch);

  // Says on standard error what is wrong with a line; of many, the first.
  void Complain(int64_t line, const char* what);

  int64_t line_count() const { return lines_->number(); }
  int64_t empty() const { return empty_; }
  int64_t malformed() const { return malformed_; }  // lines that hold no code
  double fraction() const { return lines_->fraction(); }
  const absl::Status& status() const { return lines_->status(); }

 private:
  CodeFile(std::string path, std::unique_ptr<LineSource> lines)
      : path_(std::move(path)), lines_(std::move(lines)) {}

  const std::string path_;
  std::unique_ptr<LineSource> lines_;
  int64_t empty_ = 0;
  int64_t malformed_ = 0;
  int64_t complaints_ = 0;
};

// The file is there once Finish was OK, readable by its owner only; until then it is FILE.part.
class CodeOutput {
 public:
  CodeOutput() = default;
  ~CodeOutput();
  CodeOutput(const CodeOutput&) = delete;
  CodeOutput& operator=(const CodeOutput&) = delete;

  // AlreadyExists when the file is there.
  absl::Status Open(const std::string& path);
  absl::Status Add(const std::string& code);
  absl::Status Finish();

 private:
  absl::Status Failed() const;

  std::string path_;
  std::FILE* file_ = nullptr;
};

}  // namespace touchstone::server
