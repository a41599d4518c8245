#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"
#include "rules/ruleset/terms.h"

namespace touchstone::rules {
namespace {

std::string OwnPath(absl::string_view id) { return absl::StrCat("offers[", id, "]"); }

int16_t GroupIndex(Compilation& c, const std::string& path, const std::string& group) {
  if (group.empty()) return -1;
  const auto found = c.group_by_name.find(group);
  if (found != c.group_by_name.end()) return found->second;
  if (!IsId(group)) {
    c.reporter.Error(codes::kBadName, absl::StrCat(path, ".group"),
                     absl::StrCat("`", group, "` cannot be the name of a group"),
                     "1 to 64 letters, digits, dots, _ and -");
  }
  if (c.rule_set.groups.size() >= kMaxGroups) {
    c.reporter.Error(codes::kTooMany, absl::StrCat(path, ".group"),
                     absl::StrCat("a rule set has at most ", kMaxGroups, " groups"));
    return -1;
  }
  const auto index = static_cast<int16_t>(c.rule_set.groups.size());
  c.rule_set.groups.push_back(group);
  c.group_by_name.emplace(group, index);
  return index;
}

// Offers with an id of their own; the others are reported.
std::vector<const v1::Offer*> OffersWithIds(Compilation& c) {
  std::vector<const v1::Offer*> sorted;
  absl::flat_hash_set<absl::string_view> seen;
  for (int i = 0; i < c.message.offers_size(); ++i) {
    const v1::Offer& offer = c.message.offers(i);
    const std::string by_position = absl::StrCat("offers[", i, "]");
    if (!IsId(offer.offer())) {
      c.reporter.Error(codes::kBadName,
                       offer.offer().empty() ? by_position : OwnPath(offer.offer()),
                       absl::StrCat("`", offer.offer(), "` cannot be the id of an offer"),
                       "1 to 64 letters, digits, dots, _ and -");
    } else if (!seen.insert(offer.offer()).second) {
      c.reporter.Error(codes::kDuplicateName, absl::StrCat(by_position, ".offer"),
                       absl::StrCat("there are two offers `", offer.offer(), "`"),
                       "ids are never used again: give one of them another");
    } else {
      sorted.push_back(&offer);
    }
  }
  return sorted;
}

// An offer, or terms that grants keep, before it is compiled.
struct Collected {
  const v1::Offer* message = nullptr;
  bool is_kept = false;
  std::string terms_hash;
};

// The revision's own goes before what is kept of it.
bool GoesBefore(const Collected& a, const Collected& b) {
  return std::tie(a.message->offer(), a.is_kept, a.terms_hash) <
         std::tie(b.message->offer(), b.is_kept, b.terms_hash);
}

std::vector<Collected> CollectVersions(Compilation& c) {
  std::vector<Collected> versions;
  absl::flat_hash_set<std::string> own;
  for (const v1::Offer* offer : OffersWithIds(c)) {
    versions.push_back({offer, false, offer->applies() == "granted" ? TermsHash(*offer) : ""});
    own.insert(versions.back().terms_hash);
  }
  for (const v1::Offer& terms : c.kept_terms) {
    std::string hash = TermsHash(terms);
    if (!own.contains(hash)) versions.push_back({&terms, true, std::move(hash)});
  }
  std::sort(versions.begin(), versions.end(), GoesBefore);
  return versions;
}

class OfferCompiler {
 public:
  OfferCompiler(Compilation& c, uint32_t index)
      : c_(c),
        index_(index),
        message_(*c.offers[index]),
        path_(OfferPath(c, index)),
        spec_(c.rule_set.offers[index]) {}

  void Compile() {
    spec_.title = message_.title();
    CompileCampaign();
    CompileApplies();
    spec_.window = CompileWindow(c_, path_, message_);
    spec_.promise = CompilePromise(c_, path_, message_);
    CompileChannels();
    CompileConditions();
    spec_.benefit = CompileBenefit(c_, path_, message_, index_);
    spec_.next_visit = CompileNextVisit(c_, path_, message_);
    CompileStacking(c_, index_);
    if (spec_.is_kept) ExcludeOtherVersions();
    spec_.limits = CompileLimits(c_, path_, message_);
    const BenefitSpec* benefit = spec_.benefit ? &*spec_.benefit : nullptr;
    spec_.budget = CompileOfferBudget(c_, path_, message_, benefit);
    spec_.treatments = CompileTreatments(c_, At("treatments"), TextKind::kTreatment,
                                         message_.treatments(), benefit);
    CompileNearMisses(c_, index_);
    spec_.is_public = IsPublic();
    WarnOfIdleness();
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }

  void CompileCampaign() {
    spec_.campaign = message_.campaign();
    if (spec_.campaign.empty() || c_.message.campaigns().contains(spec_.campaign)) return;
    c_.reporter.Unknown(codes::kUnknownCampaign, At("campaign"), "campaign", spec_.campaign,
                        SortedKeys(c_.message.campaigns()));
  }

  void CompileApplies() {
    const std::string& applies = message_.applies();
    if (applies == "automatic" || applies == "coded" || applies == "granted") {
      spec_.applies = applies == "coded"     ? Applies::kCoded
                      : applies == "granted" ? Applies::kGranted
                                             : Applies::kAutomatic;
      if (!message_.has_benefit()) {
        c_.reporter.Error(codes::kMissingBenefit, path_,
                          "an offer that applies says what it does to the basket",
                          "add `benefit:`, or write `applies: never` for advice and service");
      }
    } else if (applies == "never") {
      if (message_.has_benefit()) {
        c_.reporter.Error(codes::kUnexpectedBenefit, At("benefit"),
                          "an offer that never applies cannot have a benefit",
                          "write `applies: automatic` or leave the benefit out");
      }
    } else if (applies.empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "an offer says how it applies",
                        "add `applies: automatic`, `applies: granted`, `applies: coded` or "
                        "`applies: never`");
    } else {
      c_.reporter.Error(codes::kUnknownWord, At("applies"),
                        absl::StrCat("an offer cannot apply `", applies, "`"),
                        HintFor(applies, {"automatic", "coded", "granted", "never"}));
    }
  }

  void CompileChannels() {
    if (message_.channels_size() == 0) return;
    spec_.channels = 0;
    for (int i = 0; i < message_.channels_size(); ++i) {
      const std::string at = absl::StrCat(path_, ".channels[", i, "]");
      const int channel = FindChannel(c_.rule_set, message_.channels(i));
      if (channel < 0) {
        c_.reporter.Unknown(codes::kUnknownChannel, at, "channel", message_.channels(i),
                            c_.rule_set.channels);
        continue;
      }
      const uint64_t bit = uint64_t{1} << channel;
      if ((spec_.channels & bit) != 0) {
        c_.reporter.Error(codes::kDuplicateName, at,
                          absl::StrCat("`", message_.channels(i), "` stands here twice"));
      }
      spec_.channels |= bit;
    }
  }

  void CompileConditions() {
    ExpressionCompiler& expressions = *c_.expressions;
    ConditionRows& rows = c_.eligible_rows[index_];
    if (message_.has_eligible()) {
      expressions.AddEligible(At("eligible"), message_.eligible(), spec_.eligible, rows);
    }
    AddTables(rows);
    if (message_.has_requires_condition()) {
      spec_.requires_ = expressions.CompileCondition(
          At("requires_condition"), message_.requires_condition(), Scope::kRequires);
    }
    if (message_.has_value()) {
      spec_.value = expressions.CompileValue(At("value"), message_.value());
    }
    const v1::Benefit& benefit = message_.benefit();
    if (benefit.has_lines()) {
      spec_.lines =
          expressions.CompileCondition(At("benefit.lines"), benefit.lines(), Scope::kLine);
    }
    if (benefit.buy().has_lines() || benefit.get().has_lines()) {
      AddPartLines("benefit.buy", benefit.buy());
      AddPartLines("benefit.get", benefit.get());
    }
    for (int i = 0; i < benefit.bundle_size(); ++i) {
      AddPartLines(absl::StrCat("benefit.bundle[", i, "]"), benefit.bundle(i));
    }
  }

  void AddPartLines(const std::string& key, const v1::SetPart& part) {
    Condition& lines = spec_.part_lines.emplace_back();
    if (!part.has_lines()) return;
    lines = c_.expressions->CompileCondition(At(key + ".lines"), part.lines(), Scope::kLine);
  }

  // Each table that names the offer says where it may be given.
  void AddTables(ConditionRows& rows) {
    const auto tables = c_.tables_of_offer.find(spec_.id);
    if (tables == c_.tables_of_offer.end()) return;
    for (const std::string& table : tables->second) {
      c_.expressions->AddEligible(absl::StrCat("tables[", table, "]"),
                                  absl::StrCat("\"", spec_.id, "\" in table.", table),
                                  spec_.eligible, rows);
    }
  }

  // Who has grants that keep different terms of an offer uses one of them on a basket.
  void ExcludeOtherVersions() {
    const OfferRange versions = VersionsOf(c_.rule_set, spec_.id);
    std::vector<uint32_t>& not_with = spec_.stacking.not_with;
    for (uint32_t i = versions.first; i < versions.end; ++i) {
      if (i != index_) not_with.push_back(i);
    }
    std::sort(not_with.begin(), not_with.end());
  }

  // The ranking value does not count: an offer whose value cannot be computed is ranked last, but
  // is given all the same.
  bool IsPublic() const {
    if (AsksForRight(spec_.applies)) return false;
    if (spec_.eligible.personal() || spec_.requires_.personal() || spec_.lines.personal()) {
      return false;
    }
    for (const Condition& lines : spec_.part_lines) {
      if (lines.personal()) return false;
    }
    if (spec_.window && spec_.window->zone_of == WindowZone::kCustomer) return false;
    for (const LimitSpec& limit : spec_.limits) {
      if (limit.per == LimitScope::kCustomer || limit.formula_personal) return false;
    }
    return true;
  }

  void WarnOfIdleness() const {
    if (message_.treatments().empty() && !message_.has_benefit()) {
      c_.reporter.Warning(
          codes::kIdleOffer, path_,
          absl::StrCat("the offer `", spec_.id, "` is shown nowhere and changes no basket"),
          "add `treatments:` or a `benefit:`");
    }
    WarnOfOtherChannels("treatments", message_.treatments());
    WarnOfOtherChannels("near_misses", message_.near_misses());
  }

  void WarnOfOtherChannels(
      absl::string_view key,
      const google::protobuf::Map<std::string, v1::Treatment>& treatments) const {
    for (const std::string& placement : SortedKeys(treatments)) {
      const auto found = c_.rule_set.placement_by_name.find(placement);
      if (found == c_.rule_set.placement_by_name.end()) continue;
      const uint16_t channel = c_.rule_set.placements[found->second].channel;
      if ((spec_.channels >> channel & 1) != 0 || channel >= c_.rule_set.channels.size()) continue;
      c_.reporter.Warning(
          codes::kUnreachableTreatment, absl::StrCat(path_, ".", key, "[", placement, "]"),
          absl::StrCat("`", placement, "` is a placement of the channel `",
                       c_.rule_set.channels[channel], "`, which the offer does not name"),
          "add the channel or leave the treatment out");
    }
  }

  Compilation& c_;
  const uint32_t index_;
  const v1::Offer& message_;
  const std::string path_;
  OfferSpec& spec_;
};

// Benefits in the order in which they are priced.
std::vector<uint32_t> PricingOrder(const RuleSet& rule_set) {
  std::vector<const BenefitSpec*> benefits;
  for (const OfferSpec& offer : rule_set.offers) {
    if (offer.benefit) benefits.push_back(&*offer.benefit);
  }
  std::vector<uint32_t> order;
  order.reserve(benefits.size());
  for (const uint32_t position : OrderBenefits(benefits)) {
    order.push_back(benefits[position]->offer);
  }
  return order;
}

}  // namespace

void CollectOffers(Compilation& c) {
  if (static_cast<size_t>(c.message.offers_size()) > kMaxOffers) {
    c.reporter.Error(codes::kTooMany, "offers",
                     absl::StrCat("a rule set has at most ", kMaxOffers, " offers"));
    return;
  }
  std::vector<Collected> versions = CollectVersions(c);
  absl::flat_hash_map<uint32_t, std::string> id_by_stable_id;
  c.rule_set.offers.resize(versions.size());
  for (uint32_t i = 0; i < versions.size(); ++i) {
    OfferSpec& spec = c.rule_set.offers[i];
    c.offers.push_back(versions[i].message);
    spec.id = versions[i].message->offer();
    spec.stable_id = StableId(spec.id);
    spec.is_kept = versions[i].is_kept;
    spec.terms_hash = std::move(versions[i].terms_hash);
    if (!spec.terms_hash.empty()) spec.terms = TermsId(spec.terms_hash);
    spec.group = GroupIndex(c, OfferPath(c, i), versions[i].message->group());
    if (!spec.is_kept) c.rule_set.offer_by_id.emplace(spec.id, i);
    const auto [other, is_new] = id_by_stable_id.emplace(spec.stable_id, spec.id);
    if (!is_new && other->second != spec.id) {
      c.reporter.Error(
          codes::kNameCollision, OfferPath(c, i),
          absl::StrCat("the ids `", spec.id, "` and `", other->second, "` have the same stable id"),
          "give one of them another id");
    }
  }
}

std::string OfferPath(const Compilation& c, uint32_t index) {
  const OfferSpec& offer = c.rule_set.offers[index];
  return offer.is_kept ? absl::StrCat("kept_terms[", offer.id, "]") : OwnPath(offer.id);
}

void CompileOffers(Compilation& c) {
  c.eligible_rows.assign(c.offers.size(), ConditionRows(1));
  for (uint32_t i = 0; i < c.offers.size(); ++i) {
    OfferCompiler(c, i).Compile();
    // The index never finds what is kept: it is asked about where a grant keeps it.
    if (c.rule_set.offers[i].is_kept) c.eligible_rows[i].clear();
  }
  for (uint32_t i = 0; i < c.offers.size(); ++i) {
    if (c.rule_set.offers[i].near_misses) c.rule_set.near_miss_offers.push_back(i);
  }
  c.rule_set.pricing_order = PricingOrder(c.rule_set);
}

}  // namespace touchstone::rules
