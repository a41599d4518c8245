// A failing case made smaller, by leaving out and trying again.

#include <functional>
#include <utility>

#include "tests/rules/eligibility/agreement.h"

namespace touchstone::rules {
namespace {

using expr::Value;

class Shrinker {
 public:
  Shrinker(AgreementCase failing, AgreementCheck check)
      : smallest_(std::move(failing)), check_(check) {}

  AgreementCase Run() {
    bool again = true;
    while (again && tried_ < kMaxConditions) {
      again = false;
      again |= DropFrom([](AgreementCase& c) -> auto& { return c.facts; });
      again |= DropFrom([](AgreementCase& c) -> auto& { return c.offers; });
      for (size_t i = 0; i < smallest_.offers.size(); ++i) {
        again |= ShrinkPart([i](AgreementCase& c) -> Part& { return c.offers[i]; });
      }
      again |= ShrinkFacts();
    }
    return std::move(smallest_);
  }

 private:
  // Conditions that the tries may have, all in all: a few seconds.
  static constexpr size_t kMaxConditions = 100'000;

  bool Keep(AgreementCase smaller) {
    tried_ += 1 + smaller.offers.size();
    if (tried_ > kMaxConditions || !check_(smaller).has_value()) return false;
    smallest_ = std::move(smaller);
    return true;
  }

  // Halves first, then ever smaller runs.
  template <typename Of>
  bool DropFrom(Of&& of) {
    bool smaller = false;
    for (size_t run = of(smallest_).size(); run > 0; run /= 2) {
      for (size_t i = 0; i + run <= of(smallest_).size();) {
        AgreementCase attempt = smallest_;
        const auto begin = of(attempt).begin() + static_cast<std::ptrdiff_t>(i);
        of(attempt).erase(begin, begin + static_cast<std::ptrdiff_t>(run));
        if (Keep(std::move(attempt))) {
          smaller = true;
        } else {
          i += run;
        }
      }
    }
    return smaller;
  }

  bool Replace(const std::function<Part&(AgreementCase&)>& at, Part by) {
    AgreementCase attempt = smallest_;
    at(attempt) = std::move(by);
    return Keep(std::move(attempt));
  }

  // By a child, by fewer children, by a constant.
  bool ShrinkPart(const std::function<Part&(AgreementCase&)>& at) {
    const Part part = at(smallest_);
    for (const Part& child : part.children) {
      if (Replace(at, child)) return true;
    }
    if (part.kind == Part::Kind::kAtom) {
      if (part.text == "true" || part.text == "false") return false;
      return Replace(at, {Part::Kind::kAtom, "true", {}}) ||
             Replace(at, {Part::Kind::kAtom, "false", {}});
    }
    const bool is_chain = part.kind == Part::Kind::kAnd || part.kind == Part::Kind::kOr;
    for (size_t i = 0; is_chain && i < part.children.size() && part.children.size() > 2; ++i) {
      Part fewer = part;
      fewer.children.erase(fewer.children.begin() + static_cast<std::ptrdiff_t>(i));
      if (Replace(at, std::move(fewer))) return true;
    }
    bool smaller = false;
    for (size_t i = 0; i < part.children.size(); ++i) {
      smaller |= ShrinkPart([&at, i](AgreementCase& c) -> Part& { return at(c).children[i]; });
    }
    return smaller;
  }

  // Values left out; lists with one element less.
  bool ShrinkFacts() {
    bool smaller = false;
    for (size_t probe = 0; probe < smallest_.facts.size(); ++probe) {
      for (size_t row = 0; row < 2; ++row) {
        for (size_t i = 0; i < smallest_.facts[probe].rows[row].size(); ++i) {
          const Value value = smallest_.facts[probe].rows[row][i];
          if (value.IsAbsent()) continue;
          const auto replace = [&](Value by) {
            AgreementCase attempt = smallest_;
            attempt.facts[probe].rows[row][i] = by;
            return Keep(std::move(attempt));
          };
          if (replace(Value::Absent())) {
            smaller = true;
            continue;
          }
          if (value.kind() != expr::Kind::kList || value.list_value().size == 0) continue;
          for (const uint32_t skipped : {0u, 1u}) {
            expr::ListData* list = smallest_.memory->NewArray<expr::ListData>(1);
            *list = {value.list_value().elements + skipped, value.list_value().size - 1, nullptr};
            if (!replace(Value::List(list))) continue;
            smaller = true;
            break;
          }
        }
      }
    }
    return smaller;
  }

  AgreementCase smallest_;
  AgreementCheck check_;
  size_t tried_ = 0;
};

}  // namespace

AgreementCase Shrunk(AgreementCase failing, AgreementCheck check) {
  return Shrinker(std::move(failing), check).Run();
}

}  // namespace touchstone::rules
