#include "tests/rules/ruleset/dialect_cases.h"

namespace touchstone::rules {
namespace {

constexpr const char* kOffer = "offers/a.yaml";
constexpr const char* kList = "lists/a.csv";

std::string Offer(const std::string& rest) { return "offer: a\n" + rest; }

// Nested `levels` deep counting the mapping of the file and that of the row.
std::string NestedLiteral(int levels) {
  const auto brackets = static_cast<size_t>(levels - 2);
  return "S: { c: " + std::string(brackets, '[') + std::string(brackets, ']') + " }\n";
}

std::vector<DialectCase> QuotingCases() {
  const char* quotes = "quotes around";
  return {
      {"a condition that begins with !", kOffer, Offer("eligible: !has(customer.x)\n"),
       "tag_not_allowed", 2, 11, quotes},
      {"! that the rest of the condition hides", kOffer, Offer("eligible: !has(x) && y\n"),
       "tag_not_allowed", 2, 11, quotes},
      {"! followed by a space", kOffer, Offer("eligible: ! has(x)\n"), "tag_not_allowed", 2, 11,
       quotes},
      {"! in brackets", kOffer, Offer("limits: [{ id: a, at_most: !x }]\n"), "tag_not_allowed", 2,
       28, quotes},
      {"a tag on a mapping", kOffer, Offer("window: !!map { from: x }\n"), "tag_not_allowed", 2, 9,
       quotes},
      {"an undeclared tag handle", kOffer, Offer("title: !a!b c\n"), "tag_not_allowed", 2, 8,
       quotes},
      {"an anchor", kOffer, Offer("title: &t beans\n"), "anchor_not_allowed", 2, 8, quotes},
      {"an anchor on a sequence", kOffer, Offer("channels: &c [pos]\n"), "anchor_not_allowed", 2,
       11, quotes},
      {"a condition that begins with &&", kOffer, Offer("eligible: && a\n"), "anchor_not_allowed",
       2, 11, quotes},
      {"an alias", kOffer, Offer("title: *t\n"), "alias_not_allowed", 2, 8, quotes},
      {"an alias as a key", kOffer, Offer("*t : x\n"), "alias_not_allowed", 2, 1, quotes},
      {"a percent sign first", kOffer, Offer("title: %20\n"), "needs_quotes", 2, 8, quotes},
      {"an at sign first", kOffer, Offer("title: @home\n"), "needs_quotes", 2, 8, quotes},
      {"a backtick first", kOffer, Offer("eligible: `a` == 1\n"), "needs_quotes", 2, 11, quotes},
      {"a comment after a condition", kOffer, Offer("eligible: a == 1 # note\n"), "needs_quotes", 2,
       11, "line of its own"},
      {"a comment after a condition in brackets", kOffer,
       Offer("limits: [{ id: a,\n  at_most: 2   # two\n}]\n"), "needs_quotes", 3, 12, quotes},
      {"a comment sign in a customer's text", kOffer,
       Offer("treatments: { r: { t: { en: Win #1\n } } }\n"), "needs_quotes", 2, 29, quotes},
      {"a colon in a plain value", kOffer, Offer("value: a ? b : c\n"), "yaml_syntax", 2, 14,
       quotes},
      {"a condition that begins with a quote", kOffer, Offer("eligible: \"x\" == a\n"),
       "yaml_syntax", 2, 15, "quotes around all of it"},
      {"a comma in a plain value in brackets", kOffer, Offer("benefit: { lines: max(a, b) }\n"),
       "unknown_key", 2, 26, "quotes around a value that holds one"},
      {"a bracket that is not closed", kOffer, Offer("channels: [pos\n"), "yaml_syntax", 3, 1,
       "brackets"},
  };
}

std::vector<DialectCase> ShapeCases() {
  return {
      {"a duplicate key", kOffer, Offer("title: x\ntitle: y\n"), "duplicate_key", 3, 1, "keep one"},
      {"a duplicate key of a map", "budgets.yaml", "a: {}\nb: {}\na: {}\n", "duplicate_key", 3, 1,
       "keep one"},
      {"a merge key", kOffer, Offer("<<: { title: x }\n"), "merge_key_not_allowed", 2, 1,
       "write the keys out"},
      {"an unknown key near a known one", kOffer, Offer("elligible: a\n"), "unknown_key", 2, 1,
       "did you mean `eligible`?"},
      {"an unknown key near none", kOffer, Offer("window: { colour: red }\n"), "unknown_key", 2, 11,
       "from, through, days, hours, zone"},
      {"the C++ name of requires", kOffer, Offer("requires_condition: a\n"), "unknown_key", 2, 1,
       "keys here are"},
      {"a mapping where a scalar is meant", kOffer, Offer("title: { en: x }\n"), "wrong_shape", 2,
       8, "one value"},
      {"a list where a condition is meant", kOffer, Offer("eligible: [1, 2]\n"), "wrong_shape", 2,
       11, "quotes around a condition"},
      {"a scalar where a list is meant", kOffer, Offer("channels: pos\n"), "wrong_shape", 2, 11,
       "[ ]"},
      {"a scalar where a mapping is meant", kOffer, Offer("window: always\n"), "wrong_shape", 2, 9,
       "key: value"},
      {"a list where a mapping is meant", kOffer, Offer("treatments: [receipt]\n"), "wrong_shape",
       2, 13, "name: value"},
      {"a list where texts are meant", kOffer, Offer("treatments: { r: { t: [a] } }\n"),
       "wrong_shape", 2, 23, "name: value"},
      {"a list as a key", kOffer, Offer("[a]: b\n"), "wrong_shape", 2, 1, "quotes"},
      {"a file that is not a mapping", "policy.yaml", "- a\n", "wrong_shape", 1, 1, "key: value"},
      {"an empty key", kOffer, Offer("\"\": b\n"), "empty_key", 2, 1, "before the `:`"},
      {"both kinds of benefit", kOffer, Offer("benefit: { percent_off: 5, amount_off: {} }\n"),
       "conflicting_keys", 2, 28, "keep one"},
      {"an empty condition", kOffer, Offer("eligible:\n"), "empty_condition", 2, 10,
       "leave `eligible` out"},
      {"a quoted empty condition", kOffer, Offer("requires: \"\"\n"), "empty_condition", 2, 11,
       "leave `requires` out"},
      {"a blank condition", kOffer, Offer("value: '  '\n"), "empty_condition", 2, 8,
       "leave `value` out"},
      {"an empty condition of a segment", "segments.yaml", "segments: [{ name: a, when: \"\" }]\n",
       "empty_condition", 1, 29, "write the expression"},
      {"an empty value", kOffer, Offer("title:\n"), "empty_value", 2, 7, "leave the key out"},
      {"an empty list", kOffer, Offer("channels:\n"), "empty_value", 2, 10, "leave the key out"},
      {"an empty message", kOffer, Offer("window:\n"), "empty_value", 2, 8, "write {}"},
      {"an empty entry", "budgets.yaml", "autumn:\n", "empty_value", 1, 8, "write {}"},
      {"a bool in other words", kOffer, Offer("benefit: { takes_marked_down: yes }\n"),
       "invalid_bool", 2, 31, "true or false"},
      {"a fraction where a whole number is meant", kOffer, Offer("stacking: { priority: 1.5 }\n"),
       "invalid_int", 2, 23, "digits only"},
      {"a number with a leading zero", kOffer, Offer("stacking: { priority: 010 }\n"),
       "invalid_int", 2, 23, "digits only"},
      {"a number that does not fit", kOffer, Offer("stacking: { priority: 2147483648 }\n"),
       "invalid_int", 2, 23, "digits only"},
      {"a number in hexadecimal", "budgets.yaml", "a: { uses: 0x10 }\n", "invalid_int", 1, 12,
       "digits only"},
      {"one level too many", "tests/reference/store.yaml", NestedLiteral(33), "too_deep", 1, 39,
       "fewer levels"},
  };
}

std::vector<DialectCase> FileCases() {
  return {
      {"a byte order mark", kOffer, "\xEF\xBB\xBF" + Offer(""), "byte_order_mark", 0, 0, "UTF-8"},
      {"Latin-1", kOffer, Offer("title: gr\xF6\xDF\n"), "not_utf8", 2, 10, "UTF-8"},
      {"an overlong encoding", kOffer, Offer("title: \xC0\xAF\n"), "not_utf8", 2, 8, "UTF-8"},
      {"a surrogate", kOffer, Offer("title: \xED\xA0\x80\n"), "not_utf8", 2, 8, "UTF-8"},
      {"a tab", kOffer, Offer("window:\n\tfrom: 2026-11-01\n"), "tab_character", 3, 1, "spaces"},
      {"a tab in quotes", kOffer, Offer("title: \"a\tb\"\n"), "tab_character", 2, 10, "\\t"},
      {"a null byte", kOffer, Offer(std::string("title: a\0b\n", 11)), "control_character", 2, 9,
       "\\u0000"},
      {"a line separator", kOffer, Offer("title: a\xE2\x80\xA8 b\n"), "control_character", 2, 9,
       "\\u2028"},
      {"a carriage return alone", kOffer, Offer("title: a\rb\n"), "control_character", 2, 9,
       "\\u000d"},
      {"a second document", kOffer, Offer("---\noffer: b\n"), "second_document", 2, 1,
       "one document"},
      {"a directive", kOffer, "%YAML 1.1\n---\n" + Offer(""), "directive_not_allowed", 1, 1,
       "remove the line"},
      {"an empty file", "pricing.yaml", "# nothing\n", "empty_file", 0, 0, "delete it"},
      {"a file that is too large", kOffer, Offer("title: " + std::string(4'194'304, 'x')),
       "file_too_large", 0, 0, "split it"},
      {"an unknown file", "notes.txt", "x", "unknown_file", 0, 0, "offers/ID.yaml"},
      {"a misspelt file", "shema.yaml", "{}\n", "unknown_file", 0, 0, "did you mean schema.yaml?"},
      {"the other ending", "policy.yml", "{}\n", "unknown_file", 0, 0, "the ending is .yaml"},
      {"an offer in a folder of its own", "offers/coffee/a.yaml", Offer(""), "unknown_file", 0, 0,
       "offers/ID.yaml"},
      {"a reference table that tests do not see", "tests/reference/staff.yaml", "{}\n",
       "unknown_file", 0, 0, "did you mean tests/reference/store.yaml?"},
      {"an offer in the file of another", kOffer, "offer: b\n", "offer_file_name", 1, 8,
       "rename the file"},
      {"an offer without id", kOffer, "title: b\n", "missing_value", 1, 1, "add `offer: a`"},
      {"segments without their key", "segments.yaml", "- { name: a, when: b }\n", "wrong_shape", 1,
       3, "under `segments:`"},
      {"placements beside something else", "placements.yaml", "placements: {}\nothers: {}\n",
       "wrong_shape", 1, 1, "under `placements:`"},
      {"reference rows as a list", "tests/reference/store.yaml", "- a\n", "wrong_shape", 1, 1,
       "KEY:"},
      {"a list without header", kList, "A-1\nA-2\n", "csv_header", 1, 1, "first row"},
      {"a list of more columns", kList, "sku\nA-1,beans\n", "csv_row", 2, 1, "one SKU a row"},
      {"a blank row", kList, "sku\nA-1\n\nA-2\n", "csv_row", 3, 1, "one SKU a row"},
      {"spaces around a SKU", kList, "sku\nA-1 \n", "csv_row", 2, 1, "one SKU a row"},
      {"a quote that is not closed", kList, "sku\n\"A-1\n", "csv_row", 2, 1, "one SKU a row"},
      {"a SKU twice", kList, "sku\nA-1\nA-2\n\"A-1\"\n", "duplicate_sku", 4, 1, "remove the row"},
  };
}

}  // namespace

const std::vector<DialectCase>& DialectCases() {
  static const auto& cases = *new std::vector<DialectCase>([] {
    std::vector<DialectCase> all = QuotingCases();
    for (auto&& more : {ShapeCases(), FileCases()}) all.insert(all.end(), more.begin(), more.end());
    return all;
  }());
  return cases;
}

}  // namespace touchstone::rules
