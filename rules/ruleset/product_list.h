#pragma once

// The CSV form of a product list: the header `sku`, then one SKU a row (RFC 4180, one column).
//
// Thread safety: pure functions. Cost: linear.

#include <string>

#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/source_text.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

inline constexpr int kMaxProductListSkus = 1'000'000;

// Adds the SKUs in the order of their rows. REQUIRES: text.CheckBytes() found nothing.
void ReadProductList(const SourceText& text, v1::ProductList& list, Diagnostics& diagnostics);

std::string WriteProductList(const v1::ProductList& list);

}  // namespace touchstone::rules
