#pragma once

// What the fuzzers of the expression language write about: facts of every type, and rows of them.
//
// Thread safety: const after construction, whose objects refer to themselves.

#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/expr/environment.h"
#include "rules/expr/program.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

class FuzzFacts {
 public:
  FuzzFacts();
  FuzzFacts(const FuzzFacts&) = delete;
  FuzzFacts& operator=(const FuzzFacts&) = delete;

  const Environment& strict() const { return strict_; }  // as rule sets are checked
  const Environment& loose() const { return loose_; }    // nothing but names is checked

  // One of the values of each fact, or none, by the bits of `choice`; the same for the same.
  std::vector<Value> RowFor(uint64_t choice) const;

 private:
  void Declare(absl::string_view name, const Type& type, std::vector<Value> values);

  Environment strict_;
  Environment loose_;
  std::array<Value, 3> words_;
  std::array<Value, 3> numbers_;
  std::array<Value, 2> fields_;
  std::array<Value, 2> records_;
  std::array<MapEntry, 2> entries_;
  ListData word_list_;
  ListData number_list_;
  ListData record_list_;
  ListData empty_list_;
  MapData map_;
  std::vector<std::vector<Value>> values_;  // by slot
};

// FNV-1a: what a run depends on must be in its input.
uint64_t HashOf(absl::string_view bytes);

}  // namespace touchstone::rules::expr
