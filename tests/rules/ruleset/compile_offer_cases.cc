#include "tests/rules/ruleset/finding_case.h"

namespace touchstone::rules {
namespace {

// An offer `b` that discounts.
std::string Discount(const std::string& body) {
  return "offers { offer: 'b' applies: 'automatic' benefit { percent_off: '5' } " + body + " }";
}

// An offer `b` with a benefit of its own.
std::string Benefit(const std::string& benefit) {
  return "offers { offer: 'b' applies: 'automatic' benefit { " + benefit + " } }";
}
// Beside an offer that coupons can be good for.
std::string Coupon(const std::string& benefit) {
  return "offers { offer: 'next' applies: 'granted' benefit { percent_off: '5' } } " +
         Benefit(benefit);
}

// An offer `b` with a promise, which it makes to whom it is granted.
std::string Granted(const std::string& promise, const std::string& window = "") {
  return "offers { offer: 'b' applies: 'granted' benefit { percent_off: '5' } window { " + window +
         " } promise { " + promise + " } }";
}

std::string Window(const std::string& body) { return Discount("window { " + body + " }"); }

std::string Limit(const std::string& body) { return Discount("limits { " + body + " }"); }

constexpr char kBothCurrencies[] =
    "amounts { key: 'EUR' value: '5.00' } amounts { key: 'CHF' value: '5.00' }";

std::vector<FindingCase> IdentityCases() {
  return {
      {"RefusesAnIdWithASpace",
       {"bad_name at offers[b 1]"},
       "offers { offer: 'b 1' applies: 'automatic' benefit { percent_off: '5' } }",
       "letters"},
      {"RefusesAnOfferWithoutId",
       {"bad_name at offers[1]"},
       "offers { applies: 'automatic' benefit { percent_off: '5' } }"},
      {"RefusesTwoOffersOfOneId",
       {"duplicate_name at offers[1].offer"},
       "offers { offer: 'join' applies: 'automatic' benefit { percent_off: '5' } }",
       "never used"},
      {"RefusesTwoIdsOfTheSameStableId",
       {"name_collision at offers[liquid]"},
       "offers { offer: 'costarring' applies: 'automatic' benefit { percent_off: '5' } } "
       "offers { offer: 'liquid' applies: 'automatic' benefit { percent_off: '5' } }",
       "costarring"},
      {"RefusesACampaignThatDoesNotExist",
       {"unknown_campaign at offers[b].campaign"},
       Discount("campaign: 'cofee'"),
       "did you mean `coffee`?"},
      {"RefusesAGroupWithASpace", {"bad_name at offers[b].group"}, Discount("group: 'a b'")},
      {"RefusesAnUnknownChannel",
       {"unknown_channel at offers[b].channels[0]"},
       Discount("channels: 'wev'"),
       "did you mean `web`?"},
      {"RefusesAChannelTwice",
       {"duplicate_name at offers[b].channels[1]"},
       Discount("channels: 'web' channels: 'web'")},
      {"RefusesAnOfferThatDoesNotSayHowItApplies",
       {"missing_value at offers[b]"},
       "offers { offer: 'b' benefit { percent_off: '5' } }",
       "applies"},
      {"RefusesAnUnknownWayToApply",
       {"unknown_word at offers[b].applies"},
       "offers { offer: 'b' applies: 'automatc' benefit { percent_off: '5' } }",
       "`automatic`?"},
      {"RefusesAnAutomaticOfferWithoutBenefit",
       {"missing_benefit at offers[b]", "warning: idle_offer at offers[b]"},
       "offers { offer: 'b' applies: 'automatic' }",
       "applies: never"},
      {"RefusesACodedOfferWithoutBenefit",
       {"missing_benefit at offers[b]", "warning: idle_offer at offers[b]"},
       "offers { offer: 'b' applies: 'coded' }",
       "applies: never"},
      {"RefusesAGrantedOfferWithoutBenefit",
       {"missing_benefit at offers[b]", "warning: idle_offer at offers[b]"},
       "offers { offer: 'b' applies: 'granted' }",
       "applies: never"},
      {"RefusesAnAdviceWithBenefit",
       {"unexpected_benefit at offers[b].benefit"},
       "offers { offer: 'b' applies: 'never' benefit { percent_off: '5' } }"},
      {"WarnsOfAnOfferThatDoesNothing",
       {"warning: idle_offer at offers[b]"},
       "offers { offer: 'b' applies: 'never' }",
       "shown nowhere"},
  };
}

std::vector<FindingCase> ConditionCases() {
  return {
      {"RefusesAnUnknownName",
       {"unknown_name at offers[b].eligible"},
       Discount("eligible: 'customer.spend_9d > 1.00'"),
       "customer.spend_90d"},
      {"RefusesAConditionOfAnotherType",
       {"wrong_result_type at offers[b].eligible"},
       Discount("eligible: 'customer.spend_90d'")},
      {"RefusesAnEmptyCondition",
       {"empty_condition at offers[b].eligible"},
       Discount("eligible: ''"),
       "leave"},
      {"RefusesAConditionThatCouldAskEachLineAboutEachOther",
       {"too_costly at offers[b].eligible"},
       Discount("eligible: 'basket.lines.exists(x, basket.lines.exists(y, x.sku == y.sku))'"),
       "Declare a smaller `max:`"},
      {"RefusesAConditionThatDoesNotParse",
       {"syntax at offers[b].eligible"},
       Discount("eligible: 'customer.known &&'")},
      {"RefusesASegmentThatDoesNotExist",
       {"unknown_enum_value at offers[b].eligible"},
       Discount("eligible: 'customer.segment == \"loyl\"'"),
       "loyal"},
      {"RefusesNetBeforeItIsKnown",
       {"name_not_available at offers[b].eligible"},
       Discount("eligible: 'basket.net > 1.00'"),
       "`requires` and `value`"},
      {"RefusesLinesOutsideTheBenefit",
       {"name_not_available at offers[b].requires_condition"},
       Discount("requires_condition: 'line.sku == \"A\"'"),
       "`lines`"},
      {"RefusesAPatternThatIsTooLarge",
       {"bad_expression at offers[b].eligible"},
       Discount("eligible: 'customer.first_name.matches(\"((a{100}){100}){100}\")'")},
      {"RefusesAListThatDoesNotExist",
       {"unknown_name at offers[b].benefit.lines"},
       Benefit("percent_off: '5' lines: 'line.sku in list.hous'")},
      {"RefusesAValueOfMoney",
       {"wrong_type at offers[b].value"},
       Discount("value: 'basket.net'"),
       "double(…)"},
      {"AllowsAValueThatIsAnInt", {}, Discount("value: '3'")},
  };
}

std::vector<FindingCase> WindowCases() {
  return {
      {"RefusesADayThatNoCalendarHas",
       {"bad_value at offers[b].window.from"},
       Window("from: '2026-11-31'"),
       "2026-11-01"},
      {"RefusesAWindowThatEndsBeforeItBegins",
       {"empty_window at offers[b].window.through"},
       Window("from: '2026-12-02' through: '2026-12-01'"),
       "never open"},
      {"AllowsAWindowOfOneDay", {}, Window("from: '2026-12-02' through: '2026-12-02'")},
      {"RefusesDaysThatDoNotComeUp",
       {"empty_window at offers[b].window.days"},
       Window("from: '2026-12-01' through: '2026-12-02' days: 'sun'"),
       "never open"},
      {"RefusesHoursThatAreNoTime",
       {"empty_window at offers[b].window.hours"},
       Window("hours: '07:00-07:00'"),
       "whole day"},
      {"RefusesHoursThatNoClockShows",
       {"bad_value at offers[b].window.hours"},
       Window("hours: '07:00-25:00'"),
       "07:00-11:00"},
      {"RefusesAnUnknownDay",
       {"unknown_word at offers[b].window.days[0]"},
       Window("days: 'monday'")},
      {"RefusesADayTwice",
       {"duplicate_name at offers[b].window.days[1]"},
       Window("days: 'mon' days: 'mon'")},
      {"RefusesAnUnknownZone",
       {"unknown_zone at offers[b].window.zone"},
       Window("zone: 'Europe/Berln'")},
      {"RefusesTheZoneOfACustomerWhoHasNone",
       {"unknown_attribute at offers[b].window.zone"},
       Window("zone: 'customer'"),
       "timezone"},
      {"WarnsOfAWindowInThePast",
       {"warning: past_window at offers[b].window.through"},
       Window("through: '2026-11-21'"),
       "ended"},
      {"DoesNotWarnOfAWindowThatEndsToday", {}, Window("through: '2026-11-22'")},
      {"KeepsAnEndedOfferAsLongAsItIsGranted",
       {"warning: past_window at offers[b].window.through"},
       Granted("made: 'accepted' use_within: '14d'", "through: '2026-11-21'"),
       "last grant"},
  };
}

std::vector<FindingCase> PromiseCases() {
  return {
      {"AllowsAPromise", {}, Granted("made: 'accepted' use_within: '14d'")},
      {"AllowsAPromiseThatSaysAll",
       {},
       Granted("made: 'accepted' use_within: '36h' terms: 'current' budget: 'checked' after_end: "
               "'ended'",
               "through: '2026-12-01'")},
      {"RefusesAPromiseThatDoesNotSayWhatMakesIt",
       {"missing_value at offers[b].promise"},
       Granted("use_within: '14d'"),
       "made: accepted"},
      {"RefusesAPromiseWithoutTime",
       {"missing_value at offers[b].promise"},
       Granted("made: 'accepted'"),
       "use_within"},
      {"RefusesAPromiseOfNoTime",
       {"bad_value at offers[b].promise.use_within"},
       Granted("made: 'accepted' use_within: '0d'"),
       "14d"},
      {"RefusesAPromiseOfMonths",
       {"bad_value at offers[b].promise.use_within"},
       Granted("made: 'accepted' use_within: '2m'"),
       "14d"},
      {"RefusesAnUnknownWayToMakeAPromise",
       {"unknown_word at offers[b].promise.made"},
       Granted("made: 'acepted' use_within: '14d'"),
       "did you mean `accepted`?"},
      {"RefusesUnknownTerms",
       {"unknown_word at offers[b].promise.terms"},
       Granted("made: 'accepted' use_within: '14d' terms: 'curent'"),
       "current"},
      {"RefusesAnUnknownWordForTheBudget",
       {"unknown_word at offers[b].promise.budget"},
       Granted("made: 'accepted' use_within: '14d' budget: 'check'"),
       "checked"},
      {"RefusesAnUnknownWordForTheEnd",
       {"unknown_word at offers[b].promise.after_end"},
       Granted("made: 'accepted' use_within: '14d' after_end: 'honored'"),
       "did you mean `honoured`?"},
      {"RefusesAPromiseThatEndsWithAnOfferThatDoesNot",
       {"unexpected_value at offers[b].promise.after_end"},
       Granted("made: 'accepted' use_within: '14d' after_end: 'ended'", "from: '2026-11-01'"),
       "through"},
  };
}

std::vector<FindingCase> BenefitCases() {
  return {
      {"RefusesNothingOff",
       {"out_of_range at offers[b].benefit.percent_off"},
       Benefit("percent_off: '0'"),
       "at most 100"},
      {"RefusesMoreThanEverythingOff",
       {"out_of_range at offers[b].benefit.percent_off"},
       Benefit("percent_off: '100.1'"),
       "at most 100"},
      {"AllowsEverythingOff", {}, Benefit("percent_off: '100'")},
      {"RefusesAPercentageThatIsNoNumber",
       {"bad_value at offers[b].benefit.percent_off"},
       Benefit("percent_off: 'half'"),
       "12.5"},
      {"RefusesABenefitThatTakesNothing", {"missing_value at offers[b].benefit"}, Benefit("")},
      {"RefusesAPerOfAPercentage",
       {"unexpected_value at offers[b].benefit.per"},
       Benefit("percent_off: '5' per: 'line'")},
      {"RefusesAnAmountWithoutPer",
       {"missing_value at offers[b].benefit"},
       Benefit(std::string("amount_off { ") + kBothCurrencies + " }"),
       "per: basket"},
      {"RefusesAnAmountPerUnknown",
       {"unknown_word at offers[b].benefit.per"},
       Benefit(std::string("per: 'units' amount_off { ") + kBothCurrencies + " }"),
       "`unit`?"},
      {"RefusesAnAmountInACurrencyThatTheRuleSetLacks",
       {"unknown_currency at offers[b].benefit.amount_off.amounts[USD]"},
       Benefit(std::string("per: 'line' amount_off { ") + kBothCurrencies +
               " amounts { key: 'USD' value: '5.00' } }"),
       "USD"},
      {"RefusesAnAmountWithTooManyDecimals",
       {"bad_value at offers[b].benefit.amount_off.amounts[EUR]"},
       Benefit("per: 'line' amount_off { amounts { key: 'EUR' value: '5.001' } "
               "amounts { key: 'CHF' value: '5' } }"),
       "2 decimals"},
      {"RefusesAnAmountOfNothing",
       {"out_of_range at offers[b].benefit.at_most.amounts[EUR]"},
       Benefit("percent_off: '5' at_most { amounts { key: 'EUR' value: '0.00' } "
               "amounts { key: 'CHF' value: '5' } }")},
      {"RefusesAmountsWithoutAny",
       {"missing_value at offers[b].benefit.at_most"},
       Benefit("percent_off: '5' at_most { }"),
       "EUR: 5.00"},
      {"WarnsOfACurrencyWithoutAmount",
       {"warning: missing_currency at offers[b].benefit.amount_off"},
       Benefit("per: 'line' amount_off { amounts { key: 'EUR' value: '5' } }"),
       "CHF"},
      {"RefusesAStageThatPricingDoesNotName",
       {"unknown_word at offers[b].stacking.stage"},
       Discount("stacking { stage: 'line' }"),
       "pricing.yaml",
       [](v1::RuleSet& m) {
         m.mutable_pricing()->clear_stages();
         m.mutable_pricing()->add_stages("order");
       }},
      {"RefusesAPlaceInPricingForAdvice",
       {"unexpected_value at offers[join].stacking"},
       "",
       "",
       [](v1::RuleSet& m) { m.mutable_offers(0)->mutable_stacking()->set_priority(1); }},
  };
}

std::string Amount(const std::string& key, const std::string& eur) {
  return key + " { amounts { key: 'EUR' value: '" + eur + "' } amounts { key: 'CHF' value: '" +
         eur + "' } } ";
}

std::vector<FindingCase> SetCases() {
  const std::string buy_and_get = "percent_off: '100' buy { units: 2 } get { units: 1 } ";
  return {
      {"RefusesBuyWithoutGet",
       {"missing_value at offers[b].benefit", "out_of_range at offers[b].benefit.get.units"},
       Benefit("percent_off: '100' buy { units: 2 } grouping: 'dearest_first'"),
       "get: { units: 1 }"},
      {"RefusesSetsWithoutGrouping",
       {"missing_value at offers[b].benefit"},
       Benefit(buy_and_get),
       "dearest_first"},
      {"RefusesAGroupingOfNothing",
       {"unexpected_value at offers[b].benefit"},
       Benefit("percent_off: '5' grouping: 'dearest_first'")},
      {"RefusesAnUnknownGrouping",
       {"unknown_word at offers[b].benefit.grouping"},
       Benefit(buy_and_get + "grouping: 'dearest'"),
       "dearest_first"},
      {"RefusesTheCheapestOfAllOfABundle",
       {"unknown_word at offers[b].benefit.grouping"},
       Benefit(Amount("price", "9.99") +
               "per: 'set' bundle { units: 3 } grouping: 'cheapest_of_all'")},
      {"RefusesABundleBesideBuyAndGet",
       {"unexpected_value at offers[b].benefit.bundle"},
       Benefit(buy_and_get + "bundle { units: 1 } grouping: 'dearest_first'")},
      {"RefusesAPartWithoutUnits",
       {"out_of_range at offers[b].benefit.bundle[1].units"},
       Benefit("percent_off: '5' bundle { units: 1 } bundle { } grouping: 'dearest_first'")},
      {"RefusesABundleOfNineParts",
       {"too_many at offers[b].benefit.bundle"},
       Benefit("percent_off: '5' grouping: 'dearest_first'"
               " bundle { units: 1 } bundle { units: 1 } bundle { units: 1 }"
               " bundle { units: 1 } bundle { units: 1 } bundle { units: 1 }"
               " bundle { units: 1 } bundle { units: 1 } bundle { units: 1 }")},
      {"RefusesALessThanOneSet",
       {"out_of_range at offers[b].benefit.sets_at_most"},
       Benefit(buy_and_get + "grouping: 'dearest_first' sets_at_most: -1")},
      {"RefusesAnAmountPerSetWithoutSets",
       {"unexpected_value at offers[b].benefit.per"},
       Benefit(Amount("amount_off", "5.00") + "per: 'set'"),
       "bundle"},
      {"RefusesSetsInTheStageLine",
       {"unexpected_value at offers[b].stacking.stage"},
       Benefit(buy_and_get + "grouping: 'dearest_first'"),
       "sets",
       [](v1::RuleSet& m) {
         m.mutable_offers(m.offers_size() - 1)->mutable_stacking()->set_stage("line");
       }},
      {"ReadsTheConditionOfAPart",
       {"unknown_name at offers[b].benefit.get.lines"},
       Benefit("percent_off: '50' buy { units: 1 } get { units: 1 lines: 'line.color == 1' } "
               "grouping: 'dearest_first'")},
  };
}

std::vector<FindingCase> TierCases() {
  return {
      {"RefusesTiersThatDescend",
       {"bad_value at offers[b].benefit.tiers[1]"},
       Benefit(
           "tiers { from_units: 3 percent_off: '5' } tiers { from_units: 3 percent_off: '9' }")},
      {"RefusesTiersOfTwoKinds",
       {"unexpected_value at offers[b].benefit.tiers[0]"},
       Benefit(Amount("amount_off", "1.00") +
               "per: 'basket' tiers { from_units: 3 percent_off: '5' }")},
      {"RefusesATierWithoutThreshold",
       {"missing_value at offers[b].benefit.tiers[0]"},
       Benefit("tiers { percent_off: '5' }"),
       "from_units"},
      {"RefusesATierWithoutKind",
       {"missing_value at offers[b].benefit.tiers[0]"},
       Benefit("percent_off: '2' tiers { from_units: 3 }"),
       "percent_off"},
      {"RefusesUnitsInNoOrder",
       {"unknown_word at offers[b].benefit.units.order"},
       Benefit("percent_off: '50' units { through: 1 }"),
       ""},
      {"RefusesARangeOfNoUnits",
       {"out_of_range at offers[b].benefit.units"},
       Benefit("percent_off: '50' units { order: 'dearest_first' from: 3 through: 2 }")},
      {"RefusesAGiftWithoutProduct",
       {"missing_value at offers[b].benefit.gift"},
       Benefit("gift { prompt: 'add' }"),
       "sku"},
      {"RefusesAnUnknownPrompt",
       {"unknown_word at offers[b].benefit.gift.prompt"},
       Benefit("gift { sku: 'MUG' prompt: 'scann' }"),
       "`scan`?"},
      {"RefusesNoPoints", {"out_of_range at offers[b].benefit.points.give"}, Benefit("points { }")},
      {"RefusesACouponThatSaysNothing",
       {"missing_value at offers[b].benefit.next_visit",
        "missing_value at offers[b].benefit.next_visit"},
       Benefit("next_visit { }")},
      {"RefusesACouponForAnOfferThatIsNotThere",
       {"unknown_offer at offers[b].benefit.next_visit.offer"},
       Benefit("next_visit { offer: 'nobody' use_within: '14d' }")},
      {"RefusesACouponForWhatNeedsNone",
       {"unexpected_value at offers[b].benefit.next_visit.offer"},
       Benefit("next_visit { offer: 'join' use_within: '14d' }"),
       "applies: granted"},
      {"RefusesACouponThatStartsSomeDay",
       {"unknown_word at offers[b].benefit.next_visit.starts"},
       Coupon("next_visit { offer: 'next' use_within: '14d' starts: 'tomorrow' }"),
       "next_day"},
      {"RefusesACouponForTimeUnknown",
       {"bad_value at offers[b].benefit.next_visit.use_within"},
       Coupon("next_visit { offer: 'next' use_within: 'soon' }"),
       "14d"},
      {"RefusesUnitsOfCoupons",
       {"unexpected_value at offers[b].benefit.next_visit"},
       Coupon("next_visit { offer: 'next' use_within: '14d' } units { order: 'cheapest_first' }"),
       "units"},
      {"RefusesPointsInAnotherStage",
       {"unexpected_value at offers[b].stacking.stage"},
       Benefit("points { give: 5 }"),
       "points",
       [](v1::RuleSet& m) {
         m.mutable_offers(m.offers_size() - 1)->mutable_stacking()->set_stage("order");
       }},
  };
}

std::vector<FindingCase> StackingCases() {
  return {
      {"RefusesToExcludeAnOfferThatIsNotThere",
       {"unknown_offer at offers[b].stacking.not_with[0]"},
       Discount("stacking { not_with: 'nobody' }")},
      {"RefusesToExcludeAGroupThatIsNotThere",
       {"unknown_offer at offers[b].stacking.not_with[0]"},
       Discount("stacking { not_with: 'group:staff' }")},
      {"RefusesToExcludeItself",
       {"bad_value at offers[b].stacking.not_with[0]"},
       Discount("stacking { not_with: 'b' }")},
      {"RefusesAnUnknownReach",
       {"unknown_word at offers[b].stacking.within"},
       Discount("stacking { exclusive: true within: 'lines' }"),
       "`line`?"},
      {"RefusesAnUnknownStageOfAnOffer",
       {"unknown_word at offers[b].stacking.stage"},
       Discount("stacking { stage: 'lines' }")},
      {"RefusesAShelfBehindOtherStages",
       {"bad_value at pricing.stages[2]"},
       "pricing { stages: 'shelf' }",
       "first"},
  };
}

std::vector<FindingCase> LimitCases() {
  return {
      {"RefusesALimitWithoutId",
       {"bad_name at offers[b].limits[0]"},
       Limit("at_most: '1' per: 'customer' over: '7d'"),
       "keeps the count"},
      {"RefusesTwoLimitsOfOneId",
       {"duplicate_name at offers[b].limits[1]"},
       Discount("limits { id: 'a' at_most: '1' per: 'customer' over: '7d' } "
                "limits { id: 'a' at_most: '2' per: 'customer' over: '7d' }")},
      {"RefusesALimitOfZero",
       {"out_of_range at offers[b].limits[a].at_most"},
       Limit("id: 'a' at_most: '0' per: 'basket'"),
       "at least one"},
      {"RefusesALimitWithoutNumber",
       {"missing_value at offers[b].limits[a]"},
       Limit("id: 'a' per: 'basket'"),
       "at_most"},
      {"RefusesALimitThatIsNoInt",
       {"wrong_result_type at offers[b].limits[a].at_most"},
       Limit("id: 'a' per: 'basket' at_most: 'customer.spend_90d'")},
      {"RefusesALimitOverTheBasketsValue",
       {"name_not_available at offers[b].limits[a].at_most"},
       Limit("id: 'a' per: 'basket' at_most: 'basket.gross > 1.00 ? 2 : 1'"),
       "it may use `customer`, `request`, `store` and `now`"},
      {"RefusesALimitOverTheBasketsNet",
       {"name_not_available at offers[b].limits[a].at_most"},
       Limit("id: 'a' per: 'basket' at_most: 'basket.net > 1.00 ? 2 : 1'"),
       "it may use `customer`, `request`, `store` and `now`"},
      {"RefusesALimitForNobody",
       {"missing_value at offers[b].limits[a]"},
       Limit("id: 'a' at_most: '1'"),
       "per: customer"},
      {"RefusesALimitPerUnknown",
       {"unknown_word at offers[b].limits[a].per"},
       Limit("id: 'a' at_most: '1' per: 'custommer'"),
       "`customer`?"},
      {"RefusesACountOfSomethingElse",
       {"unknown_word at offers[b].limits[a].count"},
       Limit("id: 'a' at_most: '1' per: 'customer' over: '7d' count: 'clicked'")},
      {"RefusesALimitPerCustomerWithoutTime",
       {"missing_value at offers[b].limits[a]"},
       Limit("id: 'a' at_most: '1' per: 'customer'"),
       "over: ever"},
      {"RefusesATimePerBasket",
       {"unexpected_value at offers[b].limits[a].over"},
       Limit("id: 'a' at_most: 'customer.known ? 1 : 0' per: 'basket' over: '7d'")},
      {"WarnsOfALimitThatCanNeverHaveAnEffect",
       {"warning: idle_limit at offers[b].limits[a].at_most"},
       Limit("id: 'a' at_most: '1' per: 'basket'"),
       "once at most"},
      {"AllowsAFormulaPerBasketSinceItMayComeToZero",
       {},
       Limit("id: 'a' at_most: 'customer.known ? 1 : 0' per: 'basket'")},
      {"RefusesATimeThatNoLimitCountsOver",
       {"bad_value at offers[b].limits[a].over"},
       Limit("id: 'a' at_most: '1' per: 'customer' over: 'calendar_year'")},
      {"RefusesALimitBeyondTheContactState",
       {"limit_too_large at offers[b].limits[a].at_most"},
       Limit("id: 'a' at_most: '257' per: 'customer' over: '7d'"),
       "256"},
      {"AllowsALimitOf256", {}, Limit("id: 'a' at_most: '256' per: 'customer' over: 'ever'")},
      {"RefusesAFormulaBeyondTheContactState",
       {"limit_too_large at offers[b].limits[a].at_most"},
       Limit("id: 'a' per: 'customer' over: '7d' at_most: 'customer.known ? 1 : "
             "(customer.tier == \"gold\" ? 257 : 2)'"),
       "257"},
      {"RefusesAnotherWordForTheAnonymous",
       {"unknown_word at offers[b].limits[a].anonymous"},
       Limit("id: 'a' at_most: '1' per: 'customer' over: '7d' anonymous: 'ok'"),
       "unlimited"},
  };
}

}  // namespace

// With every stage of pricing.
std::vector<FindingCase> InAllStages(std::vector<FindingCase> cases) {
  for (FindingCase& c : cases) {
    c.edit = [edit = c.edit](v1::RuleSet& m) {
      m.mutable_pricing()->clear_stages();
      if (edit) edit(m);
    };
  }
  return cases;
}

std::vector<FindingCase> OfferCases() {
  std::vector<FindingCase> all;
  for (const auto& cases :
       {IdentityCases(), ConditionCases(), WindowCases(), PromiseCases(), BenefitCases(),
        InAllStages(SetCases()), InAllStages(TierCases()), StackingCases(), LimitCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

std::vector<FindingCase> UnsupportedCases() {
  const auto finding = [](const std::string& path) {
    return std::vector<std::string>{"not_supported_yet at " + path};
  };
  return {
      {"SaysThatTheContactPolicyIsNotSupported", finding("policy"), "policy { }", "limits"},
      {"SaysThatPromisesOfOffersThatNobodyIsGrantedAreNotSupported", finding("offers[b].promise"),
       Discount("promise { made: 'accepted' use_within: '14d' }"), "applies: granted"},
      {"SaysThatPromisesAreNotMadeByShowing", finding("offers[b].promise.made"),
       Granted("made: 'shown' use_within: '14d'"), "made: accepted"},
      {"SaysThatPromisesReserveNoBudget", finding("offers[b].promise.budget"),
       Granted("made: 'accepted' use_within: '14d' budget: 'reserved'"), "budget: checked"},
      {"SaysThatHouseholdLimitsAreNotSupported", finding("offers[b].limits[a].per"),
       Limit("id: 'a' at_most: '1' per: 'household' over: '7d'"), "per: customer"},
      {"SaysThatOtherReferenceTablesAreNotSupported", finding("schema.reference[region]"),
       "schema { reference { key: 'region' value { key: 'id' } } }", "`product` and `store`"},
  };
}

}  // namespace touchstone::rules
