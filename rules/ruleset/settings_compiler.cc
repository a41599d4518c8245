#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

// Reports an empty list and repeated elements; true for the elements that count.
class DistinctNames {
 public:
  DistinctNames(Compilation& c, absl::string_view path) : c_(c), path_(path) {}
  bool Accept(int position, const std::string& name) {
    if (seen_.insert(name).second) return true;
    c_.reporter.Error(codes::kDuplicateName, At(position),
                      absl::StrCat("`", name, "` stands here twice"));
    return false;
  }
  std::string At(int position) const { return absl::StrCat(path_, "[", position, "]"); }

 private:
  Compilation& c_;
  std::string path_;
  absl::flat_hash_set<std::string> seen_;
};

void CompileCurrencies(Compilation& c, const v1::RuleSetSettings& settings) {
  DistinctNames distinct(c, "settings.currencies");
  for (int i = 0; i < settings.currencies_size(); ++i) {
    const std::string& code = settings.currencies(i);
    if (!distinct.Accept(i, code)) continue;
    const absl::StatusOr<Currency> currency = Currency::FromCode(code);
    if (currency.ok()) {
      c.rule_set.schema.currencies.push_back(*currency);
    } else {
      c.reporter.Error(codes::kUnknownCurrency, distinct.At(i),
                       absl::StrCat("`", code, "` is not an ISO 4217 currency"));
    }
  }
  if (settings.currencies_size() == 0) {
    c.reporter.Error(codes::kMissingValue, "settings.currencies",
                     "a rule set names the currencies that baskets may have",
                     "add `currencies: [EUR]` to rule_set.yaml");
  }
}

void CompileLocales(Compilation& c, const v1::RuleSetSettings& settings) {
  DistinctNames distinct(c, "settings.locales");
  for (int i = 0; i < settings.locales_size(); ++i) {
    if (!distinct.Accept(i, settings.locales(i))) continue;
    if (!IsLocale(settings.locales(i))) {
      c.reporter.Error(codes::kBadName, distinct.At(i),
                       absl::StrCat("`", settings.locales(i), "` is not a BCP 47 language tag"),
                       "for instance `en` or `de-AT`");
    }
    c.rule_set.locales.push_back(settings.locales(i));
  }
  if (settings.locales_size() == 0) {
    c.reporter.Error(codes::kMissingValue, "settings.locales",
                     "a rule set names the locales of its texts",
                     "add `locales: [en]` to rule_set.yaml");
  }
}

void CompileChannels(Compilation& c, const v1::RuleSetSettings& settings) {
  DistinctNames distinct(c, "settings.channels");
  for (int i = 0; i < settings.channels_size(); ++i) {
    if (!distinct.Accept(i, settings.channels(i))) continue;
    if (!IsSchemaName(settings.channels(i))) {
      c.reporter.Error(codes::kBadName, distinct.At(i),
                       absl::StrCat("`", settings.channels(i), "` cannot be the name of a channel"),
                       "a channel is a small letter, then small letters, digits and _");
    }
    if (c.rule_set.channels.size() == kMaxChannels) {
      c.reporter.Error(codes::kTooMany, distinct.At(i),
                       absl::StrCat("a rule set has at most ", kMaxChannels, " channels"));
      break;
    }
    c.rule_set.channels.push_back(settings.channels(i));
  }
  if (settings.channels_size() == 0) {
    c.reporter.Error(codes::kMissingValue, "settings.channels", "a rule set names its channels",
                     "add `channels: [pos]` to rule_set.yaml");
  }
}

}  // namespace

void CompileSettings(Compilation& c) {
  const v1::RuleSetSettings& settings = c.message.settings();
  c.rule_set.name = settings.name();
  c.rule_set.schema.zone = absl::UTCTimeZone();
  if (settings.zone().empty()) {
    c.reporter.Error(codes::kMissingValue, "settings.zone", "a rule set has a time zone",
                     "add `zone: Europe/Berlin` to rule_set.yaml");
  } else if (!absl::LoadTimeZone(settings.zone(), &c.rule_set.schema.zone)) {
    c.reporter.Error(codes::kUnknownZone, "settings.zone",
                     absl::StrCat("`", settings.zone(), "` is not an IANA time zone"),
                     "for instance `Europe/Berlin`");
  }
  CompileCurrencies(c, settings);
  CompileLocales(c, settings);
  CompileChannels(c, settings);
}

int FindChannel(const RuleSet& rule_set, absl::string_view channel) {
  for (size_t i = 0; i < rule_set.channels.size(); ++i) {
    if (rule_set.channels[i] == channel) return static_cast<int>(i);
  }
  return -1;
}

std::optional<Currency> FindCurrency(Compilation& c, absl::string_view path,
                                     absl::string_view code) {
  for (const Currency currency : c.rule_set.schema.currencies) {
    if (currency.code() == code) return currency;
  }
  c.reporter.Error(codes::kUnknownCurrency, path,
                   absl::StrCat("the rule set does not have the currency `", code, "`"),
                   "add it to `currencies` in rule_set.yaml or leave it out here");
  return std::nullopt;
}

}  // namespace touchstone::rules
