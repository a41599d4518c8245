#include "tests/rules/ruleset/finding_case.h"

namespace touchstone::rules {
namespace {

constexpr char kStore[] =
    "test_reference { table: 'store' key: 'S12' fields { key: 'currency' value { text: 'CHF' } } "
    "} ";

std::string Test(const std::string& body) {
  return std::string(kStore) + "tests { name: 't' at: '2026-11-26T08:30' channel: 'pos' " + body +
         " }";
}

std::string Given(const std::string& body) { return Test("given { " + body + " }"); }
std::string Expect(const std::string& body) { return Test("expect { " + body + " }"); }
std::string Line(const std::string& body) { return Given("basket { " + body + " }"); }

std::string Row(const std::string& body) {
  return "test_reference { table: 'product' key: 'A' " + body + " }";
}

std::vector<FindingCase> PlaceCases() {
  return {
      {"AllowsAGoldenTestThatSaysEverything",
       {},
       Test("store: 'S12' placements: 'receipt' direction: 'inbound' locale: 'de-CH' "
            "given { customer { fields { key: 'spend_90d' value { text: '412.00' } } "
            "fields { key: 'tier' value { text: 'gold' } } } "
            "request { fields { key: 'weather' value { text: 'rain' } } } "
            "basket { sku: 'A' quantity: '2.5' price: '1.4999' price_source: 'shelf' } "
            "contacts { offer: 'join' kind: 'shown' at: '2026-11-20T08:30' } record: 'present' } "
            "expect { segment: 'loyal' payable: '3.75' applied { } "
            "refused { key: 'join' value: 'rank' } "
            "shown { key: 'receipt' value { offers: 'join' } } wins: 'join' "
            "completeness: 'complete' "
            "texts { key: 'receipt' value { fields { key: 'text' value: 'Join' } } } }")},
      {"RefusesAGoldenTestWithoutName",
       {"missing_value at tests[0]"},
       "tests { at: '2026-11-26T08:30' channel: 'pos' }",
       "name"},
      {"RefusesTwoGoldenTestsOfOneName",
       {"duplicate_name at tests[1].name"},
       Test("") + "tests { name: 't' at: '2026-11-26T08:30' channel: 'pos' }"},
      {"RefusesAGoldenTestWithoutTime",
       {"missing_value at tests[0]"},
       "tests { name: 't' channel: 'pos' }",
       "at:"},
      {"RefusesATimeThatCannotBeRead",
       {"bad_value at tests[0].at"},
       "tests { name: 't' at: '26.11.2026' channel: 'pos' }",
       "2026-11-26T08:30"},
      {"RefusesAStoreThatTheTestsDoNotHave",
       {"unknown_row at tests[0].store"},
       Test("store: 'S13'"),
       "tests/reference/store.yaml"},
      {"RefusesAGoldenTestWithoutChannel",
       {"missing_value at tests[0]"},
       "tests { name: 't' at: '2026-11-26T08:30' }",
       "channel: pos"},
      {"RefusesAnUnknownChannelOfAGoldenTest",
       {"unknown_channel at tests[0].channel"},
       "tests { name: 't' at: '2026-11-26T08:30' channel: 'poss' }",
       "`pos`?"},
      {"RefusesAPlacementOfAnotherChannel",
       {"unknown_placement at tests[0].placements[0]"},
       Test("placements: 'hero'"),
       "not of the channel"},
      {"RefusesAnUnknownDirection",
       {"unknown_word at tests[0].direction"},
       Test("direction: 'in'")},
      {"RefusesALocaleOfAGoldenTestThatIsNoTag",
       {"bad_value at tests[0].locale"},
       Test("locale: 'de_CH'"),
       "BCP 47"},
  };
}

std::vector<FindingCase> GivenCases() {
  return {
      {"RefusesAFactThatTheSchemaDoesNotDeclare",
       {"unknown_attribute at tests[0].given.customer.fields[tierr]"},
       Given("customer { fields { key: 'tierr' value { text: 'gold' } } }"),
       "`tier`?"},
      {"RefusesAFactThatIsNotOfItsType",
       {"bad_value at tests[0].given.customer.fields[tier]"},
       Given("customer { fields { key: 'tier' value { text: 'platinum' } } }"),
       "none, silver"},
      {"RefusesAnAggregateThatIsNotOfItsType",
       {"bad_value at tests[0].given.customer.fields[visits_30d]"},
       Given("customer { fields { key: 'visits_30d' value { text: 'many' } } }")},
      {"RefusesAnUnknownFactOfTheRequest",
       {"unknown_attribute at tests[0].given.request.fields[wether]"},
       Given("request { fields { key: 'wether' value { text: 'rain' } } }"),
       "`weather`?"},
      {"RefusesALineWithoutProduct",
       {"missing_value at tests[0].given.basket[0]"},
       Line("price: '1'"),
       "sku"},
      {"RefusesALineWithoutPrice",
       {"missing_value at tests[0].given.basket[0].price"},
       Line("sku: 'A'")},
      {"RefusesAPriceWithFiveDecimals",
       {"bad_value at tests[0].given.basket[0].price"},
       Line("sku: 'A' price: '1.00001'"),
       "four decimals"},
      {"RefusesAQuantityOfZero",
       {"bad_value at tests[0].given.basket[0].quantity"},
       Line("sku: 'A' price: '1' quantity: '0'")},
      {"RefusesAnUnknownPriceSource",
       {"unknown_word at tests[0].given.basket[0].price_source"},
       Line("sku: 'A' price: '1' price_source: 'sale'")},
      {"RefusesABasketInACurrencyThatTheRuleSetLacks",
       {"unknown_currency at tests[0].given.currency"},
       Given("currency: 'USD'")},
      {"RefusesAContactWithAnUnknownOffer",
       {"unknown_offer at tests[0].given.contacts[0].offer"},
       Given("contacts { offer: 'gone' kind: 'shown' at: '2026-11-20T08:30' }")},
      {"RefusesAContactThatNobodyCounts",
       {"unknown_word at tests[0].given.contacts[0].kind"},
       Given("contacts { offer: 'join' kind: 'clicked' at: '2026-11-20T08:30' }")},
      {"RefusesAContactWithoutKind",
       {"missing_value at tests[0].given.contacts[0]"},
       Given("contacts { offer: 'join' at: '2026-11-20T08:30' }"),
       "kind: shown"},
      {"RefusesAnUnknownStateOfTheRecord",
       {"unknown_word at tests[0].given.record"},
       Given("record: 'late'"),
       "unavailable"},
  };
}

std::vector<FindingCase> ExpectCases() {
  return {
      {"RefusesAnUnknownSegmentToExpect",
       {"unknown_segment at tests[0].expect.segment"},
       Expect("segment: 'loyl'"),
       "`loyal`?"},
      {"AllowsTheAnonymousSegment", {}, Expect("segment: 'anonymous'")},
      {"RefusesAnUnknownOfferToApply",
       {"unknown_offer at tests[0].expect.applied.amounts[gone]"},
       Expect("applied { amounts { key: 'gone' value: '1.00' } }")},
      {"RefusesAdviceToApply",
       {"missing_benefit at tests[0].expect.applied.amounts[join]"},
       Expect("applied { amounts { key: 'join' value: '1.00' } }"),
       "no benefit"},
      {"RefusesAnAmountThatTheCurrencyDoesNotHave",
       {"bad_value at tests[0].expect.payable"},
       Expect("payable: '1.005'"),
       "EUR"},
      {"ReadsAmountsInTheCurrencyOfTheStore",
       {"bad_value at tests[0].expect.payable"},
       Test("store: 'S12' expect { payable: '1.005' }"),
       "CHF"},
      {"RefusesAnUnknownStageToBeRefusedAt",
       {"unknown_word at tests[0].expect.refused[join]"},
       Expect("refused { key: 'join' value: 'elegible' }"),
       "`eligible`?"},
      {"RefusesAnUnknownPlacementToBeShownIn",
       {"unknown_placement at tests[0].expect.shown[recept]"},
       Expect("shown { key: 'recept' value { } }"),
       "`receipt`?"},
      {"RefusesAnUnknownOfferToBeShown",
       {"unknown_offer at tests[0].expect.shown[receipt].offers[0]"},
       Expect("shown { key: 'receipt' value { offers: 'gone' } }")},
      {"RefusesAnUnknownOfferToWin",
       {"unknown_offer at tests[0].expect.wins[0]"},
       Expect("wins: 'gone'")},
      {"RefusesAnUnknownCompleteness",
       {"unknown_word at tests[0].expect.completeness"},
       Expect("completeness: 'whole'")},
      {"RefusesTheTextOfAnUnknownField",
       {"unknown_field at tests[0].expect.texts[receipt].fields[txt]"},
       Expect("texts { key: 'receipt' value { fields { key: 'txt' value: 'A' } } }")},
      {"RefusesAnUnknownOfferToBeNearlyReached",
       {"unknown_offer at tests[0].expect.near_misses.changes[gone]"},
       Expect("near_misses { changes { key: 'gone' value: 'card' } }")},
      {"RefusesAnOfferThatIsNeverSaidToBeNear",
       {"missing_text at tests[0].expect.near_misses.changes[join]",
        "bad_value at tests[0].expect.near_misses.changes[join]"},
       Expect("near_misses { changes { key: 'join' value: 'some more' } }")},
  };
}

std::vector<FindingCase> RowCases() {
  return {
      {"RefusesARowOfAnUnknownTable",
       {"unknown_word at test_reference[produkt/A]"},
       "test_reference { table: 'produkt' key: 'A' }",
       "`product`?"},
      {"RefusesARowWithoutKey",
       {"missing_value at test_reference[product/]"},
       "test_reference { table: 'product' }"},
      {"RefusesARowTwice", {"duplicate_name at test_reference[1]"}, Row("") + " " + Row("")},
      {"RefusesAColumnThatTheTableDoesNotHave",
       {"unknown_attribute at test_reference[product/A].fields[tabaco]"},
       Row("fields { key: 'tabaco' value { text: 'true' } }"),
       "`tobacco`?"},
      {"RefusesACellThatIsNotOfItsColumn",
       {"bad_value at test_reference[product/A].fields[tobacco]"},
       Row("fields { key: 'tobacco' value { text: 'yes' } }"),
       "true or false"},
  };
}

}  // namespace

std::vector<FindingCase> GoldenCases() {
  std::vector<FindingCase> all;
  for (const auto& cases : {PlaceCases(), GivenCases(), ExpectCases(), RowCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

}  // namespace touchstone::rules
