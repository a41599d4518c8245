// The strings extension, after the conformance suite's string_ext: what cel-go and cel-cpp do.

#include <cstring>

#include "rules/expr/collections.h"
#include "rules/expr/strings.h"
#include "rules/expr/text.h"

namespace touchstone::rules::expr {
namespace {

using Arguments = absl::Span<const Value>;

constexpr size_t kNowhere = absl::string_view::npos;

Value OutOfRange() { return Value::Error(ErrorCode::kInvalidArgument); }

// Whether the arguments are of these kinds; a shorter list leaves the last parameters out.
bool Are(Arguments arguments, size_t at_least, absl::Span<const Kind> kinds) {
  if (arguments.size() < at_least || arguments.size() > kinds.size()) return false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].kind() != kinds[i]) return false;
  }
  return true;
}

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

Value CharAt(Arguments arguments) {
  if (!Are(arguments, 2, {Kind::kString, Kind::kInt})) return NoOverload();
  const absl::string_view text = arguments[0].string_value();
  if (arguments[1].int_value() < 0) return OutOfRange();
  const size_t offset = CodePointOffset(text, arguments[1].int_value());
  if (offset == kNowhere) return OutOfRange();
  if (offset == text.size()) return Value::String("");
  return Value::String(text.substr(offset, CodePointBytes(text.substr(offset))));
}

// The byte offset in `found` as a count of code points; -1 for nowhere.
Value PositionOf(absl::string_view text, size_t found) {
  if (found == kNowhere) return Value::Int(-1);
  return Value::Int(CodePointCount(text.substr(0, found)));
}

Value IndexOf(Function function, Arguments arguments) {
  if (!Are(arguments, 2, {Kind::kString, Kind::kString, Kind::kInt})) return NoOverload();
  const absl::string_view text = arguments[0].string_value();
  const absl::string_view piece = arguments[1].string_value();
  const bool last = function == Function::kLastIndexOf;
  if (arguments.size() == 2) return PositionOf(text, last ? text.rfind(piece) : text.find(piece));
  if (arguments[2].int_value() < 0) return OutOfRange();
  const size_t offset = CodePointOffset(text, arguments[2].int_value());
  if (offset == kNowhere) return OutOfRange();
  return PositionOf(text, last ? text.rfind(piece, offset) : text.find(piece, offset));
}

Value Join(Arguments arguments, Evaluation& evaluation) {
  if (!Are(arguments, 1, {Kind::kList, Kind::kString})) return NoOverload();
  const ListData& list = arguments[0].list_value();
  const absl::string_view separator =
      arguments.size() == 2 ? arguments[1].string_value() : absl::string_view();
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

Value ChangeAsciiCase(Function function, Arguments arguments, Evaluation& evaluation) {
  if (!Are(arguments, 1, {Kind::kString})) return NoOverload();
  const absl::string_view text = arguments[0].string_value();
  const char first = function == Function::kLowerAscii ? 'A' : 'a';
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

Value Quote(Arguments arguments, Evaluation& evaluation) {
  if (!Are(arguments, 1, {Kind::kString})) return NoOverload();
  const absl::string_view text = arguments[0].string_value();
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
  for (; limit != 0; --limit) {
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

Value Replace(Arguments arguments, Evaluation& evaluation) {
  if (!Are(arguments, 3, {Kind::kString, Kind::kString, Kind::kString, Kind::kInt})) {
    return NoOverload();
  }
  const absl::string_view text = arguments[0].string_value();
  const absl::string_view old = arguments[1].string_value();
  const absl::string_view with = arguments[2].string_value();
  const int64_t limit = arguments.size() == 4 ? arguments[3].int_value() : -1;
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

Value Reverse(Arguments arguments, Evaluation& evaluation) {
  if (!Are(arguments, 1, {Kind::kString})) return NoOverload();
  const absl::string_view text = arguments[0].string_value();
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

Value Split(Arguments arguments, Evaluation& evaluation) {
  if (!Are(arguments, 2, {Kind::kString, Kind::kString, Kind::kInt})) return NoOverload();
  const absl::string_view text = arguments[0].string_value();
  const absl::string_view separator = arguments[1].string_value();
  const int64_t limit = arguments.size() == 3 ? arguments[2].int_value() : -1;
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

Value Substring(Arguments arguments) {
  if (!Are(arguments, 2, {Kind::kString, Kind::kInt, Kind::kInt})) return NoOverload();
  const absl::string_view text = arguments[0].string_value();
  const int64_t from = arguments[1].int_value();
  if (from < 0) return OutOfRange();
  const size_t begin = CodePointOffset(text, from);
  if (begin == kNowhere) return OutOfRange();
  if (arguments.size() == 2) return Value::String(text.substr(begin));
  const int64_t to = arguments[2].int_value();
  if (to < from) return OutOfRange();
  const size_t length = CodePointOffset(text.substr(begin), to - from);
  if (length == kNowhere) return OutOfRange();
  return Value::String(text.substr(begin, length));
}

// Unicode's White_Space property.
bool IsSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

Value Trim(Arguments arguments) {
  if (!Are(arguments, 1, {Kind::kString})) return NoOverload();
  absl::string_view text = arguments[0].string_value();
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

Value CallStringExtension(Function function, Arguments arguments, Evaluation& evaluation) {
  if (!arguments.empty() && arguments[0].kind() == Kind::kString &&
      !evaluation.SpendBytes(arguments[0].string_value().size())) {
    return StepLimitError();
  }
  switch (function) {
    case Function::kCharAt:
      return CharAt(arguments);
    case Function::kIndexOf:
    case Function::kLastIndexOf:
      return IndexOf(function, arguments);
    case Function::kJoin:
      return Join(arguments, evaluation);
    case Function::kLowerAscii:
    case Function::kUpperAscii:
      return ChangeAsciiCase(function, arguments, evaluation);
    case Function::kQuote:
      return Quote(arguments, evaluation);
    case Function::kReplace:
      return Replace(arguments, evaluation);
    case Function::kReverse:
      return Reverse(arguments, evaluation);
    case Function::kSplit:
      return Split(arguments, evaluation);
    case Function::kSubstring:
      return Substring(arguments);
    case Function::kTrim:
      return Trim(arguments);
    default:
      return NoOverload();
  }
}

}  // namespace touchstone::rules::expr
