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

// `use_within` of the message at `path`: how long what is granted can be used.
absl::Duration CompileUseWithin(Compilation& c, const std::string& path, const std::string& text,
                                absl::string_view what) {
  if (text.empty()) {
    c.reporter.Error(codes::kMissingValue, path,
                     absl::StrCat(what, " says how long it can be used"), "add `use_within: 14d`");
    return {};
  }
  const absl::StatusOr<TrailingWindow> within = ParseTrailingWindow(text);
  if (within.ok()) return LengthOf(*within);
  c.reporter.Error(codes::kBadValue, absl::StrCat(path, ".use_within"), within.status().message(),
                   "days or hours, such as `14d`");
  return {};
}

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
    spec_.use_within = CompileUseWithin(c_, path_, message_.use_within(), "a promise");
    CheckWord("terms", message_.terms(), {{"current", "kept"}, ""});
    spec_.keeps_terms = message_.terms() == "kept";
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

std::optional<NextVisitSpec> CompileNextVisit(Compilation& c, absl::string_view path,
                                              const v1::Offer& offer) {
  if (!offer.benefit().has_next_visit()) return std::nullopt;
  const v1::NextVisit& message = offer.benefit().next_visit();
  const std::string at = absl::StrCat(path, ".benefit.next_visit");
  NextVisitSpec spec;
  spec.use_within = CompileUseWithin(c, at, message.use_within(), "a coupon for a later visit");
  spec.starts_next_day = message.starts() == "next_day";
  if (!spec.starts_next_day && !message.starts().empty() && message.starts() != "at_once") {
    c.reporter.Error(codes::kUnknownWord, at + ".starts",
                     absl::StrCat("a coupon cannot start `", message.starts(), "`"),
                     HintFor(message.starts(), {"at_once", "next_day"}));
  }
  const auto found = c.rule_set.offer_by_id.find(message.offer());
  if (message.offer().empty()) {
    c.reporter.Error(codes::kMissingValue, at, "a coupon is good for an offer",
                     "add `offer:`, the id of an offer with `applies: granted`");
  } else if (found == c.rule_set.offer_by_id.end()) {
    c.reporter.Unknown(codes::kUnknownOffer, at + ".offer", "offer", message.offer(),
                       SortedKeys(c.rule_set.offer_by_id));
  } else {
    spec.offer = found->second;
    if (c.offers[spec.offer]->applies() != "granted") {
      c.reporter.Error(codes::kUnexpectedValue, at + ".offer",
                       absl::StrCat("no coupon can be good for `", message.offer(), "`"),
                       "it is good for an offer with `applies: granted`");
    }
  }
  return spec;
}

}  // namespace touchstone::rules
