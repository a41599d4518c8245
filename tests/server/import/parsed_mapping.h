#pragma once

// Mappings as tests write them.
//
// Thread safety: pure functions.

#include <string>

#include "gtest/gtest.h"
#include "server/import/mapping.h"

namespace touchstone::server {

// Fails the test when it is none.
inline Mapping Parsed(const std::string& text) {
  const absl::StatusOr<Mapping> mapping = ParseMapping(text, "m.yaml");
  EXPECT_TRUE(mapping.ok()) << mapping.status();
  return mapping.value_or(Mapping());
}

// What is wrong with it; empty: nothing.
inline std::string Fault(const std::string& text) {
  return std::string(ParseMapping(text, "m.yaml").status().message());
}

}  // namespace touchstone::server
