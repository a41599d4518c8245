#include "tests/rules/ruleset/finding_case.h"

namespace touchstone::rules {

std::vector<FindingCase> SettingsCases() {
  return {
      {"RefusesARuleSetWithoutZone",
       {"missing_value at settings.zone"},
       "",
       "zone: Europe/Berlin",
       [](v1::RuleSet& m) { m.mutable_settings()->clear_zone(); }},
      {"RefusesAZoneThatIsNoIanaName",
       {"unknown_zone at settings.zone"},
       "settings { zone: 'Europe/Berln' }",
       "IANA"},
      {"RefusesACurrencyThatIsNotIso",
       {"unknown_currency at settings.currencies[2]"},
       "settings { currencies: 'EURO' }",
       "ISO 4217"},
      {"RefusesTheSameCurrencyTwice",
       {"duplicate_name at settings.currencies[2]"},
       "settings { currencies: 'EUR' }",
       "twice"},
      {"RefusesALocaleThatIsNoLanguageTag",
       {"bad_name at settings.locales[1]"},
       "",
       "BCP 47",
       [](v1::RuleSet& m) {
         m.mutable_settings()->set_locales(1, "d");
         auto& texts =
             *(*(*m.mutable_offers(0)->mutable_treatments())["receipt"].mutable_fields())["text"]
                  .mutable_by_locale();
         texts["d"] = texts["de"];
         texts.erase("de");
       }},
      {"RefusesAChannelThatExpressionsCannotName",
       {"bad_name at settings.channels[2]"},
       "settings { channels: 'call-centre' }",
       "small letter"},
      {"RefusesTheSixtyFifthChannel",
       {"too_many at settings.channels[64]"},
       "",
       "64",
       [](v1::RuleSet& m) {
         for (int i = m.settings().channels_size(); i < 65; ++i) {
           m.mutable_settings()->add_channels("c" + std::to_string(i));
         }
       }},
      {"AllowsSixtyFourChannels",
       {},
       "",
       "",
       [](v1::RuleSet& m) {
         for (int i = m.settings().channels_size(); i < 64; ++i) {
           m.mutable_settings()->add_channels("c" + std::to_string(i));
         }
       }},
  };
}

}  // namespace touchstone::rules
