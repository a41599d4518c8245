#pragma once

// The declarations of a rule set in typed form: what the facts of a decision are.
//
// Use: built once by rules/ruleset from the message, then shared const. Thread safety: const.
// Ownership: a Schema owns the memory of its default values; it does not move after construction.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/expr/arena.h"
#include "rules/expr/program.h"
#include "rules/expr/type.h"
#include "rules/expr/value.h"
#include "rules/money/money.h"

namespace touchstone::rules {

// What a declared type says beyond its expression type.
enum class ValueForm : uint8_t {
  kPlain,
  kDate,      // timestamp at 00:00 UTC; text form 2026-11-01
  kEnum,      // string, one of enum_values
  kTimezone,  // string, IANA name
  kCurrency,  // string, ISO 4217 code
};

// Identity of a stored attribute: 32-bit FNV-1a of its name, so that it is the same in every
// revision. A schema in which two ids collide is refused.
uint32_t StableId(absl::string_view name);
// Identity of an aggregate: StableId of its name, a line feed and its whole declaration in
// canonical text (rules/ruleset writes it). So another declaration under the old name is another
// aggregate, which starts without state, and never reads what was added up for another question.
uint32_t AggregateId(absl::string_view name, absl::string_view declaration);

struct AttributeSpec {
  std::string name;  // without "customer." or "request."
  std::string declared_type;
  expr::Type type;
  ValueForm form = ValueForm::kPlain;
  std::vector<std::string> enum_values;
  bool optional = false;
  bool pii = false;
  int max_elements = 256;     // of a list
  expr::Value default_value;  // absent when optional
  uint32_t id = 0;            // StableId(name)
  // Of a list(record): parallel to the fields of the record type, which says less (a date there is
  // a timestamp).
  std::vector<AttributeSpec> fields;
};

// A window of whole local days or hours that ends with the current one; kEver has no beginning.
struct TrailingWindow {
  enum class Unit : uint8_t { kEver, kDays, kHours };
  Unit unit = Unit::kEver;
  int count = 0;
};
// Of a window that is not kEver, with days of 24 hours.
inline absl::Duration LengthOf(const TrailingWindow& window) {
  return window.count * absl::Hours(window.unit == TrailingWindow::Unit::kDays ? 24 : 1);
}

enum class AggregateFunction : uint8_t {
  kCount,
  kSum,
  kDecayed,
  kMin,
  kMax,
  kFirst,
  kLast,
  kTop,
  kOpen,
  kOldestOpen,
  kDistinct,
};

// What a customer's record keeps for an aggregate.
enum class AggregateForm : uint8_t {
  kBuckets,   // count and sum a day or hour: count, sum, decayed
  kCells,     // values with their times: min, max, first, last, top, open, oldest_open
  kDistinct,  // hashes of values, and when there are many an estimate: distinct
};
AggregateForm FormOf(AggregateFunction function);
// Whether its value is a whole number from 0 up: count, distinct, open.
bool IsCount(AggregateFunction function);

// Of a decayed sum: what is older than so many half lives is forgotten; it counted less than a
// millionth.
inline constexpr int kRememberedHalfLives = 20;
// A record keeps at most so many days or hours of one aggregate.
inline constexpr int kMaxAggregateUnits = 1024;
inline constexpr int kMaxHalfLife = kMaxAggregateUnits / kRememberedHalfLives;
inline constexpr int kMaxTop = 10;

struct AggregateSpec {
  std::string name;
  uint32_t id = 0;  // AggregateId
  AggregateFunction function = AggregateFunction::kCount;
  std::string event_type;
  TrailingWindow window;  // of decayed: kRememberedHalfLives half lives, in the unit of `half_life`
  int half_life = 0;      // of decayed: in days or hours, the unit of `window`
  int k = 0;              // of top: how many values
  // int for count, distinct and open; double for decayed; a list for top; timestamp for
  // oldest_open; else that of the operand.
  expr::Type type;
  expr::Type operand_type;
  Currency currency;                     // that an operand of money is kept in
  bool per_household = false;            // over the events of all members of the household
  bool per_line = false;                 // evaluated once a line of the event, else once an event
  std::optional<expr::Program> operand;  // of all but count
  std::optional<expr::Program> where;
  std::optional<expr::Program> closed_when;  // of open and oldest_open: the event closes its case
};

// The aggregate's value as a test or a caller would give it: an attribute of that name and type.
AttributeSpec AsAttribute(const AggregateSpec& aggregate);

// A fact made of others: a computed attribute, an audience, or what a decision table says.
struct ComputedSpec {
  std::string name;  // as rules read it: "customer.age", "audience.loyal_coffee", "table.coffee"
  expr::Type type;
  std::optional<expr::Program> program;  // of a table none
  uint32_t table = 0;                    // without a program: which table of the rule set
  bool personal = false;  // reads a customer fact, directly or through another computed one
};

struct EventSpec {
  std::string name;
  std::vector<AttributeSpec> fields;
  std::vector<AttributeSpec> line_fields;
};

// How values of identities of one namespace are brought into one form.
enum class IdentityForm : uint8_t {
  kAsGiven,
  kPhone,  // E.164
  kEmail,  // lower case
  kHex,    // lower case
};

struct IdentitySpec {
  std::string name;
  IdentityForm form = IdentityForm::kAsGiven;
  std::string country;     // of kPhone: of numbers without one, ISO 3166-1; empty: there are none
  bool anonymous = false;  // finds a device, not yet a person
};

struct ReferenceSpec {
  std::string name;  // "product", "store"
  std::string key;
  std::vector<AttributeSpec> columns;  // in order of name: the layout of a row
};

struct Schema {
  std::vector<AttributeSpec> customer;    // in order of name
  std::vector<AttributeSpec> request;     // in order of name
  std::vector<AggregateSpec> aggregates;  // in order of name
  bool per_household = false;             // one of them is
  std::vector<ComputedSpec> computed;     // in order of evaluation
  std::vector<EventSpec> events;          // in order of name
  std::vector<IdentitySpec> identities;   // in order of name; empty: any namespace, as given
  ReferenceSpec product;                  // no columns when not declared
  ReferenceSpec store;
  std::vector<Currency> currencies;  // at least one; the first is that of rules that name none
  absl::TimeZone zone;               // of windows that name no other
  expr::Arena memory;                // of default values

  Schema() = default;
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
};

}  // namespace touchstone::rules
