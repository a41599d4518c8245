#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kGroup = "group:";

class StackingCompiler {
 public:
  StackingCompiler(Compilation& c, uint32_t index)
      : c_(c),
        index_(index),
        offer_(*c.offers[index]),
        message_(offer_.stacking()),
        path_(OfferPath(c, index) + ".stacking"),
        spec_(c.rule_set.offers[index].stacking) {}

  void Compile() {
    if (!offer_.has_benefit()) {
      c_.reporter.Error(codes::kUnexpectedValue, path_,
                        "an offer without a benefit has no place in pricing",
                        "leave `stacking` out");
      return;
    }
    spec_.exclusive = message_.exclusive();
    CompileWithin();
    for (int i = 0; i < message_.not_with_size(); ++i) {
      Exclude(absl::StrCat(path_, ".not_with[", i, "]"), message_.not_with(i));
    }
    std::sort(spec_.not_with.begin(), spec_.not_with.end());
    std::sort(spec_.not_groups.begin(), spec_.not_groups.end());
  }

 private:
  void CompileWithin() {
    const std::string& within = message_.within();
    spec_.on_line = within == "line";
    if (within.empty() || within == "basket" || spec_.on_line) return;
    c_.reporter.Error(codes::kUnknownWord, absl::StrCat(path_, ".within"),
                      absl::StrCat("offers do not exclude each other within `", within, "`"),
                      HintFor(within, {"basket", "line"}));
  }

  void Exclude(const std::string& path, absl::string_view name) {
    if (absl::ConsumePrefix(&name, kGroup)) {
      const auto found = c_.group_by_name.find(name);
      if (found == c_.group_by_name.end()) {
        c_.reporter.Unknown(codes::kUnknownOffer, path, "group of offers", std::string(name),
                            c_.rule_set.groups);
      } else {
        spec_.not_groups.push_back(found->second);
      }
      return;
    }
    const auto found = c_.rule_set.offer_by_id.find(name);
    if (found == c_.rule_set.offer_by_id.end()) {
      // What is not there any more excludes nothing.
      if (c_.rule_set.offers[index_].is_kept) return;
      c_.reporter.Error(codes::kUnknownOffer, path, absl::StrCat("there is no offer `", name, "`"),
                        "an offer id, or `group:NAME`");
    } else if (found->second == index_) {
      c_.reporter.Error(codes::kBadValue, path, "an offer goes together with itself",
                        "leave it out here");
    } else {
      const OfferRange versions = VersionsOf(c_.rule_set, name);
      for (uint32_t i = versions.first; i < versions.end; ++i) spec_.not_with.push_back(i);
    }
  }

  Compilation& c_;
  const uint32_t index_;
  const v1::Offer& offer_;
  const v1::Stacking& message_;
  const std::string path_;
  StackingSpec& spec_;
};

}  // namespace

void CompileStacking(Compilation& c, uint32_t index) {
  if (!c.offers[index]->has_stacking()) return;
  StackingCompiler(c, index).Compile();
  if (c.rule_set.offers[index].stacking.excludes_all()) c.rule_set.has_exclusive = true;
}

}  // namespace touchstone::rules
