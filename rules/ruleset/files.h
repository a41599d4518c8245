#pragma once

// The YAML folder form of a rule set and its message form: one content, converted without loss but
// for comments. No I/O: the caller reads and writes the files.
//
// The dialect is strict (docs/formats/rule-set.md): YAML 1.2 without anchors, aliases, tags or
// merge keys; duplicate and unknown keys are errors; every scalar is text until our schema types
// it; a plain scalar that begins with `!`, `&`, `*` or `%`, and CEL or customer-facing text that `
// #` follows, is an error that says to put quotes around it.
//
// Thread safety: pure functions. Errors: all findings of all files at once, none of them fatal to
// the others. Limits: named below.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/source_map.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

inline constexpr size_t kMaxRuleSetFileBytes = 4 * 1024 * 1024;
inline constexpr size_t kMaxProductListBytes = 64 * 1024 * 1024;
inline constexpr size_t kMaxRuleSetFiles = 200'000;
inline constexpr int kMaxYamlDepth = 32;

struct SourceFile {
  std::string path;  // relative to the folder, with '/': "offers/beans-20.yaml"
  std::string bytes;
};

struct LoadedRuleSet {
  v1::RuleSet message;  // whole when there are no errors
  SourceMap sources;
  Diagnostics diagnostics;
};

LoadedRuleSet LoadRuleSetFiles(absl::Span<const SourceFile> files);

// Canonical files in canonical key order: one file an offer, tests in tests/golden.yaml, lists as
// CSV. LoadRuleSetFiles(ExportRuleSetFiles(m)).message equals m where m is as the loader gives it:
// offers in order of their ids, reference rows in order of table and key, no empty expression, id
// or list entry.
std::vector<SourceFile> ExportRuleSetFiles(const v1::RuleSet& message);

}  // namespace touchstone::rules
