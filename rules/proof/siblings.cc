#include "rules/proof/siblings.h"

#include <algorithm>
#include <utility>

namespace touchstone::rules {
namespace {

constexpr size_t kFewest = 3;  // the number itself and two others

// The least and the most of all numbers but one: found among the two at either end.
struct Ends {
  const Measured* least[2] = {nullptr, nullptr};
  const Measured* most[2] = {nullptr, nullptr};

  explicit Ends(std::vector<const Measured*>& numbers) {
    std::sort(numbers.begin(), numbers.end(),
              [](const Measured* a, const Measured* b) { return a->value < b->value; });
    for (size_t i = 0; i < 2; ++i) {
      least[i] = numbers[i];
      most[i] = numbers[numbers.size() - 1 - i];
    }
  }
};

std::optional<Siblings::Odd> Judge(const Measured& number, const Ends& ends) {
  Siblings::Odd odd;
  odd.number = &number;
  const Measured& least = *ends.least[&number == ends.least[0] ? 1 : 0];
  const Measured& most = *ends.most[&number == ends.most[0] ? 1 : 0];
  odd.least = least.text;
  odd.most = most.text;
  const double v = number.value;
  // A tenth of it, or ten times it, would be an ordinary number here.
  const auto ordinary = [&](double x) {
    return !number.varies && x >= least.value && x <= most.value;
  };
  odd.too_large = v >= 10 * most.value || (v >= 5 * most.value && ordinary(v / 10));
  if (odd.too_large || v * 10 <= least.value || (v * 5 <= least.value && ordinary(v * 10))) {
    return odd;
  }
  return std::nullopt;
}

}  // namespace

void Siblings::Add(Measured number) {
  if (number.value > 0) numbers_.push_back(std::move(number));
}

std::vector<Siblings::Odd> Siblings::FindOdd() const {
  absl::flat_hash_map<std::string, std::vector<const Measured*>> by_kind;
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>, std::vector<const Measured*>>
      by_group;
  for (const Measured& number : numbers_) {
    by_kind[number.kind].push_back(&number);
    if (!number.group.empty()) by_group[{number.kind, number.group}].push_back(&number);
  }
  std::vector<Odd> found;
  const auto judge = [&found](std::vector<const Measured*>& siblings, bool in_group_too_small,
                              const auto& group_size) {
    if (siblings.size() < kFewest) return;
    const Ends ends(siblings);
    for (const Measured* number : siblings) {
      if (in_group_too_small && group_size(*number) >= kFewest) continue;
      if (std::optional<Odd> odd = Judge(*number, ends)) found.push_back(*std::move(odd));
    }
  };
  const auto group_size = [&by_group](const Measured& number) {
    const auto group = by_group.find({number.kind, number.group});
    return group == by_group.end() ? 0 : group->second.size();
  };
  for (auto& [key, siblings] : by_group) judge(siblings, false, group_size);
  for (auto& [key, siblings] : by_kind) judge(siblings, true, group_size);
  return found;
}

}  // namespace touchstone::rules
