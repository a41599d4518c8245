#include "tests/rules/eligibility/random_condition.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/rules/eligibility/random_atom.h"

namespace touchstone::rules {
namespace {

// Beyond it, atoms only.
constexpr size_t kMaxAtoms = 40;

class ConditionMaker {
 public:
  ConditionMaker(Random& random, const World& world)
      : random_(random), world_(world), atoms_(random, world) {}

  Part Make(int depth) {
    const size_t choice = random_.Below(100);
    if (depth == 0 || made_ > kMaxAtoms || choice < 30) {
      ++made_;
      return {Part::Kind::kAtom, atoms_.Any(), {}};
    }
    if (choice < 42) return {Part::Kind::kNot, "", Parts(1, depth)};
    if (choice < 50) return {Part::Kind::kConditional, "", Parts(3, depth)};
    const Part::Kind kind = choice < 75 ? Part::Kind::kAnd : Part::Kind::kOr;
    const size_t count = random_.Chance(10) ? 4 + random_.Below(18) : 2 + random_.Below(2);
    return {kind, "", Parts(count, depth)};
  }

  // As marketers write: a few comparisons that most customers pass, and a rare one.
  Part MakePlain(size_t most) {
    Part all{Part::Kind::kAnd, "", {}};
    const size_t count = 1 + random_.Below(most);
    for (size_t i = 0; i < count; ++i) {
      all.children.push_back({Part::Kind::kAtom, atoms_.Indexed(), {}});
    }
    if (!world_.is_lenient() && random_.Chance(25)) {
      all.children.push_back({Part::Kind::kOr, "", Parts(2, 0)});
    }
    return all;
  }

 private:
  std::vector<Part> Parts(size_t count, int depth) {
    std::vector<Part> parts;
    for (size_t i = 0; i < count; ++i) parts.push_back(Make(depth == 0 ? 0 : depth - 1));
    return parts;
  }

  Random& random_;
  const World& world_;
  AtomMaker atoms_;
  size_t made_ = 0;
};

}  // namespace

std::string TextOf(const Part& part) {
  if (part.kind == Part::Kind::kAtom) return part.text;
  std::vector<std::string> texts;
  for (const Part& child : part.children) texts.push_back(absl::StrCat("(", TextOf(child), ")"));
  switch (part.kind) {
    case Part::Kind::kNot:
      return absl::StrCat("!", texts[0]);
    case Part::Kind::kConditional:
      return absl::StrCat(texts[0], " ? ", texts[1], " : ", texts[2]);
    default:
      return absl::StrJoin(texts, part.kind == Part::Kind::kAnd ? " && " : " || ");
  }
}

Part RandomCondition(Random& random, const World& world) {
  ConditionMaker maker(random, world);
  if (world.size() == World::Size::kWide) return maker.MakePlain(4);
  if (world.size() == World::Size::kNarrow) return maker.MakePlain(2);
  return maker.Make(random.Chance(20) ? 4 : 2);
}

}  // namespace touchstone::rules
