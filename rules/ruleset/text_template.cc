#include "rules/ruleset/text_template.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

bool IsScalar(const expr::Type& type) {
  switch (type.kind()) {
    case expr::TypeKind::kBool:
    case expr::TypeKind::kInt:
    case expr::TypeKind::kDouble:
    case expr::TypeKind::kString:
    case expr::TypeKind::kTimestamp:
    case expr::TypeKind::kMoney:
    case expr::TypeKind::kDecimal:
      return true;
    default:
      return false;
  }
}

bool IsOfferable(absl::string_view fact) {
  return absl::StartsWith(fact, "customer.") || absl::StartsWith(fact, "request.") ||
         absl::StartsWith(fact, "store.");
}

// What a text says of what is missing.
struct MissingPart {
  absl::string_view name;
  TextTemplate::Placeholder placeholder;
};
constexpr MissingPart kMissingParts[] = {
    {"near_miss.card", TextTemplate::Placeholder::kNearMissCard},
    {"near_miss.from", TextTemplate::Placeholder::kNearMissFrom},
    {"near_miss.spend", TextTemplate::Placeholder::kNearMissSpend},
    {"near_miss.units", TextTemplate::Placeholder::kNearMissUnits},
};

const MissingPart* FindMissingPart(absl::string_view name) {
  for (const MissingPart& part : kMissingParts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

class TextCompiler {
 public:
  TextCompiler(absl::string_view path, absl::string_view text, TextKind kind,
               const BenefitSpec* benefit, const FactLayout& layout,
               ExpressionCompiler& expressions, Reporter& reporter)
      : path_(path),
        text_(text),
        kind_(kind),
        benefit_(benefit),
        layout_(layout),
        expressions_(expressions),
        reporter_(reporter) {}

  TextTemplate Compile() {
    TextTemplate result;
    std::string literal;
    size_t at = 0;
    while (at < text_.size()) {
      const size_t brace = text_.find('{', at);
      absl::StrAppend(&literal, text_.substr(at, brace - at));
      if (brace == absl::string_view::npos) break;
      if (absl::StartsWith(text_.substr(brace), "{{")) {
        literal.push_back('{');
        at = brace + 2;
        continue;
      }
      const size_t end = text_.find('}', brace);
      if (end == absl::string_view::npos) {
        Report(codes::kBadText, brace, text_.size(), "the placeholder has no closing brace",
               "write `{{` for a brace");
        return {};
      }
      TextTemplate::Piece piece;
      if (!ReadPlaceholder(brace, end, piece, result.personal)) return {};
      piece.literal = std::move(literal);
      literal.clear();
      result.pieces.push_back(std::move(piece));
      at = end + 1;
    }
    TextTemplate::Piece last;
    last.literal = std::move(literal);
    result.pieces.push_back(std::move(last));
    return result;
  }

 private:
  void Report(const DiagnosticCode& code, size_t begin, size_t end, std::string message,
              std::string hint) {
    expr::Issue issue;
    issue.code = std::string(code.code);
    issue.span = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
    issue.message = std::move(message);
    issue.hint = std::move(hint);
    reporter_.ExpressionIssues(path_, {issue});
  }

  bool ReadPlaceholder(size_t begin, size_t end, TextTemplate::Piece& piece, bool& personal) {
    const absl::string_view name = text_.substr(begin + 1, end - begin - 1);
    const auto refuse = [&](std::string why, std::string hint) {
      Report(codes::kUnknownPlaceholder, begin, end + 1, std::move(why), std::move(hint));
      return false;
    };
    if (name == "benefit.amount" || name == "benefit.percent") {
      const bool percent = name == "benefit.percent";
      if (benefit_ == nullptr) return refuse("the offer has no benefit to speak of", "");
      if (percent && benefit_->off.kind != BenefitKind::kPercentOff) {
        return refuse("the benefit is not a percentage", "write {benefit.amount}");
      }
      piece.placeholder = percent ? TextTemplate::Placeholder::kBenefitPercent
                                  : TextTemplate::Placeholder::kBenefitAmount;
      return true;
    }
    if (const MissingPart* missing = FindMissingPart(name)) {
      if (kind_ != TextKind::kNearMiss) {
        return refuse("nothing is missing from an offer that is shown",
                      "it belongs in a text of `near_misses`");
      }
      piece.placeholder = missing->placeholder;
      return true;
    }
    const expr::VariableDecl* fact = IsOfferable(name) ? expressions_.FindFact(name) : nullptr;
    if (fact == nullptr) {
      return refuse(absl::StrCat("`", name, "` stands for nothing in a text"), Hint(name));
    }
    if (!IsScalar(fact->type)) {
      return refuse(
          absl::StrCat("`", name, "` is a ", fact->type.ToString(), ", which has no text form"),
          "only scalar facts can be shown");
    }
    piece.placeholder = TextTemplate::Placeholder::kFact;
    piece.slot = fact->slot;
    personal = personal || layout_.IsPersonal(fact->slot);
    return true;
  }

  std::string Hint(absl::string_view name) const {
    std::vector<std::string> known = {"benefit.amount", "benefit.percent"};
    for (const MissingPart& missing : kMissingParts) {
      if (kind_ == TextKind::kNearMiss) known.emplace_back(missing.name);
    }
    for (std::string& fact : expressions_.FactNames()) {
      if (IsOfferable(fact)) known.push_back(std::move(fact));
    }
    return HintFor(name, known);
  }

  const absl::string_view path_;
  const absl::string_view text_;
  const TextKind kind_;
  const BenefitSpec* const benefit_;
  const FactLayout& layout_;
  ExpressionCompiler& expressions_;
  Reporter& reporter_;
};

}  // namespace

TextTemplate CompileText(absl::string_view path, absl::string_view text, TextKind kind,
                         const BenefitSpec* benefit, const FactLayout& layout,
                         ExpressionCompiler& expressions, Reporter& reporter) {
  return TextCompiler(path, text, kind, benefit, layout, expressions, reporter).Compile();
}

size_t LiteralCharacters(const TextTemplate& text) {
  size_t characters = 0;
  for (const TextTemplate::Piece& piece : text.pieces) {
    characters += CountCharacters(piece.literal);
  }
  return characters;
}

}  // namespace touchstone::rules
