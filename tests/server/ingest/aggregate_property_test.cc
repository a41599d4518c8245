// Aggregates as a decision reads them against a plain walk over all events, written from
// docs/rules/aggregates.md: random declarations, zones with daylight saving, events that are late,
// early, at the same moment and taken back.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "tests/server/ingest/history.h"
#include "tests/server/ingest/random_events.h"

namespace touchstone::server {
namespace {

using rules::expr::Kind;

// A value of an event in the test's own form; of one question all have one kind.
struct Naive {
  char kind = 'i';
  int64_t number = 0;
  double real = 0;
  std::string text = "";

  auto operator<=>(const Naive&) const = default;
  std::string Said() const { return absl::StrCat(std::string(1, kind), number, " ", real, text); }
};

Naive Whole(int64_t n) { return {.number = n}; }
Naive Text(std::string text) { return {.kind = 's', .text = std::move(text)}; }
Naive Moment(absl::Time time) { return {.kind = 't', .number = absl::ToUnixMicros(time)}; }

std::string Said(const rules::expr::Value& value) {
  switch (value.kind()) {
    case Kind::kInt:
      return Whole(value.int_value()).Said();
    case Kind::kMoney:
      return Naive{.kind = 'm', .number = value.money_value().amount_minor}.Said();
    case Kind::kDecimal:
      return Naive{.kind = 'd', .number = value.decimal_value().thousandths}.Said();
    case Kind::kBool:
      return Naive{.kind = 'b', .number = value.bool_value()}.Said();
    case Kind::kDouble:
      return Naive{.kind = 'f', .real = value.double_value()}.Said();
    case Kind::kTimestamp:
      return Moment(value.timestamp_value()).Said();
    case Kind::kString:
      return Text(std::string(value.string_value())).Said();
    case Kind::kList: {
      std::string all = "list";
      for (uint32_t i = 0; i < value.list_value().size; ++i) {
        absl::StrAppend(&all, ", ", Said(value.list_value().elements[i]));
      }
      return all;
    }
    default:
      return value.IsAbsent() ? "absent" : "error";
  }
}

using Line = Happening::Line;

struct Operand {
  const char* text;
  const char* fits;  // functions
  bool per_line;
  // Nothing: the evaluation adds nothing.
  std::function<std::optional<Naive>(const Happening&, const Line*)> of;
};

const std::vector<Operand>& Operands() {
  static const auto& kOperands = *new std::vector<Operand>{
      {"event.paid", "sum decayed min max first last distinct", false,
       [](const Happening& h, const Line*) -> std::optional<Naive> {
         if (h.currency != "EUR") return std::nullopt;
         return Naive{.kind = 'm', .number = h.paid_minor};
       }},
      {"event.n", "sum decayed min max first last distinct top open oldest_open", false,
       [](const Happening& h, const Line*) { return Whole(h.n); }},
      {"event.weight", "sum decayed min max first last distinct", false,
       [](const Happening& h, const Line*) {
         return Naive{.kind = 'd', .number = h.weight_thousandths};
       }},
      {"event.ratio", "min max first last", false,
       [](const Happening& h, const Line*) { return Naive{.kind = 'f', .real = h.ratio}; }},
      {"event.topic", "first last distinct top", false,
       [](const Happening& h, const Line*) -> std::optional<Naive> {
         if (!h.topic.has_value()) return std::nullopt;
         return Text(*h.topic);
       }},
      {"event.time", "min max first last distinct", false,
       [](const Happening& h, const Line*) { return Moment(h.time); }},
      {"event.due", "min max first last distinct", false,
       [](const Happening& h, const Line*) { return Moment(h.due); }},
      {"event.flag", "first last distinct", false,
       [](const Happening& h, const Line*) { return Naive{.kind = 'b', .number = h.flag}; }},
      {"event.case_id", "open oldest_open distinct top", false,
       [](const Happening& h, const Line*) { return Text(h.case_id); }},
      {"line.sku", "first last distinct top open oldest_open", true,
       [](const Happening&, const Line* line) { return Text(line->sku); }},
      {"line.quantity", "sum decayed min max first last distinct", true,
       [](const Happening&, const Line* line) {
         return Naive{.kind = 'd', .number = line->quantity_thousandths};
       }},
  };
  return kOperands;
}

struct Where {
  const char* text;
  bool per_line;
  // Nothing: an error.
  std::function<std::optional<bool>(const Happening&, const Line*)> holds;
};

const std::vector<Where>& Wheres() {
  static const auto& kWheres = *new std::vector<Where>{
      {"", false, [](const Happening&, const Line*) { return true; }},
      {"event.n > 1", false, [](const Happening& h, const Line*) { return h.n > 1; }},
      {"event.topic == \"tea\"", false,
       [](const Happening& h, const Line*) -> std::optional<bool> {
         if (!h.topic.has_value()) return std::nullopt;
         return *h.topic == "tea";
       }},
      {"line.quantity >= 2.0", true,
       [](const Happening&, const Line* line) { return line->quantity_thousandths >= 2000; }},
      {"\"coffee\" in line.categories", true,
       [](const Happening&, const Line* line) -> std::optional<bool> {
         if (line->sku == "NEW") return std::nullopt;
         return line->sku == "BEANS";
       }},
  };
  return kWheres;
}

constexpr const char* kFunctions[] = {"count", "sum",      "decayed", "min",  "max",        "first",
                                      "last",  "distinct", "top",     "open", "oldest_open"};

// One aggregate as the test understands it.
struct Question {
  std::string function;
  const Operand* operand = nullptr;
  const Where* where = nullptr;
  int days = 0;
  int hours = 0;
  int half_life_days = 0;
  int k = 0;
  bool closes_by_line = false;  // of cases: else by the event's status

  bool per_line() const {
    return where->per_line || closes_by_line || (operand != nullptr && operand->per_line);
  }
  bool of_cases() const { return function == "open" || function == "oldest_open"; }
  bool is_subtracted() const {
    return function == "count" || function == "sum" || function == "decayed";
  }

  std::string Declaration() const {
    std::string text = function == "count"
                           ? "{ count: thing"
                           : absl::StrCat("{ ", function, ": ", operand->text, ", of: thing");
    if (*where->text != '\0') absl::StrAppend(&text, ", where: '", where->text, "'");
    if (days > 0) absl::StrAppend(&text, ", over: ", days, "d");
    if (hours > 0) absl::StrAppend(&text, ", over: ", hours, "h");
    if (half_life_days > 0) absl::StrAppend(&text, ", half_life: ", half_life_days, "d");
    if (k > 0) absl::StrAppend(&text, ", k: ", k);
    if (closes_by_line) {
      absl::StrAppend(&text, ", closed_when: line.quantity >= 2.0");
    } else if (of_cases()) {
      absl::StrAppend(&text, ", closed_when: 'event.status == \"closed\"'");
    }
    return absl::StrCat(text, " }");
  }
};

Question RandomQuestion(std::mt19937_64& random) {
  Question question;
  question.function = kFunctions[random() % std::size(kFunctions)];
  question.where = &Wheres()[random() % Wheres().size()];
  std::vector<const Operand*> fitting;
  for (const Operand& operand : Operands()) {
    const std::string fits = absl::StrCat(" ", operand.fits, " ");
    if (fits.find(absl::StrCat(" ", question.function, " ")) != std::string::npos) {
      fitting.push_back(&operand);
    }
  }
  if (!fitting.empty()) question.operand = fitting[random() % fitting.size()];
  if (question.function == "top") question.k = static_cast<int>(1 + random() % 3);
  question.closes_by_line = question.of_cases() && random() % 3 == 0;
  if (question.function == "decayed") {
    question.half_life_days = static_cast<int>(1 + random() % 5);
  } else if (!question.of_cases()) {
    const auto window = static_cast<int>(random() % 3);
    if (window == 1) question.days = static_cast<int>(1 + random() % 30);
    if (window == 2) question.hours = static_cast<int>(1 + random() % 100);
  }
  return question;
}

// One value that counts.
struct Seen {
  absl::Time time;  // in microseconds
  int64_t group;    // its day or hour; 0 without a window
  Naive value;
  bool closes;
};

class Walk {
 public:
  Walk(const Question& question, absl::TimeZone zone, absl::Time now)
      : question_(question), zone_(zone), now_(now) {}

  // All that one event gives.
  std::vector<Seen> SeenIn(const Happening& happening) const {
    std::vector<Seen> seen;
    const auto see = [&](const Line* line) {
      if (!question_.where->holds(happening, line).value_or(false)) return;
      std::optional<Naive> value = Whole(1);
      if (question_.operand != nullptr) value = question_.operand->of(happening, line);
      if (!value.has_value()) return;
      const absl::Time time = absl::FromUnixMicros(absl::ToUnixMicros(happening.time));
      const bool closes =
          question_.closes_by_line ? line->quantity_thousandths >= 2000 : happening.closes;
      seen.push_back({time, Group(time), *value, closes});
    };
    if (!question_.per_line()) {
      see(nullptr);
    } else {
      for (const Line& line : happening.lines) see(&line);
    }
    // An event is counted once, however many of its lines qualify.
    if (question_.function == "count" && seen.size() > 1) seen.resize(1);
    return seen;
  }

  bool Counts(const Seen& seen) const {
    const int64_t last = Group(now_);
    return seen.group <= last && seen.group > last - std::max<int64_t>(WindowLength(), 1);
  }

  void See(const std::vector<Seen>& seen) { all_.insert(all_.end(), seen.begin(), seen.end()); }

  // A double is left to NearlySaid.
  std::string Answer() const {
    const std::string& function = question_.function;
    if (question_.of_cases()) return Cases();
    if (function == "distinct") return Distinct();
    if (function == "top") return Top();
    if (function == "last") return Last();
    std::vector<Naive> values;
    int64_t total = 0;
    const Seen* first = nullptr;
    for (const Seen& seen : all_) {
      if (!Counts(seen)) continue;
      values.push_back(seen.value);
      total += seen.value.number;
      const auto key = [](const Seen& s) { return std::pair(s.time, s.value); };
      if (seen.time <= now_ && (first == nullptr || key(seen) < key(*first))) first = &seen;
    }
    if (function == "first") return first == nullptr ? "absent" : first->value.Said();
    if (function == "min" || function == "max") {
      if (values.empty()) return "absent";
      const auto [least, most] = std::minmax_element(values.begin(), values.end());
      return (function == "min" ? least : most)->Said();
    }
    Naive sum = question_.operand == nullptr ? Whole(0) : KindOfSum();
    sum.number = total;
    return sum.Said();
  }

  double Decayed() const {
    double total = 0;
    for (const Seen& seen : all_) {
      if (!Counts(seen)) continue;
      const auto days_ago = static_cast<double>(Group(now_) - seen.group);
      total += static_cast<double>(seen.value.number) * Unit() *
               std::exp2(-days_ago / question_.half_life_days);
    }
    return total;
  }

 private:
  int64_t WindowLength() const {
    if (question_.half_life_days > 0) return int64_t{20} * question_.half_life_days;
    return question_.days + question_.hours;
  }

  int64_t Group(absl::Time time) const {
    if (question_.days > 0 || question_.half_life_days > 0) {
      return absl::ToCivilDay(time, zone_) - absl::CivilDay(1970, 1, 1);
    }
    return question_.hours > 0 ? absl::ToUnixSeconds(time) / 3600 : 0;
  }

  Naive KindOfSum() const {
    const std::string text = question_.operand->text;
    return {.kind = text == "event.paid" ? 'm' : text == "event.n" ? 'i' : 'd'};
  }
  double Unit() const {
    const char kind = KindOfSum().kind;
    return kind == 'm' ? 0.01 : kind == 'd' ? 0.001 : 1;
  }

  std::string Last() const {
    std::map<int64_t, std::pair<absl::Time, Naive>> latest;  // of each day
    for (const Seen& seen : all_) {
      if (!Counts(seen)) continue;
      const auto one = std::pair(seen.time, seen.value);
      const auto [known, is_new] = latest.emplace(seen.group, one);
      if (!is_new) known->second = std::max(known->second, one);
    }
    std::optional<std::pair<absl::Time, Naive>> last;
    for (const auto& [group, one] : latest) {
      if (one.first <= now_ && (!last.has_value() || one > *last)) last = one;
    }
    return last.has_value() ? last->second.Said() : "absent";
  }

  std::string Distinct() const {
    std::map<Naive, Seen> latest;
    for (const Seen& seen : all_) {
      const auto [known, is_new] = latest.emplace(seen.value, seen);
      if (!is_new && known->second.group < seen.group) known->second = seen;
    }
    const auto count = std::count_if(latest.begin(), latest.end(),
                                     [this](const auto& one) { return Counts(one.second); });
    return Whole(count).Said();
  }

  std::string Top() const {
    std::map<Naive, int> times;
    for (const Seen& seen : all_) {
      if (Counts(seen)) ++times[seen.value];
    }
    std::vector<std::pair<int, Naive>> ranked;
    ranked.reserve(times.size());
    for (const auto& [value, count] : times) ranked.emplace_back(-count, value);
    std::sort(ranked.begin(), ranked.end());
    if (ranked.size() > static_cast<size_t>(question_.k)) {
      ranked.resize(static_cast<size_t>(question_.k));
    }
    std::string all = "list";
    for (const auto& [count, value] : ranked) absl::StrAppend(&all, ", ", value.Said());
    return all;
  }

  std::string Cases() const {
    struct Case {
      absl::Time opened = absl::InfiniteFuture();
      absl::Time latest = absl::InfinitePast();
      bool closed = false;
    };
    std::map<Naive, Case> cases;
    for (const Seen& seen : all_) {
      Case& one = cases[seen.value];
      one.opened = std::min(one.opened, seen.time);
      if (seen.time > one.latest) one.closed = seen.closes;
      if (seen.time == one.latest) one.closed = one.closed || seen.closes;
      one.latest = std::max(one.latest, seen.time);
    }
    std::set<absl::Time> open;
    int64_t count = 0;
    for (const auto& [name, one] : cases) {
      if (one.closed || one.opened > now_) continue;
      open.insert(one.opened);
      ++count;
    }
    if (question_.function == "open") return Whole(count).Said();
    return open.empty() ? "absent" : Moment(*open.begin()).Said();
  }

  const Question& question_;
  absl::TimeZone zone_;
  absl::Time now_;
  std::vector<Seen> all_;
};

std::string NameOf(size_t question) { return absl::StrCat("a", question); }

// One rule set and some customers.
class Trial {
 public:
  explicit Trial(uint64_t seed) : random_(seed) {
    const char* const zones[] = {"Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe",
                                 "Pacific/Chatham", "UTC"};
    zone_name_ = zones[random_() % std::size(zones)];
    schema_ = absl::StrCat(kHappeningSchema, "aggregates:\n");
    for (size_t i = 0; i < 8; ++i) {
      questions_.push_back(RandomQuestion(random_));
      absl::StrAppend(&schema_, "  ", NameOf(i), ": ", questions_.back().Declaration(), "\n");
    }
    RC_ASSERT(absl::LoadTimeZone(zone_name_, &zone_));
    history_.emplace(zone_name_, schema_);
  }

  void Customer(size_t events) {
    history_->Forget();
    happenings_ = RandomHappenings(events, random_);
    const bool with_corrections = random_() % 2 == 0;
    absl::Time known = absl::UnixEpoch();
    for (Happening& happening : happenings_) {
      history_->Happens(EventOf(happening), happening.learned);
      known = std::max(known, std::min(happening.time, happening.learned));
      happening.taken_back = with_corrections && random_() % 4 == 0;
      if (!happening.taken_back) continue;
      const bool stale = history_->IsTakenBack(EventOf(happening), happening.learned);
      RC_ASSERT(stale == LeavesSomethingStale(happening));
    }
    // What is outside of every window then may be gone for moments before.
    const absl::Time moments[] = {known, known + absl::Minutes(random_() % 60'000)};
    for (const absl::Time now : moments) Compare(now, /*rebuilt=*/false);
    std::vector<v1::Event> all;
    for (const Happening& happening : happenings_) {
      all.push_back(EventOf(happening));
      if (happening.taken_back) all.push_back(ReversalOf(happening));
    }
    std::shuffle(all.begin(), all.end(), random_);
    history_->Rebuild(all, known);
    for (const absl::Time now : moments) Compare(now, /*rebuilt=*/true);
  }

 private:
  bool LeavesSomethingStale(const Happening& happening) const {
    return std::any_of(questions_.begin(), questions_.end(), [&](const Question& question) {
      return !question.is_subtracted() &&
             !Walk(question, zone_, happening.time).SeenIn(happening).empty();
    });
  }

  void Compare(absl::Time now, bool rebuilt) {
    for (size_t i = 0; i < questions_.size(); ++i) {
      const Question& question = questions_[i];
      Walk walk(question, zone_, now);
      bool taken_back = false;  // something that it had added
      bool unknown = false;     // and that would still count
      for (const Happening& happening : happenings_) {
        const std::vector<Seen> seen = walk.SeenIn(happening);
        if (!happening.taken_back) {
          walk.See(seen);
          continue;
        }
        taken_back = taken_back || !seen.empty();
        unknown = unknown || std::any_of(seen.begin(), seen.end(),
                                         [&](const Seen& one) { return walk.Counts(one); });
      }
      const rules::expr::Value value = history_->Read(NameOf(i), now);
      RC_LOG() << zone_name_ << " " << question.Declaration() << " at " << now << '\n';
      if (!rebuilt && !question.is_subtracted() && taken_back) {
        if (unknown) RC_ASSERT(Said(value) == "absent");
        if (Said(value) == "absent") continue;
      }
      if (question.function == "decayed") {
        RC_ASSERT(std::abs(value.double_value() - walk.Decayed()) < 1e-9);
      } else {
        RC_ASSERT(Said(value) == walk.Answer());
      }
    }
  }

  std::mt19937_64 random_;
  std::string zone_name_;
  absl::TimeZone zone_;
  std::string schema_;
  std::vector<Question> questions_;
  std::optional<History> history_;
  std::vector<Happening> happenings_;
};

RC_GTEST_PROP(AggregatePropertyTest, AnAggregateIsWhatItsEventsAmountTo, ()) {
  Trial trial(*rc::gen::noShrink(rc::gen::arbitrary<uint64_t>()));
  // Several customers, since a rule set takes longer to compile than they do to read.
  for (int customer = 0; customer < 60; ++customer) {
    trial.Customer(*rc::gen::inRange<size_t>(1, 30));
  }
}

}  // namespace
}  // namespace touchstone::server
