#pragma once

// Spreading as one would explain it: the model that spread.h is checked against.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace touchstone::rules {

struct NaiveShare {
  std::string id;
  int64_t weight = 0;
  int64_t cap = 0;
};

// Part by id.
std::map<std::string, int64_t> NaiveSpread(int64_t total, std::vector<NaiveShare> shares);

}  // namespace touchstone::rules
