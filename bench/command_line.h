#pragma once

// What the programs of this folder that measure have in common as programs.
//
// Thread safety: for main.

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"

namespace touchstone::bench {

inline constexpr int kExitFindings = 1;
inline constexpr int kExitUsage = 2;

// Reads the options of `app` and calls `run` with the command as it was given, for the report; the
// exit code. What is wrong with the options ends with kExitUsage, --help with 0.
template <typename Run>
int RunProgram(CLI::App& app, int argc, char** argv, Run&& run) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return std::forward<Run>(run)(absl::StrJoin(std::vector<std::string>(argv, argv + argc), " "));
}

}  // namespace touchstone::bench
