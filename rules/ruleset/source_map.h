#pragma once

// From a field of the rule-set message back to the text it came from, so that a finding made on the
// message points into the author's file.
//
// Thread safety: const methods are safe from any thread.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "rules/expr/source.h"
#include "rules/ruleset/diagnostic.h"

namespace touchstone::rules {

// Field paths name elements by their id where they have one, else by position:
// "schema.customer[tier].default", "segments[loyal].when",
// "offers[beans-20].limits[weekly].at_most", "tests[3].expect.applied",
// "placements[receipt].fallback[0]", "test_reference[product/BEANS-1KG]". They follow the message:
// what YAML writes in place of a message still has its field in the path
// ("offers[beans-20].treatments[receipt].fields[text].by_locale[en]"). An element whose id an
// earlier one already has is named by position.
class SourceMap {
 public:
  struct Place {
    std::string file;
    int line = 0;    // of the value; of the key when the value is folded, escaped or spans lines
    int column = 0;  // 1-based
    int width = 0;   // characters from `column` that a finding underlines
    // The scalar stands in the file exactly as its text (plain or quoted without escapes, one
    // line), so that an offset into the text is an offset into the line, starting at text_column.
    bool verbatim = false;
    int text_column = 0;
    std::string text;  // of a scalar that is not verbatim
  };

  void Add(std::string field_path, Place place);
  void AddLine(absl::string_view file, int line, std::string text);

  // The place of the longest prefix of `field_path` that is known.
  const Place* Find(absl::string_view field_path) const;
  absl::string_view Line(absl::string_view file, int line) const;

  // A diagnostic at a field; with `span` (byte offsets into the field's text) at the offending
  // part. Where the text is not verbatim, `column` and the excerpt are those of the text itself.
  Diagnostic At(Severity severity, absl::string_view code, absl::string_view field_path,
                absl::string_view message, absl::string_view hint,
                std::optional<expr::SourceSpan> span = std::nullopt) const;

 private:
  // Places stand apart, so that the growing map moves little.
  absl::flat_hash_map<std::string, uint32_t> indexes_;
  std::deque<Place> places_;
  absl::flat_hash_map<std::string, std::vector<std::string>> lines_;  // by file, from line 1
};

}  // namespace touchstone::rules
