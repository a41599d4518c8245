#pragma once

// base64.encode and base64.decode (RFC 4648, the standard alphabet). Internal to the evaluator.
//
// Encoding pads with =; decoding takes padded and unpadded text, and anything else in it (line
// breaks too) is kInvalidArgument. Written here because abseil's escaping asks the heap for its
// result; ours lives in the evaluation's arena and is charged by its length.

#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// kBase64Encode of bytes, kBase64Decode of a string. REQUIRES: the argument is not an error.
Value CallEncoder(Function function, const Value& argument, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
