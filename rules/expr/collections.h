#pragma once

// Lists and maps: lookup, membership, concatenation. Internal to the evaluator.

#include "absl/types/span.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// The value under a key, by CEL equality of keys; null when there is none. Cost: linear.
const Value* FindEntry(const MapData& map, const Value& key);
const Value* FindEntry(const MapData& map, absl::string_view key);

// e in list, e in map (its keys).
Value In(const Value& element, const Value& container, Evaluation& evaluation);
// text in container: as In, faster. REQUIRES: a string shorter than kBytesPerStep, so that
// comparing with it costs no steps.
Value HoldsText(const Value& container, const Value& text, Evaluation& evaluation);
// list[i], map[k].
Value Index(const Value& container, const Value& index, Evaluation& evaluation);
// operand.field on a map; `test` for has().
Value Select(const Value& operand, absl::string_view field, bool test, Evaluation& evaluation);

Value ConcatenateLists(const ListData& a, const ListData& b, Evaluation& evaluation);
Value NewList(const Value* elements, uint32_t size, Evaluation& evaluation);
// Keys must be bool, int, uint or string, and distinct on one number line (kNoOverload,
// kDuplicateKey). `entries` must live as long as the value.
Value NewMap(const MapEntry* entries, uint32_t size, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
