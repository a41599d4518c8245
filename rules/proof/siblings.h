#pragma once

// Numbers of one kind, and which of them is a power of ten from the others. Internal to this room.
//
// Thread safety: one thread. Cost: n log n.

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "rules/expr/source.h"

namespace touchstone::rules {

struct Measured {
  std::string path;   // where it stands
  std::string kind;   // "amount_off per unit": compared within the kind alone
  std::string group;  // the campaign; empty: none
  double value = 0;   // above 0; of money: minor units
  std::string text;   // as written
  std::optional<expr::SourceSpan> span;
  bool varies = false;  // such numbers often differ by five times: only ten times is odd
};

class Siblings {
 public:
  void Add(Measured number);

  struct Odd {
    const Measured* number = nullptr;
    bool too_large = false;
    std::string least;  // of the others, as written
    std::string most;
  };
  // REQUIRES: nothing is added afterwards.
  std::vector<Odd> FindOdd() const;

 private:
  std::vector<Measured> numbers_;
};

}  // namespace touchstone::rules
