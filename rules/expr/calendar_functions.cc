// Calendar parts and age.

#include "rules/expr/compiled_texts.h"
#include "rules/expr/timestamps.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

Value TimestampPart(Value a, uint8_t detail, Evaluation& evaluation) {
  return PartOfTimestamp(static_cast<Function>(detail), a, absl::UTCTimeZone(),
                         evaluation.calendar());
}

Value TimestampPartInZone(Value a, Value b, uint8_t detail, Evaluation& evaluation) {
  const absl::TimeZone* zone = evaluation.scratch.compiled_texts().Zone(b.string_value());
  if (zone == nullptr) return Value::Error(ErrorCode::kInvalidArgument);
  return PartOfTimestamp(static_cast<Function>(detail), a, *zone, evaluation.calendar());
}

Value DurationPart(Value a, uint8_t detail, Evaluation& /*evaluation*/) {
  return PartOfDuration(static_cast<Function>(detail), a.duration_nanos());
}

Value AgeBetween(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return Age(a, b, evaluation.frame.zone, evaluation.calendar());
}

}  // namespace

void AddCalendar(OperationTable& table) {
  for (const Function function :
       {Function::kGetFullYear, Function::kGetMonth, Function::kGetDate, Function::kGetDayOfMonth,
        Function::kGetDayOfWeek, Function::kGetDayOfYear, Function::kGetHours,
        Function::kGetMinutes, Function::kGetSeconds, Function::kGetMilliseconds}) {
    table.Add(function, Kind::kTimestamp, TimestampPart);
    table.Add(function, Kind::kTimestamp, Kind::kString, TimestampPartInZone);
  }
  for (const Function function : {Function::kGetHours, Function::kGetMinutes, Function::kGetSeconds,
                                  Function::kGetMilliseconds}) {
    table.Add(function, Kind::kDuration, DurationPart);
  }
  table.Add(Function::kAge, Kind::kTimestamp, Kind::kTimestamp, AgeBetween);
}

}  // namespace touchstone::rules::expr
