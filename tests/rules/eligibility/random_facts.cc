#include "tests/rules/eligibility/random_facts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"

namespace touchstone::rules {
namespace {

using expr::Arena;
using expr::ErrorCode;
using expr::Kind;
using expr::ListData;
using expr::Value;

class FactMaker {
 public:
  FactMaker(Random& random, const World& world, Arena& memory)
      : random_(random), world_(world), memory_(memory) {}

  // Absent, an error, of another type, or as declared.
  Value Any(AttributeKind kind) {
    if (random_.Chance(12)) return Value::Absent();
    if (random_.Chance(6)) return AnyError();
    // No number for another: rows that no number of the declared type fits are left out.
    if (random_.Chance(3)) {
      kind = random_.Pick({AttributeKind::kBool, AttributeKind::kString, AttributeKind::kStrings,
                           AttributeKind::kRecord});
    }
    return Proper(kind);
  }

 private:
  Value AnyError() {
    const auto last = static_cast<size_t>(ErrorCode::kUnavailable);
    return Value::Error(static_cast<ErrorCode>(random_.Below(last + 1)));
  }

  Value Proper(AttributeKind kind) {
    switch (kind) {
      case AttributeKind::kBool:
        return Value::Bool(random_.Chance(50));
      case AttributeKind::kInt:
        return Whole();
      case AttributeKind::kDouble:
        return Real();
      case AttributeKind::kDecimal:
        return Value::OfDecimal({Exact(3)});
      case AttributeKind::kMoney:
        return Amount();
      case AttributeKind::kString:
      case AttributeKind::kEnum:
        return Text();
      case AttributeKind::kTimestamp:
        return Time();
      case AttributeKind::kDuration:
        return Span();
      case AttributeKind::kStrings:
        return List(AttributeKind::kString);
      case AttributeKind::kInts:
        return List(AttributeKind::kInt);
      case AttributeKind::kDoubles:
        return List(AttributeKind::kDouble);
      case AttributeKind::kRecords:
        return List(AttributeKind::kRecord);
      case AttributeKind::kRecord:
        return Record();
    }
    return Value::Absent();
  }

  Value Whole() {
    int64_t value = random_.Pick(world_.ints());
    if (random_.Chance(15)) return Value::Int(random_.Near(3));
    const int64_t step = random_.Chance(40) ? random_.Near(1) : 0;
    if (!__builtin_add_overflow(value, step, &value)) return Value::Int(value);
    return Value::Int(random_.Pick(world_.ints()));
  }

  Value Real() {
    const double value = random_.Pick(world_.doubles());
    const double infinity = std::numeric_limits<double>::infinity();
    switch (random_.Below(10)) {
      case 0:
        return Value::Double(std::nextafter(value, infinity));
      case 1:
        return Value::Double(std::nextafter(value, -infinity));
      case 2:
        return Value::Double(random_.Pick({0.0, -0.0, std::nan(""), infinity, -infinity}));
      case 3:
        return Value::Double(static_cast<double>(random_.Pick(world_.ints())));
      default:
        return Value::Double(value);
    }
  }

  // A constant counted in 10^-scale, or its neighbour, or an end of the range.
  int64_t Exact(int scale) {
    if (random_.Chance(8)) {
      return random_.Pick({INT64_MAX, INT64_MIN, INT64_MAX / 10, INT64_MAX / 100, INT64_MIN / 100,
                           INT64_MAX / 10'000 + 1});
    }
    const absl::StatusOr<ExactNumber> number = ParseExactNumber(random_.Pick(world_.exacts()));
    int64_t value = number->mantissa;
    for (int i = number->scale; i > scale; --i) value /= 10;
    for (int i = number->scale; i < scale; ++i) {
      if (__builtin_mul_overflow(value, 10, &value)) return INT64_MAX;
    }
    if (random_.Chance(50) || __builtin_add_overflow(value, random_.Near(1), &value)) return value;
    return value;
  }

  Value Amount() {
    if (random_.Chance(5)) return Value::OfMoney({Exact(4), Currency()});
    const Currency currency =
        *Currency::FromCode(random_.Pick<absl::string_view>({"EUR", "EUR", "JPY", "KWD", "CLF"}));
    return Value::OfMoney({Exact(currency.minor_digits()), currency});
  }

  Value Text() {
    if (random_.Chance(10)) return Value::String("zz");
    std::string text = random_.Pick(world_.texts());
    if (random_.Chance(10)) text += random_.Pick(world_.texts());
    return Value::String(memory_.Copy(text));
  }

  Value Time() {
    absl::Time time;
    std::string error;
    absl::ParseTime(absl::RFC3339_full, random_.Pick(world_.times()), &time, &error);
    const absl::Time first = absl::FromUnixSeconds(-62135596800);
    const absl::Duration step =
        random_.Pick({absl::Nanoseconds(1), absl::Hours(1), absl::Hours(24 * 365)});
    if (random_.Chance(50)) time += step * random_.Near(1);
    return Value::Timestamp(std::max(time, first));
  }

  Value Span() {
    if (random_.Chance(5)) {
      return Value::DurationNanos(random_.Pick({INT64_MAX, INT64_MIN, INT64_MIN + 1}));
    }
    absl::Duration span;
    absl::ParseDuration(random_.Pick(world_.durations()), &span);
    return Value::DurationNanos(absl::ToInt64Nanoseconds(span) + random_.Near(1));
  }

  Value List(AttributeKind element) {
    const size_t size = random_.Chance(20) ? 0 : 1 + random_.Below(3);
    ListData* list = memory_.NewArray<ListData>(1);
    Value* elements = memory_.NewArray<Value>(size);
    for (size_t i = 0; i < size; ++i) {
      elements[i] = random_.Chance(2) ? Proper(AttributeKind::kBool) : Proper(element);
    }
    *list = {elements, static_cast<uint32_t>(size), nullptr};
    return Value::List(list);
  }

  Value Record() {
    Value* fields = memory_.NewArray<Value>(4);
    fields[0] = Any(AttributeKind::kString);
    fields[1] = Any(AttributeKind::kInt);
    fields[2] = Any(AttributeKind::kDouble);
    fields[3] = Any(AttributeKind::kStrings);
    // One stored before its type got the last field.
    return Value::Record(fields, random_.Chance(5) ? 3 : 4);
  }

  Random& random_;
  const World& world_;
  Arena& memory_;
};

}  // namespace

Facts RandomFacts(Random& random, const World& world, Arena& memory) {
  FactMaker maker(random, world, memory);
  Facts facts;
  for (const Attribute& attribute : world.attributes()) {
    facts.rows[attribute.slot.row].push_back(maker.Any(attribute.kind));
  }
  if (random.Chance(5) && !facts.rows[0].empty()) facts.rows[0].pop_back();
  return facts;
}

std::string DebugString(const Facts& facts, const World& world) {
  std::string text;
  const expr::Frame frame = facts.frame();
  for (const Attribute& attribute : world.attributes()) {
    const absl::Span<const Value> row = frame.rows[attribute.slot.row];
    const Value value =
        attribute.slot.index < row.size() ? row[attribute.slot.index] : Value::Absent();
    if (value.IsAbsent()) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", attribute.name, " = ",
                    expr::DebugString(value));
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace touchstone::rules
