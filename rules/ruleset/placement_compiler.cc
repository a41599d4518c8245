#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

constexpr int kMostOffersShown = 100;

std::string PlacementPath(absl::string_view name) { return absl::StrCat("placements[", name, "]"); }

void CompileChannel(Compilation& c, const std::string& path, const v1::Placement& message,
                    PlacementSpec& spec) {
  const int channel = FindChannel(c.rule_set, message.channel());
  if (channel >= 0) {
    spec.channel = static_cast<uint16_t>(channel);
  } else if (message.channel().empty()) {
    c.reporter.Error(codes::kMissingValue, path, "a placement belongs to a channel",
                     "add `channel: pos`");
  } else {
    c.reporter.Unknown(codes::kUnknownChannel, absl::StrCat(path, ".channel"), "channel",
                       message.channel(), c.rule_set.channels);
  }
}

void CompileBudget(Compilation& c, const std::string& path, const std::string& text,
                   PlacementSpec& spec) {
  spec.budget = kDefaultPlacementBudget;
  if (text.empty()) return;
  absl::Duration budget;
  if (!absl::ParseDuration(text, &budget) || budget <= absl::ZeroDuration() ||
      budget > kMaxPlacementBudget) {
    c.reporter.Error(codes::kBadValue, absl::StrCat(path, ".budget"),
                     absl::StrCat("`", text, "` is not a time budget"),
                     "more than 0 and at most 10s, for instance `20ms`");
    return;
  }
  spec.budget = budget;
}

void CompileGroups(Compilation& c, const std::string& path, const v1::Placement& message,
                   PlacementSpec& spec) {
  spec.group_at_most.assign(c.rule_set.groups.size(), -1);
  for (const std::string& group : SortedKeys(message.group_at_most())) {
    const std::string at = absl::StrCat(path, ".group_at_most[", group, "]");
    const int32_t at_most = message.group_at_most().at(group);
    const auto found = c.group_by_name.find(group);
    if (found == c.group_by_name.end()) {
      c.reporter.Unknown(codes::kUnknownGroup, at, "offer in a group", group, c.rule_set.groups);
      continue;
    }
    if (at_most < 0) {
      c.reporter.Error(codes::kOutOfRange, at, "at most so many of a group is 0 or more");
    }
    spec.group_at_most[static_cast<size_t>(found->second)] = at_most;
  }
}

void CompileFields(Compilation& c, const std::string& path, const v1::Placement& message,
                   PlacementSpec& spec) {
  for (const std::string& name : SortedKeys(message.fields())) {
    const v1::PlacementField& field = message.fields().at(name);
    const std::string at = absl::StrCat(path, ".fields[", name, "]");
    if (!IsSchemaName(name)) {
      c.reporter.Error(codes::kBadName, at,
                       absl::StrCat("`", name, "` cannot be the name of a field"),
                       "a name is a small letter, then small letters, digits and _");
    }
    if (field.max() < 0 || field.max() > kMaxFieldCharacters) {
      c.reporter.Error(codes::kOutOfRange, absl::StrCat(at, ".max"),
                       absl::StrCat("a field holds 1 to ", kMaxFieldCharacters, " characters"));
    }
    if (!field.type().empty() && field.type() != "text" && field.type() != "url") {
      c.reporter.Error(codes::kUnknownWord, absl::StrCat(at, ".type"),
                       absl::StrCat("a field is `text` or `url`, not `", field.type(), "`"));
    }
    PlacementSpec::Field& compiled = spec.fields.emplace_back();
    compiled.name = name;
    compiled.is_url = field.type() == "url";
    if (field.max() > 0) compiled.max_characters = field.max();
  }
}

void CompilePlacement(Compilation& c, const std::string& name, const v1::Placement& message) {
  const std::string path = PlacementPath(name);
  PlacementSpec spec;
  spec.name = name;
  if (!IsId(name)) {
    c.reporter.Error(codes::kBadName, path,
                     absl::StrCat("`", name, "` cannot be the name of a placement"),
                     "1 to 64 letters, digits, dots, _ and -");
  }
  CompileChannel(c, path, message, spec);
  if (message.max_offers() < 1 || message.max_offers() > kMostOffersShown) {
    c.reporter.Error(codes::kOutOfRange, absl::StrCat(path, ".max_offers"),
                     absl::StrCat("a placement shows 1 to ", kMostOffersShown, " offers"));
  }
  spec.max_offers = message.max_offers();
  CompileBudget(c, path, message.budget(), spec);
  if (!message.shown_on().empty() && message.shown_on() != "answer") {
    c.reporter.Error(codes::kUnknownWord, absl::StrCat(path, ".shown_on"),
                     absl::StrCat("`shown_on` says `answer`, not `", message.shown_on(), "`"),
                     "leave it out when offers count as shown by their outcome");
  }
  spec.shown_on_answer = message.shown_on() == "answer";
  CompileGroups(c, path, message, spec);
  CompileFields(c, path, message, spec);
  c.rule_set.placement_by_name.emplace(name, static_cast<uint32_t>(c.rule_set.placements.size()));
  c.rule_set.placements.push_back(std::move(spec));
}

// One offer of a placement's fallback; nullopt (reported) when it cannot stand in.
std::optional<uint32_t> FindFallback(Compilation& c, const std::string& path, const std::string& id,
                                     uint32_t placement_index) {
  const PlacementSpec& placement = c.rule_set.placements[placement_index];
  const auto found = c.rule_set.offer_by_id.find(id);
  if (found == c.rule_set.offer_by_id.end()) {
    std::vector<std::string> known;
    for (const OfferSpec& offer : c.rule_set.offers) known.push_back(offer.id);
    c.reporter.Unknown(codes::kUnknownOffer, path, "offer", id, known);
    return std::nullopt;
  }
  const OfferSpec& offer = c.rule_set.offers[found->second];
  if (!offer.treatments[placement_index]) {
    c.reporter.Error(
        codes::kFallbackNotShown, path,
        absl::StrCat("the offer `", id, "` has no treatment for `", placement.name, "`"),
        absl::StrCat("add `", placement.name, ":` to its treatments"));
    return std::nullopt;
  }
  if ((offer.channels >> placement.channel & 1) == 0) {
    c.reporter.Error(codes::kFallbackNotShown, path,
                     absl::StrCat("the offer `", id, "` is not for the channel `",
                                  c.rule_set.channels[placement.channel], "`"));
    return std::nullopt;
  }
  bool personal_text = false;
  for (const std::vector<TextTemplate>& by_locale : offer.treatments[placement_index]->texts) {
    for (const TextTemplate& text : by_locale) personal_text |= text.personal;
  }
  if (!offer.is_public || personal_text) {
    c.reporter.Error(codes::kFallbackNotPublic, path,
                     absl::StrCat("the offer `", id,
                                  "` needs facts of the customer, so that it "
                                  "cannot stand in when they are missing"),
                     personal_text ? "its text names a fact of the customer"
                                   : "its conditions or limits use a fact of the customer");
    return std::nullopt;
  }
  return found->second;
}

}  // namespace

void CompilePlacements(Compilation& c) {
  if (c.message.placements().size() > kMaxPlacements) {
    c.reporter.Error(codes::kTooMany, "placements",
                     absl::StrCat("a rule set has at most ", kMaxPlacements, " placements"));
    return;
  }
  for (const std::string& name : SortedKeys(c.message.placements())) {
    CompilePlacement(c, name, c.message.placements().at(name));
  }
}

void CompileFallbacks(Compilation& c) {
  for (uint32_t p = 0; p < c.rule_set.placements.size(); ++p) {
    PlacementSpec& placement = c.rule_set.placements[p];
    const v1::Placement& message = c.message.placements().at(placement.name);
    absl::flat_hash_set<std::string> seen;
    for (int i = 0; i < message.fallback_size(); ++i) {
      const std::string path = absl::StrCat(PlacementPath(placement.name), ".fallback[", i, "]");
      const std::string& id = message.fallback(i);
      if (!seen.insert(id).second) {
        c.reporter.Error(codes::kDuplicateName, path, absl::StrCat("`", id, "` stands here twice"));
        continue;
      }
      if (const std::optional<uint32_t> offer = FindFallback(c, path, id, p)) {
        placement.fallback.push_back(*offer);
      }
    }
  }
}

}  // namespace touchstone::rules
