#pragma once

// What benchmarks that generate rule sets in process share.
//
// Thread safety: for one thread.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "rules/ruleset/compile.h"

namespace touchstone::bench {

// SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  int Below(int bound) {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<int>((z ^ (z >> 31)) % static_cast<uint64_t>(bound));
  }

 private:
  uint64_t state_;
};

// Ends the program, with what was found, when the message is no rule set.
inline std::shared_ptr<const rules::RuleSet> CompileOrStop(const v1::RuleSet& message) {
  const rules::CompileResult result =
      rules::Compile(message, rules::SourceMap(), absl::FromUnixSeconds(1'795'678'200));
  for (const rules::Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity != rules::Severity::kError) continue;
    std::fputs(rules::Render(diagnostic).c_str(), stderr);
  }
  if (result.rule_set == nullptr) std::abort();
  return result.rule_set;
}

}  // namespace touchstone::bench
