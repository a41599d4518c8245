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

}  // namespace

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
