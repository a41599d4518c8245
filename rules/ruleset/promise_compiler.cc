#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/facts/text.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

// The words of a key: what this version acts on, and what it does not yet.
struct Words {
  std::vector<std::string> known;
  std::string not_yet;  // empty: none
};

class PromiseCompiler {
 public:
  PromiseCompiler(Compilation& c, absl::string_view path, const v1::Offer& offer)
      : c_(c), path_(absl::StrCat(path, ".promise")), offer_(offer), message_(offer.promise()) {}

  PromiseSpec Compile() {
    if (message_.made().empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a promise says what makes it",
                        "add `made: accepted`: it is granted to her when she accepts it");
    }
    CheckWord("made", message_.made(), {{"accepted"}, "shown"});
    CompileUseWithin();
    CheckWord("terms", message_.terms(), {{"current"}, "kept"});
    CheckWord("budget", message_.budget(), {{"checked"}, "reserved"});
    CheckWord("after_end", message_.after_end(), {{"ended", "honoured"}, ""});
    CompileAfterEnd();
    return spec_;
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }

  void CheckWord(absl::string_view key, const std::string& word, const Words& words) {
    if (word.empty()) return;
    if (std::find(words.known.begin(), words.known.end(), word) != words.known.end()) return;
    if (word == words.not_yet) {
      c_.reporter.NotSupportedYet(At(key), absl::StrCat("`", key, ": ", word, "`"),
                                  absl::StrCat("use `", key, ": ", words.known.front(), "`"));
      return;
    }
    c_.reporter.Error(codes::kUnknownWord, At(key),
                      absl::StrCat("`", key, "` of a promise cannot be `", word, "`"),
                      HintFor(word, words.known));
  }

  void CompileUseWithin() {
    if (message_.use_within().empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a promise says how long it can be used",
                        "add `use_within: 14d`");
      return;
    }
    const absl::StatusOr<TrailingWindow> within = ParseTrailingWindow(message_.use_within());
    if (within.ok()) {
      spec_.use_within = LengthOf(*within);
    } else {
      c_.reporter.Error(codes::kBadValue, At("use_within"), within.status().message(),
                        "days or hours, such as `14d`");
    }
  }

  void CompileAfterEnd() {
    spec_.ends_with_window = message_.after_end() == "ended";
    if (!spec_.ends_with_window || !offer_.window().through().empty()) return;
    c_.reporter.Error(codes::kUnexpectedValue, At("after_end"),
                      "the offer has no last day with which the promise could end",
                      "add `through` to `window`, or leave `after_end` out");
  }

  Compilation& c_;
  const std::string path_;
  const v1::Offer& offer_;
  const v1::Promise& message_;
  PromiseSpec spec_;
};

}  // namespace

std::optional<PromiseSpec> CompilePromise(Compilation& c, absl::string_view path,
                                          const v1::Offer& offer) {
  if (!offer.has_promise()) return std::nullopt;
  if (offer.applies() == "granted") return PromiseCompiler(c, path, offer).Compile();
  c.reporter.NotSupportedYet(absl::StrCat(path, ".promise"),
                             "`promise` of an offer that is not granted",
                             "write `applies: granted`, or leave it out: without it the offer ends "
                             "with its window");
  return std::nullopt;
}

}  // namespace touchstone::rules
