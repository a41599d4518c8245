#include "tests/oracles/stage_order.h"

#include <algorithm>

namespace touchstone::rules {
namespace {

constexpr absl::string_view kOfTheOrder[] = {"order", "code", "tender"};

}  // namespace

bool StageOrder::IsUsed(absl::string_view stage) const {
  return std::find(used_.begin(), used_.end(), stage) != used_.end();
}

std::string StageOrder::Place(const std::string& own) {
  if (own == "delivery") {
    if (!delivery_.has_value()) delivery_ = used_.size();
    return own;
  }
  if (!IsUsed(own)) used_.push_back(own);
  if (used_.back() == own) return own;
  for (const absl::string_view stage : kOfTheOrder) {
    if (used_.back() == stage) return used_.back();
  }
  for (const absl::string_view stage : kOfTheOrder) {
    if (IsUsed(stage)) continue;
    return used_.emplace_back(stage);
  }
  return used_.back();
}

std::vector<std::string> StageOrder::stages() const {
  std::vector<std::string> stages = used_;
  if (delivery_.has_value()) {
    stages.insert(stages.begin() + static_cast<std::ptrdiff_t>(*delivery_), "delivery");
  }
  stages.insert(stages.begin(), "shelf");
  return stages;
}

}  // namespace touchstone::rules
