#include "tests/server/ingest/random_events.h"

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace touchstone::server {
namespace {

int64_t Between(int64_t from, int64_t through, std::mt19937_64& random) {
  return from + static_cast<int64_t>(random() % static_cast<uint64_t>(through - from + 1));
}

template <typename T, size_t kSize>
T OneOf(const T (&values)[kSize], std::mt19937_64& random) {
  return values[random() % kSize];
}

// 2017: Berlin changes its clocks in March and October, Lord Howe (by half an hour) in April and
// October, Sao Paulo at midnight in February and October.
absl::Time NearAChangeOfClocks(std::mt19937_64& random) {
  const absl::CivilDay days[] = {absl::CivilDay(2017, 2, 18),  absl::CivilDay(2017, 3, 26),
                                 absl::CivilDay(2017, 4, 2),   absl::CivilDay(2017, 10, 1),
                                 absl::CivilDay(2017, 10, 15), absl::CivilDay(2017, 10, 29)};
  return absl::FromCivil(absl::CivilHour(OneOf(days, random)), absl::UTCTimeZone()) +
         absl::Minutes(Between(-3000, 3000, random));
}

void SetTime(absl::Time time, google::protobuf::Timestamp* to) {
  to->set_seconds(absl::ToUnixSeconds(time));
  to->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(to->seconds()))));
}

}  // namespace

std::vector<Happening> RandomHappenings(size_t count, std::mt19937_64& random) {
  const char* const topics[] = {"tea", "milk", "tea room", "Zug", "ärger"};
  const char* const skus[] = {"BEANS", "TEA", "NEW"};
  const char* const cases[] = {"A", "B", "C", "D"};
  const absl::Time around = NearAChangeOfClocks(random);
  std::vector<Happening> happenings;
  for (size_t i = 0; i < count; ++i) {
    Happening& next = happenings.emplace_back();
    next.id = absl::StrCat("e", i);
    switch (random() % 6) {
      case 0:  // at the same moment as another one
        next.time = happenings[random() % happenings.size()].time;
        break;
      case 1:
        next.time = NearAChangeOfClocks(random);
        break;
      case 2:  // at the edge of a local day
        next.time = around + absl::Hours(24 * Between(-40, 5, random));
        break;
      default:
        next.time = around + absl::Seconds(Between(-int64_t{30} * 86400, 86400, random)) +
                    absl::Nanoseconds(Between(0, 3000, random) * 500);
    }
    if (next.time == absl::Time()) next.time = around;  // the first of all, as itself
    next.learned = random() % 4 == 0 ? next.time : around + absl::Hours(Between(-48, 48, random));
    next.paid_minor = Between(-300, 3000, random);
    next.currency = random() % 8 == 0 ? "CHF" : "EUR";
    next.n = Between(-2, 6, random);
    next.weight_thousandths = Between(0, 20, random) * 250;
    next.ratio = static_cast<double>(Between(-8, 8, random)) / 4;
    if (random() % 8 != 0) next.topic = OneOf(topics, random);
    next.case_id = OneOf(cases, random);
    next.closes = random() % 3 == 0;
    next.due = around + absl::Hours(Between(-500, 500, random));
    next.flag = random() % 2 == 0;
    for (uint64_t lines = random() % 4; lines > 0; --lines) {
      next.lines.push_back({OneOf(skus, random), Between(1, 8, random) * 500});
    }
  }
  return happenings;
}

v1::Event EventOf(const Happening& happening) {
  v1::Event event;
  event.set_event_id(happening.id);
  event.set_type("thing");
  SetTime(happening.time, event.mutable_occurred_at());
  auto& fields = *event.mutable_fields();
  fields["paid"].mutable_money_value()->set_amount_minor(happening.paid_minor);
  fields["paid"].mutable_money_value()->set_currency_code(happening.currency);
  fields["n"].set_int_value(happening.n);
  fields["weight"].set_decimal_thousandths(happening.weight_thousandths);
  fields["ratio"].set_double_value(happening.ratio);
  if (happening.topic.has_value()) fields["topic"].set_string_value(*happening.topic);
  fields["case_id"].set_string_value(happening.case_id);
  fields["status"].set_string_value(happening.closes ? "closed" : "open");
  SetTime(happening.due, fields["due"].mutable_timestamp_value());
  fields["flag"].set_bool_value(happening.flag);
  for (const Happening::Line& line : happening.lines) {
    auto& values = *event.add_lines()->mutable_values();
    values["sku"].set_string_value(line.sku);
    values["quantity"].set_decimal_thousandths(line.quantity_thousandths);
  }
  return event;
}

v1::Event ReversalOf(const Happening& happening) {
  v1::Event event = EventOf(happening);
  event.set_event_id(absl::StrCat("not ", happening.id));
  event.set_reverses_event_id(happening.id);
  return event;
}

}  // namespace touchstone::server
