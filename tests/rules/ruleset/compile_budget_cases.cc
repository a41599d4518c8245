#include "absl/strings/str_cat.h"
#include "tests/rules/ruleset/finding_case.h"

namespace touchstone::rules {
namespace {

std::string Budget(const std::string& body) {
  return "budgets { key: 'a' value { " + body + " } }";
}

// A sound budget `a` and an offer `b` that draws on it, of this benefit.
std::string Drawn(const std::string& budget, const std::string& benefit) {
  return absl::StrCat(Budget(budget), "offers { offer: 'b' applies: 'automatic' budget: 'a' ",
                      benefit, " }");
}

std::vector<FindingCase> BudgetAmountCases() {
  return {
      {"AllowsABudgetOfUses", {}, Budget("uses: 1")},
      {"AllowsABudgetWithAllThatItMayHave",
       {},
       Budget("uses: 50000 amount: '100000.00 EUR' per_day: '5000.00 EUR' overspend: 'honour' "
              "overrun_at_most: '0.01 EUR' on_return: 'kept'")},
      {"RefusesABudgetThatLimitsNothing",
       {"missing_value at budgets[a]"},
       Budget("overspend: 'never'"),
       "`uses: 50000`"},
      {"RefusesABudgetWithASpaceInItsName",
       {"bad_name at budgets[a b]"},
       "budgets { key: 'a b' value { uses: 3 } }",
       "letters"},
      {"RefusesAnAmountWithoutCurrency",
       {"bad_value at budgets[a].amount"},
       Budget("amount: '100000.00'"),
       "`100000.00 EUR`"},
      {"RefusesAnAmountADayThatIsNoMoney",
       {"bad_value at budgets[a].per_day"},
       Budget("uses: 1 per_day: '1.000,00 EUR'"),
       "is not money"},
      {"RefusesAnOverrunThatIsNoMoney",
       {"bad_value at budgets[a].overrun_at_most"},
       Budget("amount: '1.00 EUR' overspend: 'honour' overrun_at_most: '5%'"),
       "is not money"},
      {"RefusesABudgetInACurrencyThatTheRuleSetLacks",
       {"unknown_currency at budgets[a].amount"},
       Budget("amount: '1.00 USD'")},
      {"RefusesTwoCurrenciesInOneBudget",
       {"bad_value at budgets[a].per_day"},
       Budget("amount: '1.00 EUR' per_day: '1.00 CHF'"),
       "in EUR and in CHF"},
      {"RefusesAnOverrunInAnotherCurrency",
       {"bad_value at budgets[a].overrun_at_most"},
       Budget("per_day: '1.00 CHF' overspend: 'honour' overrun_at_most: '1.00 EUR'"),
       "in CHF and in EUR"},
      {"RefusesABudgetOfNothing",
       {"out_of_range at budgets[a].amount"},
       Budget("amount: '0.00 EUR'"),
       "more than 0"},
      {"RefusesADayOfLessThanNothing",
       {"out_of_range at budgets[a].per_day"},
       Budget("per_day: '-1.00 EUR'"),
       "pause"},
      {"RefusesAnOverrunOfNothing",
       {"out_of_range at budgets[a].overrun_at_most"},
       Budget("amount: '1.00 EUR' overspend: 'honour' overrun_at_most: '0 EUR'")},
      {"RefusesFewerUsesThanOne",
       {"out_of_range at budgets[a].uses"},
       Budget("uses: -1"),
       "not -1"},
  };
}

std::vector<FindingCase> BudgetWordCases() {
  return {
      {"AllowsToHonourABudgetOfUses", {}, Budget("uses: 1 overspend: 'honour'")},
      {"RefusesAnotherWordForOverspend",
       {"unknown_word at budgets[a].overspend"},
       Budget("uses: 1 overspend: 'honor'"),
       "did you mean `honour`?"},
      {"RefusesAnotherWordForAReturn",
       {"unknown_word at budgets[a].on_return"},
       Budget("uses: 1 on_return: 'restore'"),
       "did you mean `restored`?"},
      {"RefusesAnOverrunOfABudgetThatIsNotOverrun",
       {"unexpected_value at budgets[a].overrun_at_most"},
       Budget("amount: '1.00 EUR' overrun_at_most: '1.00 EUR'"),
       "overspend: honour"},
      {"RefusesAnOverrunOfABudgetOfUsesAlone",
       {"unexpected_value at budgets[a].overrun_at_most"},
       Budget("uses: 1 overspend: 'honour' overrun_at_most: '1.00 EUR'"),
       "uses alone"},
      {"RefusesToHonourABudgetWithoutSayingByHowMuch",
       {"missing_value at budgets[a].overspend"},
       Budget("amount: '1.00 EUR' overspend: 'honour'"),
       "overrun_at_most"},
  };
}

std::vector<FindingCase> DrawingCases() {
  const auto with_points = [](v1::RuleSet& m) { m.mutable_pricing()->add_stages("points"); };
  return {
      {"RefusesABudgetThatDoesNotExist",
       {"unknown_budget at offers[b].budget"},
       "budgets { key: 'autumn' value { uses: 3 } } "
       "offers { offer: 'b' applies: 'automatic' benefit { percent_off: '5' } budget: 'autum' }",
       "did you mean `autumn`?"},
      {"RefusesABudgetOfAnOfferThatTakesNothing",
       {"unexpected_value at offers[join].budget"},
       Budget("uses: 3"),
       "without a benefit",
       [](v1::RuleSet& m) { m.mutable_offers(0)->set_budget("a"); }},
      {"RefusesABudgetInACurrencyThatTheOfferHasNoAmountIn",
       {"warning: missing_currency at offers[b].benefit.amount_off",
        "bad_value at offers[b].budget"},
       Drawn("amount: '1.00 CHF'",
             "benefit { amount_off { amounts { key: 'EUR' value: '5.00' } } per: 'basket' }"),
       ""},
      {"RefusesABudgetInACurrencyThatTheOfferHasNoCapIn",
       {"warning: missing_currency at offers[b].benefit.at_most", "bad_value at offers[b].budget"},
       Drawn("per_day: '1.00 EUR'",
             "benefit { percent_off: '5' at_most { amounts { key: 'CHF' value: '5.00' } } }"),
       ""},
      {"AllowsABudgetInTheOnlyCurrencyOfTheOffer",
       {"warning: missing_currency at offers[b].benefit.amount_off"},
       Drawn("amount: '1.00 EUR'",
             "benefit { amount_off { amounts { key: 'EUR' value: '5.00' } } per: 'basket' }")},
      {"AllowsABudgetOfUsesInAnyCurrency",
       {"warning: missing_currency at offers[b].benefit.amount_off"},
       Drawn("uses: 3",
             "benefit { amount_off { amounts { key: 'EUR' value: '5.00' } } per: 'basket' }")},
      {"SaysNothingOfTheBudgetWhereTheAmountIsWrong",
       {"bad_value at offers[b].benefit.amount_off.amounts[EUR]",
        "warning: missing_currency at offers[b].benefit.amount_off"},
       Drawn("amount: '1.00 EUR'",
             "benefit { amount_off { amounts { key: 'EUR' value: 'x' } } per: 'basket' }")},
      {"RefusesPointsFromABudgetOfMoney",
       {"bad_value at offers[b].budget"},
       Drawn("amount: '1.00 EUR'", "benefit { points { give: 5 } }"),
       "points and coupons take no money",
       with_points},
      {"AllowsPointsFromABudgetOfUses",
       {},
       Drawn("uses: 3 amount: '1.00 EUR'", "benefit { points { give: 5 } }"),
       "",
       with_points},
  };
}

}  // namespace

std::vector<FindingCase> BudgetCases() {
  std::vector<FindingCase> all;
  for (const auto& cases : {BudgetAmountCases(), BudgetWordCases(), DrawingCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

}  // namespace touchstone::rules
