#pragma once

// A random schema, with the few constants that conditions and facts of it have in common: so that
// facts stand on, and right beside, what conditions ask for.
//
// Thread safety: const once built. Ownership: owns its environment and all that this refers to.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "rules/expr/constant_set.h"
#include "rules/expr/environment.h"
#include "rules/expr/type.h"
#include "rules/expr/value.h"
#include "tests/rules/eligibility/random_source.h"

namespace touchstone::rules {

enum class AttributeKind : uint8_t {
  kBool,
  kInt,
  kDouble,
  kDecimal,
  kMoney,
  kString,
  kEnum,
  kTimestamp,
  kDuration,
  kStrings,
  kInts,
  kDoubles,
  kRecords,  // of s: string, n: int, d: double, tags: list(string)
  kRecord,   // one of these
};
inline constexpr size_t kAttributeKinds = 14;

struct Attribute {
  std::string name;
  AttributeKind kind = AttributeKind::kBool;
  expr::Slot slot;
};

class World {
 public:
  enum class Size : uint8_t {
    kSmall,   // few attributes, few constants: everything meets everything
    kNarrow,  // hardly any attribute: all offers speak of the same
    kWide,    // many constants: more values than a dimension has bitmaps for
  };
  World(Random& random, Size size);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Size size() const { return size_; }
  // Offers only leave values out, so that facts match nearly all of them.
  bool is_lenient() const { return is_lenient_; }
  const expr::Environment& environment() const { return environment_; }
  const std::vector<Attribute>& attributes() const { return attributes_; }

  // Constants. The exact ones, times and durations are as CEL writes them.
  const std::vector<std::string>& texts() const { return texts_; }
  const std::vector<int64_t>& ints() const { return ints_; }
  const std::vector<double>& doubles() const { return doubles_; }
  const std::vector<std::string>& exacts() const { return exacts_; }
  const std::vector<std::string>& times() const { return times_; }
  const std::vector<std::string>& durations() const { return durations_; }

 private:
  void DrawConstants(Random& random);
  void DeclareAttributes(Random& random);
  void DeclareList(const std::string& name, expr::Type element, std::vector<expr::Value> values);

  Size size_;
  bool is_lenient_ = false;
  expr::Environment environment_;
  std::vector<Attribute> attributes_;
  std::vector<std::string> texts_;
  std::vector<int64_t> ints_;
  std::vector<double> doubles_;
  std::vector<std::string> exacts_;
  std::vector<std::string> times_;
  std::vector<std::string> durations_;
  // What the constants of the environment point to.
  std::deque<std::vector<expr::Value>> elements_;
  std::deque<expr::ConstantSet> sets_;
  std::deque<expr::ListData> lists_;
};

}  // namespace touchstone::rules
