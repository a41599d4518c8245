#include "rules/proof/word_warnings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace touchstone::rules {
namespace {

constexpr size_t kShortestWord = 4;

struct Use {
  int count = 0;  // conditions that name it
  bool in_tests = false;
  std::string path;  // of the first condition
  std::string text;  // of that condition
};

std::string WithoutDigits(absl::string_view word) {
  std::string rest(word);
  rest.erase(std::remove_if(rest.begin(), rest.end(), absl::ascii_isdigit), rest.end());
  return rest;
}

// Whether one letter more, less, other or swapped with its neighbour, or capitals, make the one the
// other.
bool AreAlike(absl::string_view a, absl::string_view b) {
  if (absl::EqualsIgnoreCase(a, b)) return true;
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  const size_t same =
      static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  a.remove_prefix(same);
  b.remove_prefix(same);
  if (a.size() < b.size()) return a == b.substr(1);
  if (a.substr(1) == b.substr(1)) return true;
  return a.size() >= 2 && a[0] == b[1] && a[1] == b[0] && a.substr(2) == b.substr(2);
}

class WordWarnings {
 public:
  WordWarnings(const ProofInput& input, OfferLogic& logic) : input_(input), logic_(logic) {}

  void Warn() {
    for (const v1::Segment& segment : input_.message.segments()) {
      ReadForm(logic_.FormOf(segment.when()), false,
               absl::StrCat("segments[", segment.name(), "].when"), segment.when());
    }
    for (size_t i = 0; i < input_.offers.size(); ++i) {
      const v1::Offer& offer = *input_.offers[i];
      ReadForm(logic_.FormOf(offer.eligible()), false, input_.At(i, "eligible"), offer.eligible());
      ReadForm(logic_.FormOf(offer.requires_condition()), false, input_.At(i, "requires_condition"),
               offer.requires_condition());
      ReadForm(logic_.LineFormOf(offer.benefit().lines()), true, input_.At(i, "benefit.lines"),
               offer.benefit().lines());
    }
    ReadRows();
    ReadTests();
    for (const auto& [fact, words] : words_) WarnOfFact(fact, words);
  }

 private:
  using Words = std::map<std::string, Use, std::less<>>;

  // The fact that a subject's texts are of; "" for those that have words of their own.
  std::string FactOf(const Subject& subject, bool of_lines) const {
    if (!subject.slot || subject.key_kind != KeyKind::kText || !subject.enum_values.empty()) {
      return "";
    }
    const std::string slot(input_.rule_set.layout->NameOf(*subject.slot));
    // Lines seen from outside: basket.lines.exists(line, "beans" in line.categories).
    const bool in_lines = !of_lines && subject.slot == expr::Slot{kDecisionRow, kSlotBasketLines};
    if (in_lines && subject.fields.size() == 1 && subject.fields[0] == kLineSlotCategories) {
      return "line.categories";
    }
    return in_lines || !subject.fields.empty() ? "" : slot;
  }

  // Null for a subject whose texts are of no interest. Looked up once a subject.
  Words* WordsOf(uint32_t index, const Subject& subject, bool of_lines) {
    std::vector<std::optional<Words*>>& known = by_subject_[of_lines ? 1 : 0];
    if (known.size() <= index) known.resize(index + 1);
    if (!known[index]) {
      const std::string fact = FactOf(subject, of_lines);
      known[index] = fact.empty() ? nullptr : &words_[fact];
    }
    return *known[index];
  }

  void ReadForm(const ConditionForm* form, bool of_lines, const std::string& path,
                const std::string& text) {
    if (form == nullptr) return;
    for (const ConditionRow& row : form->when_true) {
      for (const Literal& literal : row) {
        const Subject& subject =
            of_lines ? logic_.line_subject(literal.subject) : logic_.subject(literal.subject);
        if (!literal.set->is_text()) continue;
        Words* const words = WordsOf(literal.subject, subject, of_lines);
        if (words == nullptr) continue;
        for (const std::string& word : literal.set->texts()) {
          Use& use = (*words)[word];
          // A condition of several rows names its words once.
          if (use.path == path) continue;
          if (++use.count > 1) continue;
          use.path = path;
          use.text = text;
        }
      }
    }
  }

  void ReadLiteral(const std::string& fact, const v1::Literal& literal) {
    if (!literal.text().empty()) words_[fact][literal.text()].in_tests = true;
    for (const v1::Literal& item : literal.list().items()) {
      if (!item.text().empty()) words_[fact][item.text()].in_tests = true;
    }
  }

  void ReadRows() {
    for (const v1::ReferenceRow& row : input_.message.test_reference()) {
      const bool product = row.table() == "product";
      for (const auto& field : row.fields()) {
        ReadLiteral(absl::StrCat(product ? "line.product." : "store.", field.first), field.second);
        if (product && field.first == "categories") ReadLiteral("line.categories", field.second);
      }
      if (product) words_["line.sku"][row.key()].in_tests = true;
      if (!product) words_["store.key"][row.key()].in_tests = true;
    }
  }

  void ReadTests() {
    for (const v1::GoldenTest& test : input_.message.tests()) {
      for (const auto& fact : test.given().customer().fields()) {
        ReadLiteral("customer." + fact.first, fact.second);
      }
      for (const auto& fact : test.given().request().fields()) {
        ReadLiteral("request." + fact.first, fact.second);
      }
    }
  }

  void WarnOfFact(const std::string& fact, const Words& words) {
    std::vector<absl::string_view> trusted;
    for (const auto& [word, use] : words) {
      if (use.in_tests || use.count > 1) trusted.push_back(word);
    }
    for (const auto& [word, use] : words) {
      if (use.in_tests || use.count != 1 || word.size() < kShortestWord) continue;
      if (searches_++ >= kMostSearches) return;
      const auto near = std::find_if(trusted.begin(), trusted.end(), [&](absl::string_view other) {
        return AreAlike(word, other) && WithoutDigits(word) != WithoutDigits(other);
      });
      if (near == trusted.end()) continue;
      std::optional<expr::SourceSpan> span;
      if (const size_t at = use.text.find(word); at != std::string::npos) {
        span = {static_cast<uint32_t>(at), static_cast<uint32_t>(at + word.size())};
      }
      input_.reporter.Warning(codes::kUnlikeWord, use.path,
                              absl::StrCat("`", word, "` stands nowhere else for ", fact,
                                           ", neither in another condition nor under tests/"),
                              absl::StrCat("did you mean `", std::string(*near), "`?"), span);
    }
  }

  const ProofInput& input_;
  OfferLogic& logic_;
  std::map<std::string, Words> words_;                // by fact
  std::vector<std::optional<Words*>> by_subject_[2];  // of offers, of lines
  int searches_ = 0;
};

}  // namespace

void WarnOfWords(const ProofInput& input, OfferLogic& logic) { WordWarnings(input, logic).Warn(); }

}  // namespace touchstone::rules
