#pragma once

// The tree of one YAML file in our dialect: every scalar is text.
//
// Thread safety: plain data.

#include <string>
#include <vector>

#include "rules/ruleset/source_text.h"

namespace touchstone::rules {

struct YamlNode {
  enum class Kind : unsigned char { kScalar, kSequence, kMapping };
  enum class Style : unsigned char { kPlain, kQuoted, kBlock };

  Kind kind = Kind::kScalar;
  Style style = Style::kPlain;  // of a scalar
  bool flow = false;            // of a collection: written in brackets
  bool broken = false;          // reported already: whoever reads it says nothing more
  bool verbatim = false;        // of a scalar: as SourceMap::Place
  bool commented = false;       // of a plain scalar: ` #` follows on its line
  TextRange range;              // empty in a tree that was not read from a file
  int text_column = 0;          // of a verbatim scalar
  std::string text;             // of a scalar
  // Elements of a sequence; keys and values of a mapping in turn.
  std::vector<YamlNode> children;

  // What an author leaves empty: `title:`.
  bool Missing() const { return kind == Kind::kScalar && style == Style::kPlain && text.empty(); }
};

}  // namespace touchstone::rules
