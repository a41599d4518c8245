#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rules/ruleset/files.h"
#include "rules/ruleset/message_reader.h"
#include "rules/ruleset/product_list.h"
#include "rules/ruleset/source_text.h"
#include "rules/ruleset/table_rows.h"
#include "rules/ruleset/yaml_reader.h"

namespace touchstone::rules {
namespace {

using google::protobuf::FieldDescriptor;

// What a file at the top of the folder holds: one field of the rule set.
struct TopFile {
  absl::string_view path;
  absl::string_view field;
  bool required;
  bool keyed;  // the field stands under its own key
};
constexpr TopFile kTopFiles[] = {
    {"rule_set.yaml", "settings", true, false},    {"schema.yaml", "schema", true, false},
    {"segments.yaml", "segments", true, true},     {"placements.yaml", "placements", true, true},
    {"pricing.yaml", "pricing", false, false},     {"budgets.yaml", "budgets", false, false},
    {"campaigns.yaml", "campaigns", false, false}, {"policy.yaml", "policy", false, false},
    {"audiences.yaml", "audiences", false, false}, {"tables.yaml", "tables", false, false},
};

// NAME of PREFIX NAME SUFFIX; empty when `path` is not of that form or NAME has a slash.
absl::string_view NameBetween(absl::string_view path, absl::string_view prefix,
                              absl::string_view suffix) {
  if (!absl::ConsumePrefix(&path, prefix) || !absl::ConsumeSuffix(&path, suffix)) return "";
  return path.find('/') == absl::string_view::npos ? path : "";
}

class Loader {
 public:
  LoadedRuleSet Load(absl::Span<const SourceFile> files);

 private:
  void LoadFile(const SourceFile& file);
  // Reads the tree of a YAML file and notes its lines.
  std::optional<YamlNode> LoadTree(const SourceText& text);
  void LoadTop(const TopFile& top, const SourceText& text);
  void LoadKeyed(const TopFile& top, const YamlNode& root, MessageReader& reader);
  void LoadOffer(absl::string_view stem, const SourceText& text);
  void LoadReference(absl::string_view table, const SourceText& text);
  void LoadTests(const SourceText& text);
  void LoadTableRows(absl::string_view name, const SourceText& text);
  void LoadList(absl::string_view name, const SourceText& text);
  void ReportUnknown(const SourceText& text);
  void ReportMissing();
  void SortOffers();

  LoadedRuleSet result_;
  absl::flat_hash_set<std::string> paths_;
  absl::flat_hash_map<std::string, std::string> offer_files_;  // by offer id
};

const FieldDescriptor& RuleSetField(absl::string_view name) {
  return *v1::RuleSet::descriptor()->FindFieldByName(std::string(name));
}

LoadedRuleSet Loader::Load(absl::Span<const SourceFile> files) {
  if (files.size() > kMaxRuleSetFiles) {
    AddFinding(SourceText("", "").FileError(
                   "too_many_files",
                   absl::StrCat("the rule set has more than ", kMaxRuleSetFiles, " files"),
                   "split it into several rule sets"),
               result_.diagnostics);
    return std::move(result_);
  }
  std::vector<const SourceFile*> ordered;
  for (const SourceFile& file : files) ordered.push_back(&file);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const SourceFile* a, const SourceFile* b) { return a->path < b->path; });
  for (const SourceFile* file : ordered) LoadFile(*file);
  ReportMissing();
  SortOffers();
  return std::move(result_);
}

void Loader::LoadFile(const SourceFile& file) {
  const SourceText text(file.path, file.bytes);
  if (!paths_.insert(file.path).second) {
    AddFinding(text.FileError("duplicate_file", "this file was given twice", "give it once"),
               result_.diagnostics);
    return;
  }
  const absl::string_view path = file.path;
  for (const TopFile& top : kTopFiles) {
    if (path == top.path) return LoadTop(top, text);
  }
  if (path == "tests/reference/product.yaml") return LoadReference("product", text);
  if (path == "tests/reference/store.yaml") return LoadReference("store", text);
  const absl::string_view offer = NameBetween(path, "offers/", ".yaml");
  if (!offer.empty()) return LoadOffer(offer, text);
  const absl::string_view table = NameBetween(path, "tables/", ".csv");
  if (!table.empty()) return LoadTableRows(table, text);
  const absl::string_view list = NameBetween(path, "lists/", ".csv");
  if (!list.empty()) return LoadList(list, text);
  if (!NameBetween(path, "tests/", ".yaml").empty()) return LoadTests(text);
  ReportUnknown(text);
}

std::optional<YamlNode> Loader::LoadTree(const SourceText& text) {
  if (!text.CheckBytes(kMaxRuleSetFileBytes, result_.diagnostics)) return std::nullopt;
  for (int line = 1; line <= text.line_count(); ++line) {
    result_.sources.AddLine(text.file(), line, std::string(text.Line(line)));
  }
  return ReadYaml(text, result_.diagnostics);
}

void Loader::LoadTop(const TopFile& top, const SourceText& text) {
  const std::optional<YamlNode> root = LoadTree(text);
  if (!root.has_value()) return;
  MessageReader reader(text, result_.sources, result_.diagnostics);
  if (top.keyed) return LoadKeyed(top, *root, reader);
  const FieldDescriptor& field = RuleSetField(top.field);
  if (field.is_repeated()) {
    return reader.ReadField(*root, top.field, field, result_.message);
  }
  reader.ReadMessage(*root, top.field,
                     *result_.message.GetReflection()->MutableMessage(&result_.message, &field));
}

void Loader::LoadKeyed(const TopFile& top, const YamlNode& root, MessageReader& reader) {
  const bool fits = root.kind == YamlNode::Kind::kMapping && root.children.size() == 2 &&
                    root.children[0].text == top.field;
  if (!fits) {
    return reader.Report("wrong_shape", root.children.empty() ? root : root.children[0],
                         absl::StrCat("the file does not hold the key `", top.field, "` alone"),
                         absl::StrCat("write everything under `", top.field, ":`"));
  }
  reader.ReadField(root.children[1], top.field, RuleSetField(top.field), result_.message);
}

void Loader::LoadOffer(absl::string_view stem, const SourceText& text) {
  const std::optional<YamlNode> root = LoadTree(text);
  if (!root.has_value()) return;
  MessageReader reader(text, result_.sources, result_.diagnostics);
  v1::Offer& offer = *result_.message.add_offers();
  reader.ReadMessage(*root, absl::StrCat("offers[", stem, "]"), offer);
  const SourceMap& sources = result_.sources;
  const std::string path = absl::StrCat("offers[", stem, "].offer");
  if (offer.offer().empty()) {
    AddFinding(sources.At(Severity::kError, "missing_value", absl::StrCat("offers[", stem, "]"),
                          "an offer says its id", absl::StrCat("add `offer: ", stem, "`")),
               result_.diagnostics);
  } else if (offer.offer() != stem) {
    AddFinding(sources.At(Severity::kError, "offer_file_name", path,
                          absl::StrCat("the offer is called `", offer.offer(), "`, the file `",
                                       stem, ".yaml`"),
                          "give both the same name: an id is never changed, so rename the file"),
               result_.diagnostics);
  }
  const auto [first, inserted] = offer_files_.emplace(offer.offer(), text.file());
  if (!inserted && !offer.offer().empty()) {
    AddFinding(
        sources.At(Severity::kError, "duplicate_offer", path,
                   absl::StrCat("`", offer.offer(), "` is already the offer of ", first->second),
                   "give the new offer an id of its own"),
        result_.diagnostics);
  }
}

// `tests/reference/product.yaml` maps keys to fields: each entry is a row.
void Loader::LoadReference(absl::string_view table, const SourceText& text) {
  const std::optional<YamlNode> root = LoadTree(text);
  if (!root.has_value()) return;
  MessageReader reader(text, result_.sources, result_.diagnostics);
  if (root->kind != YamlNode::Kind::kMapping) {
    return reader.Report("wrong_shape", *root, "the file does not map keys to fields",
                         "write each row as `KEY: { column: value }`");
  }
  for (size_t i = 0; i < root->children.size(); i += 2) {
    const YamlNode& key = root->children[i];
    if (key.broken) continue;
    v1::ReferenceRow& row = *result_.message.add_test_reference();
    row.set_table(std::string(table));
    row.set_key(key.text);
    const std::string path = absl::StrCat("test_reference[", table, "/", key.text, "]");
    const FieldDescriptor& fields = *row.GetDescriptor()->FindFieldByName("fields");
    SourceMap::Place place;
    place.file = text.file();
    place.line = key.range.line;
    place.column = key.range.column;
    place.width = key.range.end_column - key.range.column;
    result_.sources.Add(path, std::move(place));
    reader.ReadField(root->children[i + 1], absl::StrCat(path, ".fields"), fields, row);
  }
}

void Loader::LoadTests(const SourceText& text) {
  const std::optional<YamlNode> root = LoadTree(text);
  if (!root.has_value()) return;
  MessageReader(text, result_.sources, result_.diagnostics)
      .ReadField(*root, "tests", RuleSetField("tests"), result_.message);
}

void Loader::LoadTableRows(absl::string_view name, const SourceText& text) {
  if (!text.CheckBytes(kMaxRuleSetFileBytes, result_.diagnostics)) return;
  ReadTableRows(text, name, (*result_.message.mutable_table_rows())[std::string(name)],
                result_.sources, result_.diagnostics);
}

void Loader::LoadList(absl::string_view name, const SourceText& text) {
  if (!text.CheckBytes(kMaxProductListBytes, result_.diagnostics)) return;
  SourceMap::Place place;
  place.file = text.file();
  place.line = 1;
  place.column = 1;
  result_.sources.Add(absl::StrCat("lists[", name, "]"), std::move(place));
  ReadProductList(text, (*result_.message.mutable_lists())[std::string(name)], result_.diagnostics);
}

void Loader::ReportUnknown(const SourceText& text) {
  std::vector<std::string> known;
  for (const TopFile& top : kTopFiles) known.emplace_back(top.path);
  known.insert(known.end(), {"tests/reference/product.yaml", "tests/reference/store.yaml"});
  std::string hint =
      "offers stand in offers/ID.yaml, lists in lists/NAME.csv, rows of tables in tables/NAME.csv, "
      "tests in tests/*.yaml";
  const std::string nearest = NearestWord(text.file(), known);
  if (absl::EndsWith(text.file(), ".yml")) {
    hint = "the ending is .yaml";
  } else if (!nearest.empty()) {
    hint = absl::StrCat("did you mean ", nearest, "?");
  }
  AddFinding(text.FileError("unknown_file", "this file is not part of a rule set", hint),
             result_.diagnostics);
}

void Loader::ReportMissing() {
  for (const TopFile& top : kTopFiles) {
    if (!top.required || paths_.contains(top.path)) continue;
    AddFinding(SourceText(std::string(top.path), "")
                   .FileError("missing_file", "this file is missing", "every rule set has it"),
               result_.diagnostics);
  }
}

void Loader::SortOffers() {
  auto& offers = *result_.message.mutable_offers();
  std::sort(offers.pointer_begin(), offers.pointer_end(),
            [](const v1::Offer* a, const v1::Offer* b) { return a->offer() < b->offer(); });
  auto& rows = *result_.message.mutable_test_reference();
  std::sort(rows.pointer_begin(), rows.pointer_end(),
            [](const v1::ReferenceRow* a, const v1::ReferenceRow* b) {
              return std::tie(a->table(), a->key()) < std::tie(b->table(), b->key());
            });
}

}  // namespace

LoadedRuleSet LoadRuleSetFiles(absl::Span<const SourceFile> files) { return Loader().Load(files); }

}  // namespace touchstone::rules
