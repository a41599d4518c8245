#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"
#include "rules/ruleset/text_template.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

class TreatmentCompiler {
 public:
  TreatmentCompiler(Compilation& c, std::string path, TextKind kind, const PlacementSpec& placement,
                    const v1::Treatment& message, const BenefitSpec* benefit)
      : c_(c),
        path_(std::move(path)),
        kind_(kind),
        placement_(placement),
        message_(message),
        benefit_(benefit) {}

  TreatmentSpec Compile() {
    TreatmentSpec spec;
    for (const PlacementSpec::Field& field : placement_.fields) {
      std::vector<TextTemplate>& texts = spec.texts.emplace_back();
      const auto found = message_.fields().find(field.name);
      if (found == message_.fields().end()) {
        // A near miss says what there is to say; a treatment fills its place.
        if (kind_ == TextKind::kNearMiss) continue;
        c_.reporter.Error(codes::kMissingText, path_,
                          absl::StrCat("`", placement_.name, "` has a field `", field.name,
                                       "`, which this treatment leaves out"),
                          absl::StrCat("add `", field.name, ":` to the treatment"));
        texts.resize(c_.rule_set.locales.size());
        continue;
      }
      texts = CompileField(field, found->second);
    }
    CheckThatFieldsExist();
    return spec;
  }

 private:
  std::string FieldPath(absl::string_view field) const {
    return absl::StrCat(path_, ".fields[", field, "]");
  }

  std::vector<TextTemplate> CompileField(const PlacementSpec::Field& field,
                                         const v1::LocalizedText& message) {
    const std::string path = FieldPath(field.name);
    std::vector<TextTemplate> texts;
    std::vector<std::string> missing;
    std::optional<TextTemplate> shared;
    for (const std::string& locale : c_.rule_set.locales) {
      const auto found = message.by_locale().find(locale);
      const bool named = found != message.by_locale().end();
      const std::string& text = named ? found->second : message.text();
      if (text.empty()) {
        missing.push_back(locale);
        texts.emplace_back();
        continue;
      }
      // A text for every locale is reported once, with the first that takes it.
      if (!named && shared) {
        texts.push_back(*shared);
        continue;
      }
      texts.push_back(
          CompileOne(absl::StrCat(path, named ? absl::StrCat(".by_locale[", locale, "]") : ".text"),
                     text, field));
      if (!named) shared = texts.back();
    }
    if (!missing.empty()) {
      c_.reporter.Error(codes::kMissingText, path,
                        absl::StrCat("there is no text for ", absl::StrJoin(missing, ", ")),
                        "every locale of rule_set.yaml needs one");
    }
    for (const std::string& locale : SortedKeys(message.by_locale())) {
      const auto& locales = c_.rule_set.locales;
      if (std::find(locales.begin(), locales.end(), locale) != locales.end()) continue;
      c_.reporter.Unknown(codes::kUnknownLocale, absl::StrCat(path, ".by_locale[", locale, "]"),
                          "locale", locale, locales);
    }
    return texts;
  }

  TextTemplate CompileOne(const std::string& path, const std::string& text,
                          const PlacementSpec::Field& field) {
    TextTemplate compiled =
        CompileText(path, text, kind_, benefit_, *c_.rule_set.layout, *c_.expressions, c_.reporter);
    const size_t characters = LiteralCharacters(compiled);
    if (characters > static_cast<size_t>(field.max_characters)) {
      c_.reporter.Error(codes::kTextTooLong, path,
                        absl::StrCat("the text has ", characters, " characters; `", field.name,
                                     "` of `", placement_.name, "` holds ", field.max_characters));
    }
    if (field.is_url) CheckUrl(path, text);
    return compiled;
  }

  // A whole address or a path; nothing that a browser would run.
  void CheckUrl(const std::string& path, const std::string& text) {
    const bool has_space = std::any_of(text.begin(), text.end(), [](char character) {
      return static_cast<unsigned char>(character) <= ' ';
    });
    const size_t colon = text.find(':');
    const size_t slash = text.find('/');
    const bool has_scheme = colon != std::string::npos && colon < slash;
    const bool is_web = absl::StartsWith(text, "https://") || absl::StartsWith(text, "http://");
    if (!has_space && (!has_scheme || is_web)) return;
    c_.reporter.Error(codes::kBadText, path, absl::StrCat("`", text, "` is not a url"),
                      "`https://…` or a path, without spaces");
  }

  void CheckThatFieldsExist() {
    std::vector<std::string> known;
    for (const PlacementSpec::Field& field : placement_.fields) known.push_back(field.name);
    for (const std::string& name : SortedKeys(message_.fields())) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      c_.reporter.Unknown(codes::kUnknownField, FieldPath(name),
                          absl::StrCat("field of `", placement_.name, "` named"), name, known);
    }
  }

  Compilation& c_;
  const std::string path_;
  const TextKind kind_;
  const PlacementSpec& placement_;
  const v1::Treatment& message_;
  const BenefitSpec* const benefit_;
};

}  // namespace

std::vector<std::optional<TreatmentSpec>> CompileTreatments(
    Compilation& c, absl::string_view path, TextKind kind,
    const google::protobuf::Map<std::string, v1::Treatment>& messages, const BenefitSpec* benefit) {
  std::vector<std::optional<TreatmentSpec>> treatments(c.rule_set.placements.size());
  for (const std::string& placement : SortedKeys(messages)) {
    const std::string at = absl::StrCat(path, "[", placement, "]");
    const auto found = c.rule_set.placement_by_name.find(placement);
    if (found == c.rule_set.placement_by_name.end()) {
      c.reporter.Unknown(codes::kUnknownPlacement, at, "placement", placement,
                         SortedKeys(c.message.placements()));
      continue;
    }
    treatments[found->second] = TreatmentCompiler(c, at, kind, c.rule_set.placements[found->second],
                                                  messages.at(placement), benefit)
                                    .Compile();
  }
  return treatments;
}

}  // namespace touchstone::rules
