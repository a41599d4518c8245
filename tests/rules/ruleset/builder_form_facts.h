#pragma once

// The facts that tests of the builder form write conditions over.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "rules/expr/checker.h"
#include "rules/expr/parser.h"

namespace touchstone::rules {

class BuilderFacts {
 public:
  BuilderFacts() {
    expr::CheckPolicy policy;
    policy.cross_numeric_comparisons = true;
    policy.homogeneous_literals = true;
    environment_ = expr::Environment(policy);
    Declare("c.yes", expr::Type(expr::TypeKind::kBool));
    Declare("c.count", expr::Type(expr::TypeKind::kInt));
    Declare("c.size", expr::Type(expr::TypeKind::kUint));
    Declare("c.share", expr::Type(expr::TypeKind::kDouble));
    Declare("c.name", expr::Type(expr::TypeKind::kString));
    Declare("c.while", expr::Type(expr::TypeKind::kString));
    Declare("c.since", expr::Type(expr::TypeKind::kTimestamp));
    Declare("c.span", expr::Type(expr::TypeKind::kDuration));
    Declare("c.spend", expr::Type(expr::TypeKind::kMoney));
    Declare("c.weight", expr::Type(expr::TypeKind::kDecimal));
    Declare("c.tags", expr::Type::List(expr::Type(expr::TypeKind::kString)));
    Declare("c.amounts", expr::Type::List(expr::Type(expr::TypeKind::kMoney)));
    Declare("c.holdings", expr::Type::List(expr::Type::Record(
                              "holding", {{"product", expr::Type(expr::TypeKind::kString)}})));
    Declare("c.store", expr::Type::Record("store", {{"key", expr::Type(expr::TypeKind::kString)}}));
    Declare("now", expr::Type(expr::TypeKind::kTimestamp));
    for (const char* name : {"list.coffee", "other.list"}) {
      expr::ConstantDecl list;
      list.name = name;
      list.type = expr::Type::List(expr::Type(expr::TypeKind::kString));
      list.value = expr::Value::List(&no_elements_);
      EXPECT_TRUE(environment_.Declare(list).ok());
    }
  }

  // Null when the text does not check.
  expr::ExprPtr Checked(const std::string& text) const {
    expr::ParseResult parsed = expr::Parse(text);
    if (parsed.expr == nullptr) return nullptr;
    const expr::Issues issues =
        expr::Check(*parsed.expr, environment_, expr::Type(expr::TypeKind::kBool));
    return issues.empty() ? std::move(parsed.expr) : nullptr;
  }

 private:
  void Declare(const std::string& name, const expr::Type& type) {
    expr::VariableDecl variable;
    variable.name = name;
    variable.type = type;
    variable.slot = expr::Slot{0, next_slot_++};
    EXPECT_TRUE(environment_.Declare(variable).ok());
  }

  expr::Environment environment_;
  expr::ListData no_elements_;
  uint16_t next_slot_ = 0;
};

// Each stands alone and deep inside a condition that would fit without it.
inline const std::vector<std::string>& TextOnlyConditions() {
  static const auto& texts = *new std::vector<std::string>{
      "true",
      "300.00 <= c.spend",
      "c.count == c.count",
      "c.spend > c.spend + 1.00",
      "c.spend * 2 > 10.00",
      "c.count > -(5)",
      "c.count > 1 + 1",
      "size(c.tags) > 1",
      "c.name.size() > 1",
      "\"a\" == \"a\"",
      "(c.yes ? c.name : \"\") == \"a\"",
      "c.yes ? c.yes : false",
      "c.tags.exists(t, t == \"a\")",
      "c.tags.all(t, t.startsWith(\"a\"))",
      "cel.bind(x, c.yes, x)",
      "c.name.matches(\"^a\")",
      "c.name.lowerAscii() == \"a\"",
      "c.name.startsWith(c.while)",
      "\"abc\".startsWith(\"a\")",
      "c.name in c.tags",
      "c.name in [c.while]",
      "c.name in [\"a\", c.while]",
      "c.name in [\"a\", ?optional.of(\"b\")]",
      "c.name in other.list",
      "\"a\" in list.coffee",
      "\"a\" in [\"a\"]",
      "c.name in {\"a\": 1}",
      "c.tags[0] == \"a\"",
      "c.tags == [\"a\"]",
      "c.holdings[0].product == \"a\"",
      "has(c.holdings[0].product)",
      "c.store.key == \"a\"",
      "has(c.store.key)",
      "now - c.since > duration(\"24h\")",
      "now > timestamp(0)",
      "now > timestamp(c.name)",
      "c.since.getHours() < 9",
      "c.weight > decimal(2)",
      "string(c.count) == \"1\"",
      "currency(c.spend) == \"EUR\"",
      "c.spend in [money(c.name)]",
      ".c.yes",
      "has(.c.yes)",
  };
  return texts;
}

}  // namespace touchstone::rules
