#pragma once

// One file of a rule set while it is read: its lines, and findings at places in it.
//
// Thread safety: const methods are safe from any thread. Ownership: keeps views of the bytes, which
// must outlive it.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/ruleset/diagnostic.h"

namespace touchstone::rules {

// From line and column to (exclusive) line and column, 1-based, columns in characters.
struct TextRange {
  int line = 0;
  int column = 0;
  int end_line = 0;
  int end_column = 0;
};

class SourceText {
 public:
  SourceText(std::string file, absl::string_view bytes);

  const std::string& file() const { return file_; }
  absl::string_view bytes() const { return bytes_; }
  int line_count() const { return static_cast<int>(line_begins_.size()); }
  // Without its line break. REQUIRES: 1 <= line <= line_count().
  absl::string_view Line(int line) const;
  // Lines that hold something: the break after the last one begins none.
  int row_count() const { return line_count() - (Line(line_count()).empty() ? 1 : 0); }
  TextRange WholeLine(int line) const;
  // Byte offset of a place; the end of the line for a column beyond it, of the text for such a
  // line.
  size_t Offset(int line, int column) const;

  Diagnostic Error(absl::string_view code, const TextRange& range, absl::string_view message,
                   absl::string_view hint) const;
  // An error about the file as a whole.
  Diagnostic FileError(absl::string_view code, absl::string_view message,
                       absl::string_view hint) const;

  // What holds for every file before anything is read from it: size, UTF-8 without a byte order
  // mark, no tabs, no control characters. Adds the first finding of each kind; false if there was
  // one.
  bool CheckBytes(size_t max_bytes, Diagnostics& diagnostics) const;

 private:
  TextRange CharacterAt(size_t offset) const;

  std::string file_;
  absl::string_view bytes_;
  std::vector<size_t> line_begins_;
  bool ascii_ = true;  // columns are bytes then
};

}  // namespace touchstone::rules
