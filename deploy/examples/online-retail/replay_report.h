#pragma once

// What a replay found, as text for people and as JSON for programs.
//
// Thread safety: pure functions. Units: money in pounds, latencies in microseconds.

#include <string>

#include "deploy/examples/online-retail/replay_run.h"

namespace touchstone::online_retail {

std::string ReportText(const ReplayTotals& totals);
std::string ReportJson(const ReplayTotals& totals);

}  // namespace touchstone::online_retail
