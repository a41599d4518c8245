#pragma once

// What was last compiled from texts that only facts know: patterns of matches(), zones of getters.
// So that a rule that asks with the same few again neither compiles nor allocates. Internal to the
// evaluator. Not thread safe: part of a Scratch.
//
// What is kept never reaches a result, nor the steps that it costs. Memory: kKept of each; of a
// pattern at most what RE2 grants one (8 MiB, of which most take some 10 KiB), of a zone its name.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "re2/re2.h"

namespace touchstone::rules::expr {

class CompiledTexts {
 public:
  // Null: RE2 refuses it, or it exceeds limits::kMaxRegexProgramSize. Valid until the next call.
  const RE2* Pattern(absl::string_view source);
  // Null: FindZone finds none. Valid until the next call.
  const absl::TimeZone* Zone(absl::string_view name);

 private:
  static constexpr size_t kKept = 8;

  // The last kKept texts that were asked for, good ones and bad.
  template <typename Compiled>
  struct Recent {
    struct Entry {
      std::string text;
      Compiled compiled;      // empty: a text that is not good
      uint64_t last_use = 0;  // 0: free
    };
    std::array<Entry, kKept> entries;
    uint64_t uses = 0;

    // Where the text stands; if it was not there, in place of the one that was not asked for
    // longest, and empty.
    Entry& Find(absl::string_view text, bool& is_new);
  };

  Recent<std::unique_ptr<const RE2>> patterns_;
  Recent<std::optional<absl::TimeZone>> zones_;
};

}  // namespace touchstone::rules::expr
