#include "rules/expr/strings.h"

#include <cstring>

#include "absl/strings/match.h"
#include "re2/re2.h"
#include "rules/expr/compiled_texts.h"
#include "rules/expr/text.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

Value JoinTexts(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return ConcatenateText(a, b, evaluation);
}
Value HasPrefix(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Bool(absl::StartsWith(a.string_value(), b.string_value()));
}
Value HasSuffix(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Bool(absl::EndsWith(a.string_value(), b.string_value()));
}
Value HasPart(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return ContainsText(a.string_value(), b.string_value(), evaluation);
}
Value MatchesText(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return MatchesPattern(a.string_value(), b.string_value(), evaluation);
}

Value SizeOfString(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  if (!evaluation.SpendBytes(a.string_value().size())) return StepLimitError();
  return Value::Int(CodePointCount(a.string_value()));
}
Value SizeOfBytes(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Int(static_cast<int64_t>(a.bytes_value().size()));
}
}  // namespace

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

Value FindAffix(Function function, const Value& text, const Value& part, Evaluation& evaluation) {
  if (text.IsError()) return text;
  if (part.IsError()) return part;
  if (text.kind() != Kind::kString || part.kind() != Kind::kString) return NoOverload();
  const auto detail = static_cast<uint8_t>(function);
  if (function == Function::kStartsWith) return HasPrefix(text, part, detail, evaluation);
  if (function == Function::kEndsWith) return HasSuffix(text, part, detail, evaluation);
  return HasPart(text, part, detail, evaluation);
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

void AddStrings(OperationTable& table) {
  using enum Kind;
  table.Add(Function::kAdd, kString, kString, JoinTexts);
  table.Add(Function::kAdd, kBytes, kBytes, JoinTexts);
  table.Add(Function::kSize, kString, SizeOfString);
  table.Add(Function::kSize, kBytes, SizeOfBytes);
  table.Add(Function::kStartsWith, kString, kString, HasPrefix);
  table.Add(Function::kEndsWith, kString, kString, HasSuffix);
  table.Add(Function::kContains, kString, kString, HasPart);
  table.Add(Function::kMatches, kString, kString, MatchesText);
}

}  // namespace touchstone::rules::expr
