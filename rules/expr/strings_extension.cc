// The strings extension, after the conformance suite's string_ext: what cel-go and cel-cpp do.
// Positions count code points; results live in the evaluation's arena.

#include <cstring>

#include "rules/expr/collections.h"
#include "rules/expr/text.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

constexpr size_t kNowhere = absl::string_view::npos;

Value OutOfRange() { return Value::Error(ErrorCode::kInvalidArgument); }

// A string of known length under construction in the arena.
class Writer {
 public:
  Writer(size_t size, Evaluation& evaluation)
      : begin_(static_cast<char*>(evaluation.arena().Allocate(size, 1))), at_(begin_) {}

  void Append(absl::string_view piece) {
    if (!piece.empty()) std::memcpy(at_, piece.data(), piece.size());
    at_ += piece.size();
  }
  void Append(char c) { *at_++ = c; }
  Value Finish() const {
    return Value::String(absl::string_view(begin_, static_cast<size_t>(at_ - begin_)));
  }

 private:
  char* begin_;
  char* at_;
};

Value CharAt(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  const absl::string_view text = a.string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  if (b.int_value() < 0) return OutOfRange();
  const size_t offset = CodePointOffset(text, b.int_value());
  if (offset == kNowhere) return OutOfRange();
  if (offset == text.size()) return Value::String("");
  return Value::String(text.substr(offset, CodePointBytes(text.substr(offset))));
}

// The byte offset in `found` as a count of code points; -1 for nowhere.
Value PositionOf(absl::string_view text, size_t found) {
  if (found == kNowhere) return Value::Int(-1);
  return Value::Int(CodePointCount(text.substr(0, found)));
}

bool IsLast(uint8_t detail) { return static_cast<Function>(detail) == Function::kLastIndexOf; }

Value IndexOf(Value a, Value b, uint8_t detail, Evaluation& evaluation) {
  const absl::string_view text = a.string_value();
  const absl::string_view piece = b.string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  return PositionOf(text, IsLast(detail) ? text.rfind(piece) : text.find(piece));
}

Value IndexOfFrom(const Value* operands, uint8_t detail, Evaluation& evaluation) {
  const absl::string_view text = operands[0].string_value();
  const absl::string_view piece = operands[1].string_value();
  const int64_t from = operands[2].int_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  if (from < 0) return OutOfRange();
  const size_t offset = CodePointOffset(text, from);
  if (offset == kNowhere) return OutOfRange();
  return PositionOf(text, IsLast(detail) ? text.rfind(piece, offset) : text.find(piece, offset));
}

Value JoinWith(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  const ListData& list = a.list_value();
  const absl::string_view separator = b.string_value();
  uint64_t size = list.size == 0 ? 0 : uint64_t{list.size - 1} * separator.size();
  for (uint32_t i = 0; i < list.size; ++i) {
    if (list.elements[i].kind() != Kind::kString) return NoOverload();
    size += list.elements[i].string_value().size();
  }
  if (size > UINT32_MAX) return Value::Error(ErrorCode::kOverflow);
  if (!evaluation.Spend(list.size + size / kBytesPerStep)) return StepLimitError();
  Writer writer(size, evaluation);
  for (uint32_t i = 0; i < list.size; ++i) {
    if (i > 0) writer.Append(separator);
    writer.Append(list.elements[i].string_value());
  }
  return writer.Finish();
}

Value Join(Value a, uint8_t detail, Evaluation& evaluation) {
  return JoinWith(a, Value::String(""), detail, evaluation);
}

// `first` is A to make capitals small, a to make small letters capital.
template <char first>
Value ChangeAsciiCase(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  const absl::string_view text = a.string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  Writer writer(text.size(), evaluation);
  for (const char c : text) {
    const bool change = c >= first && c <= first + 25;
    writer.Append(change ? static_cast<char>(c ^ 0x20) : c);
  }
  return writer.Finish();
}

// The letter of a two-character escape, or 0 for what stands for itself.
char EscapeLetter(char c) {
  constexpr absl::string_view kEscaped = "\a\b\f\n\r\t\v\\\"";
  constexpr absl::string_view kLetters = "abfnrtv\\\"";
  const size_t at = kEscaped.find(c);
  return at == kNowhere ? '\0' : kLetters[at];
}

Value Quote(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  const absl::string_view text = a.string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  Writer writer(2 * text.size() + 2, evaluation);
  writer.Append('"');
  for (const char c : text) {
    const char letter = EscapeLetter(c);
    if (letter != '\0') writer.Append('\\');
    writer.Append(letter != '\0' ? letter : c);
  }
  writer.Append('"');
  return writer.Finish();
}

// Calls visit(piece) for each piece between separators, at most `limit` separators (negative: all);
// an empty separator stands between code points.
template <typename Visit>
void ForEachPiece(absl::string_view text, absl::string_view separator, int64_t limit, Visit visit) {
  while (limit != 0) {
    size_t end = 0;
    if (separator.empty()) {
      end = text.empty() ? kNowhere : CodePointBytes(text);
      if (end == text.size()) end = kNowhere;
    } else {
      end = text.find(separator);
    }
    if (end == kNowhere) break;
    visit(text.substr(0, end));
    text.remove_prefix(end + separator.size());
    if (limit > 0) --limit;
  }
  visit(text);
}

// An empty `old` goes before every code point and after the last, as in Go.
Value ReplaceBetweenCodePoints(absl::string_view text, absl::string_view with, int64_t limit,
                               Evaluation& evaluation) {
  const int64_t places = CodePointCount(text) + 1;
  const int64_t count = limit < 0 || limit > places ? places : limit;
  const uint64_t size = text.size() + static_cast<uint64_t>(count) * with.size();
  if (size > UINT32_MAX) return Value::Error(ErrorCode::kOverflow);
  if (!evaluation.SpendBytes(size)) return StepLimitError();
  Writer writer(size, evaluation);
  for (int64_t i = 0; i < count; ++i) {
    writer.Append(with);
    if (text.empty()) break;
    const size_t bytes = CodePointBytes(text);
    writer.Append(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  writer.Append(text);
  return writer.Finish();
}

Value ReplaceUpTo(int64_t limit, const Value* operands, Evaluation& evaluation) {
  const absl::string_view text = operands[0].string_value();
  const absl::string_view old = operands[1].string_value();
  const absl::string_view with = operands[2].string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  if (old.empty()) return ReplaceBetweenCodePoints(text, with, limit, evaluation);
  uint64_t pieces = 0;
  ForEachPiece(text, old, limit, [&](absl::string_view) { ++pieces; });
  const uint64_t size = text.size() - (pieces - 1) * old.size() + (pieces - 1) * with.size();
  if (size > UINT32_MAX) return Value::Error(ErrorCode::kOverflow);
  if (!evaluation.SpendBytes(size)) return StepLimitError();
  Writer writer(size, evaluation);
  bool first = true;
  ForEachPiece(text, old, limit, [&](absl::string_view piece) {
    if (!first) writer.Append(with);
    first = false;
    writer.Append(piece);
  });
  return writer.Finish();
}

Value Replace(const Value* operands, uint8_t /*detail*/, Evaluation& evaluation) {
  return ReplaceUpTo(-1, operands, evaluation);
}

Value ReplaceSome(const Value* operands, uint8_t /*detail*/, Evaluation& evaluation) {
  return ReplaceUpTo(operands[3].int_value(), operands, evaluation);
}

Value Reverse(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  const absl::string_view text = a.string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  char* bytes = static_cast<char*>(evaluation.arena().Allocate(text.size(), 1));
  size_t at = text.size();
  for (absl::string_view rest = text; !rest.empty();) {
    const size_t length = CodePointBytes(rest);
    at -= length;
    std::memcpy(bytes + at, rest.data(), length);
    rest.remove_prefix(length);
  }
  return Value::String(absl::string_view(bytes, text.size()));
}

Value SplitUpTo(int64_t limit, absl::string_view text, absl::string_view separator,
                Evaluation& evaluation) {
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  if (limit == 0 || (text.empty() && separator.empty())) return NewList(nullptr, 0, evaluation);
  const int64_t separators = limit < 0 ? -1 : limit - 1;
  uint32_t pieces = 0;
  ForEachPiece(text, separator, separators, [&](absl::string_view) { ++pieces; });
  if (!evaluation.Spend(pieces)) return StepLimitError();
  Value* elements = evaluation.arena().NewArray<Value>(pieces);
  uint32_t at = 0;
  ForEachPiece(text, separator, separators,
               [&](absl::string_view piece) { elements[at++] = Value::String(piece); });
  return NewList(elements, pieces, evaluation);
}

Value Split(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return SplitUpTo(-1, a.string_value(), b.string_value(), evaluation);
}

Value SplitSome(const Value* operands, uint8_t /*detail*/, Evaluation& evaluation) {
  return SplitUpTo(operands[2].int_value(), operands[0].string_value(), operands[1].string_value(),
                   evaluation);
}

Value SubstringFrom(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  const absl::string_view text = a.string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  if (b.int_value() < 0) return OutOfRange();
  const size_t begin = CodePointOffset(text, b.int_value());
  return begin == kNowhere ? OutOfRange() : Value::String(text.substr(begin));
}

Value Substring(const Value* operands, uint8_t detail, Evaluation& evaluation) {
  const Value tail = SubstringFrom(operands[0], operands[1], detail, evaluation);
  if (tail.IsError()) return tail;
  const absl::string_view text = tail.string_value();
  const int64_t from = operands[1].int_value();
  const int64_t to = operands[2].int_value();
  if (to < from) return OutOfRange();
  const size_t bytes = CodePointOffset(text, to - from);
  return bytes == kNowhere ? OutOfRange() : Value::String(text.substr(0, bytes));
}

// Unicode's White_Space property.
bool IsSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

Value Trim(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  absl::string_view text = a.string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  while (!text.empty() && IsSpace(DecodeCodePoint(text))) text.remove_prefix(CodePointBytes(text));
  size_t end = 0;
  for (size_t at = 0; at < text.size();) {
    const absl::string_view rest = text.substr(at);
    at += CodePointBytes(rest);
    if (!IsSpace(DecodeCodePoint(rest))) end = at;
  }
  return Value::String(text.substr(0, end));
}

}  // namespace

void AddStringExtension(OperationTable& table) {
  using enum Kind;
  table.Add(Function::kCharAt, kString, kInt, CharAt);
  for (const Function function : {Function::kIndexOf, Function::kLastIndexOf}) {
    table.Add(function, kString, kString, IndexOf);
    table.Add(function, kString, kString, kInt, IndexOfFrom);
  }
  table.Add(Function::kJoin, kList, Join);
  table.Add(Function::kJoin, kList, kString, JoinWith);
  table.Add(Function::kLowerAscii, kString, ChangeAsciiCase<'A'>);
  table.Add(Function::kUpperAscii, kString, ChangeAsciiCase<'a'>);
  table.Add(Function::kQuote, kString, Quote);
  table.Add(Function::kReplace, kString, kString, kString, Replace);
  table.Add(Function::kReplace, kString, kString, kString, kInt, ReplaceSome);
  table.Add(Function::kReverse, kString, Reverse);
  table.Add(Function::kSplit, kString, kString, Split);
  table.Add(Function::kSplit, kString, kString, kInt, SplitSome);
  table.Add(Function::kSubstring, kString, kInt, SubstringFrom);
  table.Add(Function::kSubstring, kString, kInt, kInt, Substring);
  table.Add(Function::kTrim, kString, Trim);
}

}  // namespace touchstone::rules::expr
