#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/product_list.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

// Segments are named in paths by name, and by position where the name is missing or taken.
std::vector<std::string> SegmentPaths(const v1::RuleSet& message) {
  std::vector<std::string> paths;
  absl::flat_hash_set<std::string> seen;
  for (int i = 0; i < message.segments_size(); ++i) {
    const std::string& name = message.segments(i).name();
    const bool by_name = !name.empty() && seen.insert(name).second;
    paths.push_back(by_name ? absl::StrCat("segments[", name, "]")
                            : absl::StrCat("segments[", i, "]"));
  }
  return paths;
}

std::vector<std::string> CollectSegmentNames(Compilation& c,
                                             const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (int i = 0; i < c.message.segments_size(); ++i) {
    const std::string& name = c.message.segments(i).name();
    const std::string& path = paths[static_cast<size_t>(i)];
    if (!IsId(name)) {
      c.reporter.Error(codes::kBadName, path,
                       absl::StrCat("`", name, "` cannot be the name of a segment"),
                       "1 to 64 letters, digits, dots, _ and -");
    } else if (name == kAnonymousSegment) {
      c.reporter.Error(codes::kReservedName, path,
                       "`anonymous` is built in: customers who are not known are in it");
    } else if (std::find(names.begin(), names.end(), name) != names.end()) {
      c.reporter.Error(codes::kDuplicateName, path,
                       absl::StrCat("there are two segments `", name, "`"));
    } else {
      names.push_back(name);
    }
  }
  return names;
}

expr::ConstantDecl CompileList(Compilation& c, const std::string& name,
                               const v1::ProductList& message) {
  const std::string path = absl::StrCat("lists[", name, "]");
  if (!IsSchemaName(name)) {
    c.reporter.Error(codes::kBadName, path,
                     absl::StrCat("`", name, "` cannot be the name of a product list"),
                     "rules read it as list.NAME: a small letter, then small letters, digits, _");
  }
  if (message.skus_size() > kMaxProductListSkus) {
    c.reporter.Error(codes::kTooMany, path,
                     absl::StrCat("a product list has at most ", kMaxProductListSkus, " SKUs"));
  }
  const auto count = static_cast<size_t>(message.skus_size());
  expr::Value* elements = c.rule_set.memory.NewArray<expr::Value>(count);
  absl::flat_hash_set<absl::string_view> seen;
  for (int i = 0; i < message.skus_size(); ++i) {
    const std::string& sku = message.skus(i);
    if (sku.empty() || !seen.insert(sku).second) {
      c.reporter.Error(
          sku.empty() ? codes::kMissingValue : codes::kDuplicateName,
          absl::StrCat(path, ".skus[", i, "]"),
          sku.empty() ? "an empty SKU" : absl::StrCat("the SKU `", sku, "` stands here twice"));
    }
    elements[i] = expr::Value::String(c.rule_set.memory.Copy(sku));
  }
  auto list = std::make_unique<ProductListSpec>();
  list->name = name;
  list->data.elements = elements;
  list->data.size = static_cast<uint32_t>(count);
  list->set = std::make_unique<const expr::ConstantSet>(absl::MakeConstSpan(elements, count));
  list->data.index = list->set.get();
  expr::ConstantDecl constant = ConstantOf(*list);
  c.rule_set.lists.push_back(std::move(list));
  return constant;
}

}  // namespace

void CompileNames(Compilation& c) {
  RuleSetNames names;
  names.channels = c.rule_set.channels;
  names.segments = CollectSegmentNames(c, SegmentPaths(c.message));
  for (const std::string& name : SortedKeys(c.message.lists())) {
    names.lists.push_back(CompileList(c, name, c.message.lists().at(name)));
  }
  c.rule_set.layout = std::make_unique<const FactLayout>(c.rule_set.schema);
  c.expressions =
      std::make_unique<ExpressionCompiler>(*c.rule_set.layout, std::move(names), c.reporter);
}

void CompileSegments(Compilation& c) {
  const std::vector<std::string> paths = SegmentPaths(c.message);
  bool after_otherwise = false;
  for (int i = 0; i < c.message.segments_size(); ++i) {
    const v1::Segment& message = c.message.segments(i);
    const std::string& path = paths[static_cast<size_t>(i)];
    if (after_otherwise) {
      c.reporter.Error(codes::kUnreachableSegment, path,
                       absl::StrCat("the segment `", message.name(),
                                    "` is never reached: `otherwise` stands before it"),
                       "move `otherwise: always` to the end");
    }
    SegmentSpec spec;
    spec.name = message.name();
    if (!message.otherwise().empty()) {
      after_otherwise = true;
      if (message.otherwise() != "always") {
        c.reporter.Error(codes::kUnknownWord, absl::StrCat(path, ".otherwise"),
                         "`otherwise` says `always`");
      }
      if (!message.when().empty()) {
        c.reporter.Error(codes::kUnexpectedValue, absl::StrCat(path, ".when"),
                         "a segment has `when` or `otherwise`, not both");
      }
    } else {
      spec.when = c.expressions->CompileCondition(absl::StrCat(path, ".when"), message.when(),
                                                  Scope::kSegment);
    }
    c.rule_set.segments.push_back(std::move(spec));
  }
  if (!after_otherwise) {
    c.reporter.Error(codes::kNoOtherwise, paths.empty() ? "segments" : paths.back(),
                     "no segment takes the customers who are in none of the others",
                     "add `- { name: regular, otherwise: always }` as the last");
  }
}

}  // namespace touchstone::rules
