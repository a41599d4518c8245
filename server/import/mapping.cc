#include "server/import/mapping.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/facts/text.h"
#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/source_text.h"
#include "rules/ruleset/yaml_node.h"
#include "rules/ruleset/yaml_reader.h"

namespace touchstone::server {
namespace {

using rules::YamlNode;

constexpr size_t kMaxMappingBytes = size_t{1} << 20;

constexpr std::pair<absl::string_view, CellType> kTypes[] = {
    {"string", CellType::kString},
    {"int", CellType::kInt},
    {"double", CellType::kDouble},
    {"bool", CellType::kBool},
    {"money", CellType::kMoney},
    {"decimal", CellType::kDecimal},
    {"timestamp", CellType::kTimestamp},
    {"date", CellType::kDate},
    {"list(string)", CellType::kStringList},
    {"list(int)", CellType::kIntList},
    {"list(record)", CellType::kRecordList},
};

constexpr std::pair<absl::string_view, MappingKind> kKinds[] = {
    {"customers", MappingKind::kCustomers}, {"contacts", MappingKind::kContacts},
    {"events", MappingKind::kEvents},       {"grants", MappingKind::kGrants},
    {"budgets", MappingKind::kBudgets},     {"reference", MappingKind::kReference},
};
constexpr absl::string_view kKindNames =
    "customers, contacts, events, grants, budgets or reference";

// What an expression of this type may give, beside a string.
std::optional<rules::expr::Type> ExpressionType(CellType type) {
  using rules::expr::Type;
  using rules::expr::TypeKind;
  switch (type) {
    case CellType::kInt:
      return Type(TypeKind::kInt);
    case CellType::kDouble:
      return Type(TypeKind::kDouble);
    case CellType::kBool:
      return Type(TypeKind::kBool);
    case CellType::kMoney:
      return Type(TypeKind::kMoney);
    case CellType::kDecimal:
      return Type(TypeKind::kDecimal);
    case CellType::kTimestamp:
    case CellType::kDate:
      return Type(TypeKind::kTimestamp);
    case CellType::kStringList:
      return Type::List(Type(TypeKind::kString));
    case CellType::kIntList:
      return Type::List(Type(TypeKind::kInt));
    case CellType::kString:
    case CellType::kRecordList:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<CellType> FindType(absl::string_view name) {
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

// Reads the tree and keeps every finding.
class MappingParser {
 public:
  explicit MappingParser(const rules::SourceText& text) : text_(text) {}

  Mapping Parse(const YamlNode& root);
  const std::vector<std::string>& findings() const { return findings_; }

 private:
  using Reader = std::function<void(const YamlNode&)>;

  void Fault(const YamlNode& node, absl::string_view what) {
    findings_.push_back(absl::StrCat(text_.file(), ":", node.range.line, ": ", what));
  }
  // Calls the reader of each key; unknown keys are findings.
  void ReadMap(const YamlNode& node, absl::string_view what,
               const std::vector<std::pair<absl::string_view, Reader>>& readers);
  std::string Text(const YamlNode& node);
  bool YesOrNo(const YamlNode& node);
  int Column(const YamlNode& node);
  int ColumnIndex(const std::string& name);
  void Template(const YamlNode& node, ValueSource* source);
  // `type` unless the node says another one.
  ValueSource Source(const YamlNode& node, CellType type = CellType::kString);
  void SourceOptions(const YamlNode& node, ValueSource* source);
  void CheckSource(const YamlNode& node, const YamlNode* cel, ValueSource* source);
  std::shared_ptr<const RowExpression> Expression(const YamlNode& node,
                                                  const std::vector<rules::expr::Type>& types);
  std::vector<std::string> Words(const YamlNode& node);
  void Consents(const YamlNode& node);
  NamedSources Sources(const YamlNode& node);
  void Filters(const YamlNode& node, bool negated);
  std::optional<absl::Time> Moment(const YamlNode& node);
  // Of type timestamp, whatever the node says.
  ValueSource Time(const YamlNode& node);
  // Of this type, which the node may leave out.
  ValueSource Only(const YamlNode& node, absl::string_view key, CellType type);
  void CheckWhole(const YamlNode& root);
  // `items`: "events".
  void CheckSubject(const YamlNode& root, absl::string_view items);
  Reader Into(ValueSource* source) {
    return [this, source](const YamlNode& node) { *source = Source(node); };
  }

  const rules::SourceText& text_;
  Mapping mapping_;
  absl::TimeZone zone_ = absl::UTCTimeZone();
  std::vector<std::string> seen_;  // keys of the file
  std::vector<std::string> findings_;
};

void MappingParser::ReadMap(const YamlNode& node, absl::string_view what,
                            const std::vector<std::pair<absl::string_view, Reader>>& readers) {
  if (node.kind != YamlNode::Kind::kMapping) {
    Fault(node, absl::StrCat(what, " must be a mapping of keys to values"));
    return;
  }
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const std::string& key = node.children[i].text;
    const auto found = std::find_if(readers.begin(), readers.end(),
                                    [&key](const auto& reader) { return reader.first == key; });
    if (found != readers.end()) {
      found->second(node.children[i + 1]);
      continue;
    }
    std::vector<absl::string_view> names;
    for (const auto& reader : readers) names.push_back(reader.first);
    Fault(node.children[i], absl::StrCat("`", key, "` is not a key of ", what, "; it has ",
                                         absl::StrJoin(names, ", ")));
  }
}

std::string MappingParser::Text(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) return node.text;
  Fault(node, "must be a text");
  return "";
}

bool MappingParser::YesOrNo(const YamlNode& node) {
  const std::string text = Text(node);
  if (text != "true" && text != "false") Fault(node, "must be true or false");
  return text == "true";
}

int MappingParser::ColumnIndex(const std::string& name) {
  const auto found = std::find(mapping_.columns.begin(), mapping_.columns.end(), name);
  if (found != mapping_.columns.end()) {
    return static_cast<int>(found - mapping_.columns.begin());
  }
  mapping_.columns.push_back(name);
  return static_cast<int>(mapping_.columns.size()) - 1;
}

int MappingParser::Column(const YamlNode& node) {
  const std::string name = Text(node);
  if (name.empty()) Fault(node, "must be the name of a column");
  return ColumnIndex(name);
}

void MappingParser::Template(const YamlNode& node, ValueSource* source) {
  const std::string text = Text(node);
  size_t at = 0;
  while (at < text.size()) {
    const size_t open = text.find('{', at);
    ValueSource::Piece piece;
    piece.text = text.substr(at, open == std::string::npos ? open : open - at);
    at = text.size();
    if (open != std::string::npos) {
      const size_t close = text.find('}', open);
      if (close == std::string::npos) {
        Fault(node, "a `{` of the template is not closed by `}`");
        return;
      }
      piece.column = ColumnIndex(text.substr(open + 1, close - open - 1));
      at = close + 1;
    }
    source->pieces.push_back(std::move(piece));
  }
}

std::shared_ptr<const RowExpression> MappingParser::Expression(
    const YamlNode& node, const std::vector<rules::expr::Type>& types) {
  absl::StatusOr<std::shared_ptr<const RowExpression>> compiled = RowExpression::Compile(
      Text(node), types, [this](const std::string& name) { return ColumnIndex(name); });
  if (compiled.ok()) return *std::move(compiled);
  Fault(node, compiled.status().message());
  return nullptr;
}

ValueSource MappingParser::Source(const YamlNode& node, CellType type) {
  ValueSource source;
  source.zone = zone_;
  source.type = type;
  if (node.kind == YamlNode::Kind::kScalar) {
    source.pieces.push_back({"", Column(node)});
  } else {
    SourceOptions(node, &source);
  }
  const bool money = source.type == CellType::kMoney ||
                     std::any_of(source.fields.begin(), source.fields.end(),
                                 [](const auto& f) { return f.second == CellType::kMoney; });
  if (money && source.sum.empty() && source.currency.is_none() && source.currency_column < 0) {
    Fault(node, "money needs its currency: add `currency: EUR`, or `currency_column: NAME`");
  }
  return source;
}

void MappingParser::SourceOptions(const YamlNode& node, ValueSource* source) {
  const YamlNode* cel = nullptr;  // read when the type is known
  ReadMap(node, "a value",
          {{"column", [&](const YamlNode& n) { source->pieces.push_back({"", Column(n)}); }},
           {"template", [&](const YamlNode& n) { Template(n, source); }},
           {"constant", [&](const YamlNode& n) { source->pieces.push_back({Text(n), -1}); }},
           {"product",
            [&](const YamlNode& n) {
              for (const YamlNode& column : n.children) source->product.push_back(Column(column));
              if (source->product.size() < 2) Fault(n, "a product has at least two columns");
            }},
           {"sum", [&](const YamlNode& n) { source->sum = Text(n); }},
           {"cel", [&](const YamlNode& n) { cel = &n; }},
           {"type",
            [&](const YamlNode& n) {
              const std::optional<CellType> type = FindType(Text(n));
              if (!type.has_value()) {
                std::vector<absl::string_view> names;
                for (const auto& known : kTypes) names.push_back(known.first);
                Fault(n, absl::StrCat("`", n.text, "` is not a type; one of ",
                                      absl::StrJoin(names, ", ")));
              }
              source->type = type.value_or(CellType::kString);
            }},
           {"format", [&](const YamlNode& n) { source->format = Text(n); }},
           {"zone",
            [&](const YamlNode& n) {
              if (!absl::LoadTimeZone(Text(n), &source->zone)) Fault(n, "is not an IANA time zone");
            }},
           {"currency",
            [&](const YamlNode& n) {
              const absl::StatusOr<rules::Currency> currency = rules::Currency::FromCode(Text(n));
              if (!currency.ok()) Fault(n, "is not an ISO 4217 code");
              source->currency = currency.value_or(rules::Currency());
            }},
           {"currency_column", [&](const YamlNode& n) { source->currency_column = Column(n); }},
           {"split", [&](const YamlNode& n) { source->split = Text(n); }},
           {"strip", [&](const YamlNode& n) { source->strip = Text(n); }},
           {"fields", [&](const YamlNode& n) {
              if (n.kind != YamlNode::Kind::kMapping)
                return Fault(n, "must be a mapping of names to types");
              for (size_t i = 0; i + 1 < n.children.size(); i += 2) {
                const std::optional<CellType> type = FindType(n.children[i + 1].text);
                if (!type.has_value() || *type >= CellType::kStringList) {
                  Fault(n.children[i + 1], "is not a type that a field of a record may have");
                }
                source->fields.emplace_back(n.children[i].text, type.value_or(CellType::kString));
              }
            }}});
  CheckSource(node, cel, source);
}

void MappingParser::CheckSource(const YamlNode& node, const YamlNode* cel, ValueSource* source) {
  const int origins = (source->pieces.empty() ? 0 : 1) + (source->product.empty() ? 0 : 1) +
                      (source->sum.empty() ? 0 : 1) + (cel == nullptr ? 0 : 1);
  if (origins != 1) {
    Fault(node,
          "a value comes from exactly one of column, template, constant, product, sum and cel");
  }
  if (cel != nullptr) {
    std::vector<rules::expr::Type> types;
    if (auto type = ExpressionType(source->type)) types.push_back(*std::move(type));
    types.emplace_back(rules::expr::TypeKind::kString);
    source->cel = Expression(*cel, types);
  }
  if (source->type == CellType::kRecordList && source->fields.empty()) {
    Fault(node, "list(record) needs `fields`");
  }
}

std::vector<std::string> MappingParser::Words(const YamlNode& node) {
  std::vector<std::string> words;
  if (node.kind == YamlNode::Kind::kScalar) return {node.text};
  for (const YamlNode& word : node.children) words.push_back(Text(word));
  return words;
}

void MappingParser::Consents(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kMapping) {
    return Fault(node, "must be a mapping of purposes to columns");
  }
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const YamlNode& given = node.children[i + 1];
    ConsentSource& consent = mapping_.consents.emplace_back();
    consent.purpose = node.children[i].text;
    consent.granted = {"true", "1", "yes", "granted"};
    consent.denied = {"false", "0", "no", "denied"};
    consent.value.zone = zone_;
    if (given.kind == YamlNode::Kind::kScalar) {
      consent.value.pieces.push_back({"", Column(given)});
      continue;
    }
    const YamlNode* cel = nullptr;
    ReadMap(
        given, "a consent",
        {{"column", [&](const YamlNode& n) { consent.value.pieces.push_back({"", Column(n)}); }},
         {"cel", [&](const YamlNode& n) { cel = &n; }},
         {"granted", [&](const YamlNode& n) { consent.granted = Words(n); }},
         {"denied", [&](const YamlNode& n) { consent.denied = Words(n); }},
         {"time", [&](const YamlNode& n) { consent.time = Source(n, CellType::kTimestamp); }}});
    CheckSource(given, cel, &consent.value);
  }
}

NamedSources MappingParser::Sources(const YamlNode& node) {
  NamedSources sources;
  if (node.kind != YamlNode::Kind::kMapping) {
    Fault(node, "must be a mapping of names to values");
    return sources;
  }
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    sources.emplace_back(node.children[i].text, Source(node.children[i + 1]));
  }
  return sources;
}

void MappingParser::Filters(const YamlNode& node, bool negated) {
  if (node.kind != YamlNode::Kind::kSequence) {
    Fault(node, "must be a list of conditions, such as [{ column: NAME, empty: true }]");
    return;
  }
  for (const YamlNode& item : node.children) {
    RowFilter filter;
    filter.negated = negated;
    bool is_expression = false;
    ReadMap(item, "a condition",
            {{"cel",
              [&](const YamlNode& n) {
                is_expression = true;
                filter.cel = Expression(n, {rules::expr::Type(rules::expr::TypeKind::kBool)});
              }},
             {"column", [&](const YamlNode& n) { filter.column = Column(n); }},
             {"empty", [&](const YamlNode& n) { filter.empty = YesOrNo(n); }},
             {"equals", [&](const YamlNode& n) { filter.equals = Text(n); }},
             {"starts_with", [&](const YamlNode& n) { filter.starts_with = Text(n); }}});
    const int tests = (filter.empty ? 1 : 0) + (filter.equals.has_value() ? 1 : 0) +
                      (filter.starts_with.has_value() ? 1 : 0);
    const bool whole =
        is_expression ? filter.column < 0 && tests == 0 : filter.column >= 0 && tests == 1;
    if (!whole) {
      Fault(item,
            "a condition names a column and one of empty, equals and starts_with, or is `cel`");
    }
    mapping_.filters.push_back(std::move(filter));
  }
}

std::optional<absl::Time> MappingParser::Moment(const YamlNode& node) {
  const std::string text = Text(node);
  if (const auto day = rules::ParseDate(text); day.ok()) return absl::FromCivil(*day, zone_);
  const absl::StatusOr<absl::Time> time = rules::ParseTimestamp(text, zone_);
  if (!time.ok()) {
    Fault(node, "must be a day such as 2011-06-01, or a time such as 2011-06-01T08:00");
    return std::nullopt;
  }
  return *time;
}

ValueSource MappingParser::Time(const YamlNode& node) {
  ValueSource time = Source(node, CellType::kTimestamp);
  time.type = CellType::kTimestamp;
  return time;
}

ValueSource MappingParser::Only(const YamlNode& node, absl::string_view key, CellType type) {
  ValueSource source = Source(node, type);
  for (const auto& [name, known] : kTypes) {
    if (known != type || source.type == type) continue;
    Fault(node, absl::StrCat("`", key, "` is of type ", name));
  }
  return source;
}

void MappingParser::CheckSubject(const YamlNode& root, absl::string_view items) {
  if ((mapping_.has_customer ? 1 : 0) + mapping_.identities.size() == 1) return;
  Fault(root, absl::StrCat(items, " say whose they are by `customer`, or by one of `identities`"));
}

void MappingParser::CheckWhole(const YamlNode& root) {
  const auto need = [&](absl::string_view key) {
    if (std::find(seen_.begin(), seen_.end(), key) == seen_.end()) {
      Fault(root, absl::StrCat("`", key, "` is missing"));
    }
  };
  switch (mapping_.kind) {
    case MappingKind::kCustomers:
      need("customer");
      break;
    case MappingKind::kContacts:
      for (const absl::string_view key :
           {"customer", "offer", "contact", "channel", "direction", "time"}) {
        need(key);
      }
      break;
    case MappingKind::kReference:
      need("key");
      break;
    case MappingKind::kGrants:
      need("batch");
      need("offer");
      CheckSubject(root, "grants");
      break;
    case MappingKind::kBudgets:
      need("batch");
      need("budget");
      if (!mapping_.uses.has_value() && !mapping_.amount.has_value()) {
        Fault(root, "`uses` or `amount` is missing: what was used of the budget");
      }
      if (mapping_.day.has_value() != mapping_.day_amount.has_value()) {
        Fault(root, "`day` and `day_amount` go together");
      }
      break;
    case MappingKind::kEvents:
      need("type");
      need("id");
      need("time");
      CheckSubject(root, "events");
      for (const auto& [name, field] : mapping_.fields) {
        const auto line = std::find_if(mapping_.lines.begin(), mapping_.lines.end(),
                                       [&field](const auto& l) { return l.first == field.sum; });
        if (!field.sum.empty() && line == mapping_.lines.end()) {
          Fault(root, absl::StrCat("`", name, "` sums `", field.sum, "`, which is no line field"));
        }
      }
      break;
  }
}

Mapping MappingParser::Parse(const YamlNode& root) {
  if (root.kind != YamlNode::Kind::kMapping) {
    Fault(root, "a mapping file is a mapping of keys to values");
    return mapping_;
  }
  // The zone holds for every time in the file, wherever it stands.
  for (size_t i = 0; i + 1 < root.children.size(); i += 2) {
    seen_.push_back(root.children[i].text);
    if (root.children[i].text == "zone" && !absl::LoadTimeZone(root.children[i + 1].text, &zone_)) {
      Fault(root.children[i + 1], "is not an IANA time zone");
    }
  }
  mapping_.empty = {""};
  ReadMap(
      root, "a mapping file",
      {{"kind",
        [&](const YamlNode& n) {
          const std::string kind = Text(n);
          const auto found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                          [&kind](const auto& k) { return k.first == kind; });
          if (found == std::end(kKinds)) {
            Fault(n, absl::StrCat("must be ", kKindNames));
          } else {
            mapping_.kind = found->second;
          }
        }},
       {"zone", [](const YamlNode&) {}},
       {"empty",
        [&](const YamlNode& n) {
          for (const YamlNode& text : n.children) mapping_.empty.push_back(Text(text));
        }},
       {"skip", [&](const YamlNode& n) { Filters(n, false); }},
       {"keep", [&](const YamlNode& n) { Filters(n, true); }},
       {"customer",
        [&](const YamlNode& n) {
          mapping_.customer = Source(n);
          mapping_.has_customer = true;
        }},
       {"identities", [&](const YamlNode& n) { mapping_.identities = Sources(n); }},
       {"attributes", [&](const YamlNode& n) { mapping_.attributes = Sources(n); }},
       {"source", [&](const YamlNode& n) { mapping_.source = Text(n); }},
       {"household", [&](const YamlNode& n) { mapping_.household = Source(n); }},
       {"consents", [&](const YamlNode& n) { Consents(n); }},
       {"offer", Into(&mapping_.offer)},
       {"contact", Into(&mapping_.contact)},
       {"channel", Into(&mapping_.channel)},
       {"direction", Into(&mapping_.direction)},
       {"batch",
        [&](const YamlNode& n) {
          mapping_.batch = Text(n);
          if (!rules::IsId(mapping_.batch)) {
            Fault(n, "must be 1 to 64 of [A-Za-z0-9._-]: a word for all rows, such as mailing-47");
          }
        }},
       {"start", [&](const YamlNode& n) { mapping_.start = Time(n); }},
       {"end", [&](const YamlNode& n) { mapping_.end = Time(n); }},
       {"uses", [&](const YamlNode& n) { mapping_.uses = Only(n, "uses", CellType::kInt); }},
       {"budget", Into(&mapping_.budget)},
       {"amount",
        [&](const YamlNode& n) { mapping_.amount = Only(n, "amount", CellType::kMoney); }},
       {"day", [&](const YamlNode& n) { mapping_.day = Only(n, "day", CellType::kDate); }},
       {"day_amount",
        [&](const YamlNode& n) { mapping_.day_amount = Only(n, "day_amount", CellType::kMoney); }},
       {"table", [&](const YamlNode& n) { mapping_.table = Text(n); }},
       {"key", Into(&mapping_.key)},
       {"columns", [&](const YamlNode& n) { mapping_.attributes = Sources(n); }},
       {"type",
        [&](const YamlNode& n) {
          // An event type is a word far more often than a column.
          if (n.kind == YamlNode::Kind::kScalar) {
            mapping_.event_type.pieces.push_back({n.text, -1});
          } else {
            mapping_.event_type = Source(n);
          }
        }},
       {"id", Into(&mapping_.event_id)},
       {"time", [&](const YamlNode& n) { mapping_.time = Time(n); }},
       {"store", [&](const YamlNode& n) { mapping_.store = Source(n); }},
       {"reverses", [&](const YamlNode& n) { mapping_.reverses = Source(n); }},
       {"fields", [&](const YamlNode& n) { mapping_.fields = Sources(n); }},
       {"lines", [&](const YamlNode& n) { mapping_.lines = Sources(n); }},
       {"group_by", [&](const YamlNode& n) { mapping_.group_by = Column(n); }},
       {"from", [&](const YamlNode& n) { mapping_.from = Moment(n); }},
       {"until", [&](const YamlNode& n) { mapping_.until = Moment(n); }},
       {"create_customers", [&](const YamlNode& n) { mapping_.create_customers = YesOrNo(n); }}});
  if (std::find(seen_.begin(), seen_.end(), "kind") == seen_.end()) {
    Fault(root, absl::StrCat("`kind` is missing: ", kKindNames));
  } else {
    CheckWhole(root);
  }
  return mapping_;
}

}  // namespace

absl::string_view MappingKindName(MappingKind kind) {
  for (const auto& [name, known] : kKinds) {
    if (known == kind) return name;
  }
  return "";
}

absl::StatusOr<Mapping> ParseMapping(absl::string_view text, const std::string& path) {
  rules::Diagnostics diagnostics;
  const rules::SourceText source(path, text);
  std::optional<YamlNode> root;
  if (source.CheckBytes(kMaxMappingBytes, diagnostics)) {
    root = rules::ReadYaml(source, diagnostics);
  }
  std::vector<std::string> findings;
  for (const rules::Diagnostic& diagnostic : diagnostics) {
    findings.push_back(rules::Render(diagnostic));
  }
  if (root.has_value()) {
    MappingParser parser(source);
    Mapping mapping = parser.Parse(*root);
    findings.insert(findings.end(), parser.findings().begin(), parser.findings().end());
    if (findings.empty()) return mapping;
  }
  if (findings.empty()) findings.push_back(absl::StrCat(path, " is empty"));
  return absl::InvalidArgumentError(absl::StrJoin(findings, "\n"));
}

absl::StatusOr<Mapping> ReadMapping(const std::string& path, std::string* text_out) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) {
    return absl::NotFoundError(absl::StrCat("cannot read the mapping ", path,
                                            ". docs/formats/import-mapping.md says how "
                                            "to write one."));
  }
  if (text_out != nullptr) *text_out += text;
  return ParseMapping(text, path);
}

}  // namespace touchstone::server
