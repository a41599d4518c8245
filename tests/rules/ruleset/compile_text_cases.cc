#include "tests/rules/ruleset/finding_case.h"

namespace touchstone::rules {
namespace {

// An offer `b` of 5% that says this on the receipt, in every locale.
std::string Says(const std::string& text) {
  return "offers { offer: 'b' applies: 'automatic' benefit { percent_off: '5' } treatments { "
         "key: 'receipt' value { fields { key: 'text' value { text: '" +
         text + "' } } } } }";
}

std::string Treatment(const std::string& placement, const std::string& fields) {
  return "offers { offer: 'b' applies: 'automatic' benefit { percent_off: '5' } treatments { "
         "key: '" +
         placement + "' value { " + fields + " } } }";
}

std::string Url(const std::string& url) {
  return Treatment("hero",
                   "fields { key: 'banner' value { text: 'A' } } "
                   "fields { key: 'image' value { text: '" +
                       url + "' } }");
}

// What an offer `b` says when it was nearly reached.
std::string SaysNearly(const std::string& placement, const std::string& fields,
                       const std::string& benefit = "benefit { percent_off: '5' }") {
  return "offers { offer: 'b' applies: '" + std::string(benefit.empty() ? "never" : "automatic") +
         "' " + benefit + " near_misses { key: '" + placement + "' value { " + fields + " } } }";
}

std::string OnTheReceipt(const std::string& text) {
  return SaysNearly("receipt", "fields { key: 'text' value { text: '" + text + "' } }");
}

}  // namespace

std::vector<FindingCase> NearMissCases() {
  const std::string text = "offers[b].near_misses[receipt].fields[text].text";
  return {
      {"AllowsANearMissThatLeavesAFieldOut",
       {},
       SaysNearly("hero", "fields { key: 'banner' value { text: 'Add {near_miss.spend}' } }")},
      {"RefusesANearMissInAnUnknownPlacement",
       {"unknown_placement at offers[b].near_misses[recept]"},
       SaysNearly("recept", "fields { key: 'text' value { text: 'A' } }"),
       "`receipt`?"},
      {"RefusesAnUnknownFieldOfANearMiss",
       {"unknown_field at offers[b].near_misses[receipt].fields[txt]"},
       SaysNearly("receipt", "fields { key: 'txt' value { text: 'A' } }")},
      {"RefusesANearMissThatSaysNothing",
       {"missing_text at offers[b].near_misses[receipt]"},
       SaysNearly("receipt", "")},
      {"RefusesANearMissOfAnOfferThatChangesNoBasket",
       {"unexpected_value at offers[b].near_misses", "warning: idle_offer at offers[b]"},
       SaysNearly("receipt", "fields { key: 'text' value { text: 'A' } }", "")},
      {"RefusesATextOfTwoChanges",
       {"bad_text at offers[b].near_misses[receipt]"},
       OnTheReceipt("{near_miss.spend} or {near_miss.units}"),
       "{near_miss.…}"},
      {"RefusesAnUnknownChange",
       {"unknown_placeholder at " + text},
       OnTheReceipt("{near_miss.spent}"),
       "`near_miss.spend`?"},
      {"RefusesAChangeInATreatment",
       {"unknown_placeholder at offers[b].treatments[receipt].fields[text].text"},
       Says("Add {near_miss.spend}"),
       "`near_misses`"},
      {"RefusesTooManyNearMisses",
       {"out_of_range at pricing.near_misses.at_most"},
       "pricing { near_misses { at_most: 11 } }"},
      {"RefusesTooManyUnitsToAdd",
       {"out_of_range at pricing.near_misses.units"},
       "pricing { near_misses { units: 101 } }"},
      {"RefusesAWordForAWhile",
       {"bad_value at pricing.near_misses.within"},
       "pricing { near_misses { within: 'soon' } }"},
      {"RefusesAnOfferThatIsFarAway",
       {"out_of_range at pricing.near_misses.within"},
       "pricing { near_misses { within: '32d' } }"},
      {"AllowsToAddMoneyOfOneCurrency",
       {},
       "pricing { near_misses { spend { amounts { key: 'EUR' value: '20.00' } } within: '48h' } }"},
  };
}

std::vector<FindingCase> TextCases() {
  const std::string text = "offers[b].treatments[receipt].fields[text].text";
  const std::string image = "offers[b].treatments[hero].fields[image].text";
  return {
      {"RefusesATreatmentOfAnUnknownPlacement",
       {"unknown_placement at offers[b].treatments[hiro]"},
       Treatment("hiro", ""),
       "did you mean `hero`?"},
      {"RefusesATreatmentThatLeavesAFieldOut",
       {"missing_text at offers[b].treatments[hero]"},
       Treatment("hero", "fields { key: 'banner' value { text: 'A' } }"),
       "`image:`"},
      {"RefusesAFieldThatThePlacementDoesNotHave",
       {"unknown_field at offers[b].treatments[receipt].fields[txt]"},
       Treatment("receipt",
                 "fields { key: 'text' value { text: 'A' } } "
                 "fields { key: 'txt' value { text: 'A' } }"),
       "`text`"},
      {"RefusesATextWithoutALocale",
       {"missing_text at offers[b].treatments[receipt].fields[text]"},
       Treatment("receipt", "fields { key: 'text' value { by_locale { key: 'en' value: 'A' } } }"),
       "no text for de"},
      {"TakesTheTextForAllLocalesThatAreNotNamed",
       {},
       Treatment("receipt",
                 "fields { key: 'text' value { text: 'A' by_locale { key: 'de' "
                 "value: 'B' } } }")},
      {"RefusesALocaleThatTheRuleSetLacks",
       {"unknown_locale at offers[b].treatments[receipt].fields[text].by_locale[fr]"},
       Treatment("receipt",
                 "fields { key: 'text' value { text: 'A' by_locale { key: 'fr' "
                 "value: 'B' } } }"),
       "fr"},
      {"RefusesATextThatIsTooLongOnce",
       {"text_too_long at " + text},
       Says(std::string(41, 'x')),
       "41"},
      {"CountsCharactersAndNotBytes", {}, Says([] {
         std::string umlauts;
         for (int i = 0; i < 40; ++i) umlauts += "ä";
         return umlauts;
       }())},
      {"DoesNotCountPlaceholders", {}, Says(std::string(40, 'x') + "{customer.first_name}")},
      {"RefusesAnUnknownPlaceholder",
       {"unknown_placeholder at " + text},
       Says("Hi {customer.firstname}"),
       "customer.first_name"},
      {"RefusesAPlaceholderOfTheBasket",
       {"unknown_placeholder at " + text},
       Says("{basket.gross}")},
      {"RefusesAListInAText",
       {"unknown_placeholder at " + text},
       Says("{customer.allergies}"),
       "no text form"},
      {"RefusesABraceWithoutEnd", {"bad_text at " + text}, Says("off {benefit.amount"), "{{"},
      {"RefusesABenefitInAdvice",
       {"unknown_placeholder at offers[join].treatments[receipt].fields[text].text"},
       "",
       "no benefit",
       [](v1::RuleSet& m) {
         auto& field =
             (*(*m.mutable_offers(0)->mutable_treatments())["receipt"].mutable_fields())["text"];
         field.clear_by_locale();
         field.set_text("{benefit.amount}");
       }},
      {"RefusesThePercentageOfAnAmount",
       {"unknown_placeholder at offers[b].treatments[receipt].fields[text].text"},
       Says("{benefit.percent}"),
       "{benefit.amount}",
       [](v1::RuleSet& m) {
         v1::Benefit& benefit = *m.mutable_offers(1)->mutable_benefit();
         (*benefit.mutable_amount_off()->mutable_amounts())["EUR"] = "1";
         (*benefit.mutable_amount_off()->mutable_amounts())["CHF"] = "1";
         benefit.set_per("line");
       }},
      {"RefusesAUrlWithASpace", {"bad_text at " + image}, Url("my beans.jpg")},
      {"RefusesAUrlThatABrowserWouldRun", {"bad_text at " + image}, Url("javascript:alert(1)")},
      {"AllowsAWebAddress", {}, Url("https://example.com/a:b.jpg")},
      {"WarnsOfATreatmentThatNoChannelReaches",
       {"warning: unreachable_treatment at offers[b].treatments[receipt]"},
       Treatment("receipt", "fields { key: 'text' value { text: 'A' } }"),
       "`pos`",
       [](v1::RuleSet& m) { m.mutable_offers(1)->add_channels("web"); }},
  };
}

}  // namespace touchstone::rules
