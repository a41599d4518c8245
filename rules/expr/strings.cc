#include "rules/expr/strings.h"

#include <cstring>

#include "absl/strings/match.h"
#include "re2/re2.h"
#include "rules/expr/compiled_texts.h"
#include "rules/expr/text.h"

namespace touchstone::rules::expr {

Value ConcatenateText(const Value& a, const Value& b, Evaluation& evaluation) {
  const absl::string_view x = a.string_value();
  const absl::string_view y = b.string_value();
  const size_t size = x.size() + y.size();
  if (size > UINT32_MAX) return Value::Error(ErrorCode::kOverflow);
  if (!evaluation.SpendBytes(size)) return StepLimitError();
  char* bytes = static_cast<char*>(evaluation.arena().Allocate(size, 1));
  if (!x.empty()) std::memcpy(bytes, x.data(), x.size());
  if (!y.empty()) std::memcpy(bytes + x.size(), y.data(), y.size());
  const absl::string_view joined(bytes, size);
  return a.kind() == Kind::kString ? Value::String(joined) : Value::Bytes(joined);
}

Value Size(const Value& value, Evaluation& evaluation) {
  switch (value.kind()) {
    case Kind::kString:
      if (!evaluation.SpendBytes(value.string_value().size())) return StepLimitError();
      return Value::Int(CodePointCount(value.string_value()));
    case Kind::kBytes:
      return Value::Int(static_cast<int64_t>(value.bytes_value().size()));
    case Kind::kList:
      return Value::Int(value.list_value().size);
    case Kind::kMap:
      return Value::Int(value.map_value().size);
    case Kind::kError:
      return value;
    default:
      return NoOverload();
  }
}

Value FindAffix(Function function, const Value& text, const Value& part, Evaluation& evaluation) {
  if (text.IsError()) return text;
  if (part.IsError()) return part;
  if (text.kind() != Kind::kString || part.kind() != Kind::kString) return NoOverload();
  const absl::string_view whole = text.string_value();
  const absl::string_view piece = part.string_value();
  if (function == Function::kStartsWith) return Value::Bool(absl::StartsWith(whole, piece));
  if (function == Function::kEndsWith) return Value::Bool(absl::EndsWith(whole, piece));
  return ContainsText(whole, piece, evaluation);
}

Value ContainsText(absl::string_view text, absl::string_view part, Evaluation& evaluation) {
  // The search can compare the part at every position.
  if (!evaluation.SpendBytes(text.size() + text.size() / 16 * part.size())) {
    return StepLimitError();
  }
  return Value::Bool(absl::StrContains(text, part));
}

Value MatchesPattern(absl::string_view text, absl::string_view pattern, Evaluation& evaluation) {
  // Compiling costs far more than the visit of a node. What others asked for before must not count.
  constexpr uint64_t kCompileSteps = 200;
  if (!evaluation.Spend(kCompileSteps + 10 * pattern.size()) || !evaluation.Spend(text.size())) {
    return StepLimitError();
  }
  const RE2* regex = evaluation.scratch.compiled_texts().Pattern(pattern);
  if (regex == nullptr) return Value::Error(ErrorCode::kInvalidArgument);
  return Value::Bool(RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex));
}

}  // namespace touchstone::rules::expr
