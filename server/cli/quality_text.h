#pragma once

// The report on data quality for people, and as metrics for a monitoring system.
//
// Thread safety: pure functions.

#include <string>

#include "touchstone/v1/report_service.pb.h"

namespace touchstone::server {

std::string QualityText(const v1::DataQuality& quality);

// In the text format of Prometheus (version 0.0.4), all gauges, each named touchstone_data_*.
std::string QualityMetrics(const v1::DataQuality& quality);

}  // namespace touchstone::server
