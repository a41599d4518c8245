#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/expr/printer.h"
#include "rules/facts/text.h"
#include "rules/ruleset/declared_type.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"
#include "rules/ruleset/table_cell.h"
#include "rules/ruleset/table_overlap.h"
#include "rules/ruleset/table_rows.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kOffers = "offers";
constexpr absl::string_view kValue = "value";
constexpr size_t kMaxReportedRows = 20;  // that overlap or are covered

// What a cell comes to: one of TableCompiler::meanings_, or what is wrong with it.
struct CellReading {
  uint32_t meaning = 0;
  std::string problem;  // empty: none
  std::string hint;
};

// A column whose cells are conditions.
struct InputColumn {
  size_t position = 0;  // in the rows
  std::string text;     // canonical CEL
  KeyKind kind = KeyKind::kText;
  std::optional<uint32_t> subject;           // that its cells speak of, once one of them was read
  std::map<std::string, CellReading> cells;  // by what is written in them
};

class TableCompiler {
 public:
  TableCompiler(Compilation& c, const std::string& name, const expr::Environment& environment)
      : c_(c),
        name_(name),
        path_(absl::StrCat("tables[", name, "]")),
        message_(c.message.tables().at(name)),
        rows_(c.message.table_rows().contains(name) ? c.message.table_rows().at(name)
                                                    : v1::DecisionTableRows::default_instance()),
        environment_(environment),
        forms_(environment) {}

  std::optional<DecisionTableSpec> Compile(bool in_cycle, expr::Type& type) {
    const int errors = c_.reporter.errors();
    CompileHitPolicy();
    CompileOutput(type);
    if (rows_.columns_size() == 0) {
      c_.reporter.Error(codes::kMissingValue, path_, "the table has no rows",
                        absl::StrCat("write them in tables/", name_, ".csv"));
    }
    if (std::max(message_.inputs().size(), static_cast<size_t>(rows_.columns_size())) >
        kMaxTableColumns) {
      c_.reporter.Error(codes::kTooMany, path_,
                        absl::StrCat("a table has at most ", kMaxTableColumns, " columns"),
                        "split it into several tables");
      return std::nullopt;
    }
    if (!in_cycle) CompileInputs();
    if (c_.reporter.errors() > errors || in_cycle || !FindColumns()) return std::nullopt;
    CompileRows();
    if (c_.reporter.errors() > errors) return std::nullopt;
    CompareRows();
    if (c_.reporter.errors() > errors) return std::nullopt;
    DecisionTableSpec spec{DecisionTable(conditions_, forms_.TakeSubjects(), std::move(cells_)),
                           std::move(outputs_), otherwise_, std::move(memory_)};
    return spec;
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }
  bool names_offers() const { return message_.output() == kOffers; }
  absl::string_view output_column() const { return names_offers() ? kOffers : kValue; }

  void CompileHitPolicy() {
    is_first_ = message_.hit_policy() == "first";
    if (is_first_ || message_.hit_policy() == "unique") return;
    if (message_.hit_policy().empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a table says which of its rows counts",
                        "add `hit_policy: unique` or `hit_policy: first`");
      return;
    }
    c_.reporter.Error(
        codes::kUnknownWord, At("hit_policy"),
        absl::StrCat("a table cannot have the hit policy `", message_.hit_policy(), "`"),
        HintFor(message_.hit_policy(), {"unique", "first"}));
  }

  void CompileOutput(expr::Type& type) {
    type = expr::Type(expr::TypeKind::kError);
    if (names_offers()) {
      type = expr::Type::List(expr::Type(expr::TypeKind::kString));
      otherwise_ = ListOf({});
      for (const v1::Offer& offer : c_.message.offers()) offers_.push_back(offer.offer());
      std::sort(offers_.begin(), offers_.end());
      if (message_.has_otherwise()) {
        c_.reporter.Error(codes::kUnexpectedValue, At("otherwise"),
                          "where no row holds the table names no offer",
                          "add a last row without conditions to a table of `hit_policy: first`");
      }
      return;
    }
    output_type_ = FindDeclaredType(message_.output(), TypePlace::kComputed);
    if (!output_type_.has_value()) {
      std::vector<std::string> known = DeclaredTypeNames(TypePlace::kComputed);
      known.insert(known.begin(), std::string(kOffers));
      c_.reporter.Error(codes::kUnknownType, message_.output().empty() ? path_ : At("output"),
                        message_.output().empty()
                            ? "a table says what stands in its output column"
                            : absl::StrCat("a table cannot say a `", message_.output(), "`"),
                        absl::StrCat("`output:` is one of ", absl::StrJoin(known, ", ")));
      return;
    }
    type = output_type_->type;
    if (message_.has_otherwise()) otherwise_ = ReadValue(message_.otherwise(), At("otherwise"));
  }

  void CompileInputs() {
    if (message_.inputs().empty()) {
      c_.reporter.Error(codes::kMissingValue, path_, "a table has at least one input",
                        "add `inputs:`, from the name of a column to what it asks of");
    }
    for (const std::string& name : SortedKeys(message_.inputs())) CompileInput(name);
  }

  void CompileInput(const std::string& name) {
    const std::string at = absl::StrCat(path_, ".inputs[", name, "]");
    if (name == kOffers || name == kValue) {
      c_.reporter.Error(codes::kReservedName, at,
                        absl::StrCat("`", name, "` is the name of the output column"),
                        "give the input another name");
      return;
    }
    const expr::ExprPtr tree =
        CheckExpression(at, message_.inputs().at(name), environment_, std::nullopt, c_.reporter);
    if (tree == nullptr) return;
    const std::optional<KeyKind> kind = KeyKindOf(tree->type);
    if (!kind.has_value() || kind == KeyKind::kDuration) {
      c_.reporter.Error(
          codes::kWrongType, at,
          absl::StrCat("an input is a bool, a number, an amount, a text or a time, not ",
                       tree->type.ToString()),
          "make it a question that is true or false, such as `\"nuts\" in customer.allergies`");
      return;
    }
    const std::optional<expr::Program> program =
        PlanExpression(at, *tree, environment_, c_.reporter);
    if (!program.has_value()) return;
    if (program->slots().empty()) {
      c_.reporter.Error(codes::kBadValue, at, "this input is the same whatever the facts are",
                        "name a fact, such as `customer.tier`");
      return;
    }
    InputColumn input;
    input.text = expr::Print(*tree);
    input.kind = *kind;
    inputs_.emplace(name, std::move(input));
  }

  // Where each input and the output stand in the rows.
  bool FindColumns() {
    const std::string at = absl::StrCat("table_rows[", name_, "]");
    const int errors = c_.reporter.errors();
    absl::flat_hash_set<std::string> seen;
    for (int i = 0; i < rows_.columns_size(); ++i) {
      const std::string& column = rows_.columns(i);
      if (!seen.insert(column).second) {
        c_.reporter.Error(codes::kTableColumns, at,
                          absl::StrCat("there are two columns `", column, "`"),
                          "remove one of them");
      } else if (column == output_column()) {
        output_position_ = static_cast<size_t>(i);
      } else if (const auto input = inputs_.find(column); input != inputs_.end()) {
        input->second.position = static_cast<size_t>(i);
      } else {
        std::vector<std::string> known = SortedKeys(message_.inputs());
        known.emplace_back(output_column());
        c_.reporter.Unknown(codes::kTableColumns, at, "input or output", column, known);
      }
    }
    for (const auto& [column, input] : inputs_) {
      if (!seen.contains(column)) ReportMissingColumn(column);
    }
    if (!seen.contains(output_column())) ReportMissingColumn(output_column());
    return c_.reporter.errors() == errors;
  }

  void ReportMissingColumn(absl::string_view column) {
    c_.reporter.Error(codes::kTableColumns, absl::StrCat("table_rows[", name_, "]"),
                      absl::StrCat("the column `", column, "` is missing"),
                      "the first row names every input and the output");
  }

  void CompileRows() {
    if (rows_.rows_size() > kMaxTableRows) {
      c_.reporter.Error(codes::kTooMany, absl::StrCat("table_rows[", name_, "]"),
                        absl::StrCat("a table has at most ", kMaxTableRows, " rows"),
                        "split it into several tables");
      return;
    }
    for (int i = 0; i < rows_.rows_size(); ++i) CompileRow(static_cast<size_t>(i), rows_.rows(i));
  }

  void CompileRow(size_t row, const v1::DecisionTableRow& message) {
    if (message.cells_size() != rows_.columns_size()) {
      c_.reporter.Error(codes::kTableColumns, TableRowPath(name_, row),
                        absl::StrCat("the row has ", message.cells_size(), " cells for ",
                                     rows_.columns_size(), " columns"));
      return;
    }
    ConditionRows condition(1);
    std::vector<uint32_t> cells;
    for (auto& [name, input] : inputs_) {
      const std::string& cell = message.cells(static_cast<int>(input.position));
      input_sets_[name].push_back(nullptr);
      if (absl::StripAsciiWhitespace(cell).empty()) continue;
      const CellReading& reading = ReadingOf(cell, input);
      if (!reading.problem.empty()) {
        c_.reporter.Error(codes::kBadCell, TableCellPath(name_, row, input.position),
                          reading.problem, reading.hint);
        continue;
      }
      condition = forms_.Both(condition, {meanings_[reading.meaning]});
      input_sets_[name].back() = meanings_[reading.meaning].front().set.get();
      cells.push_back(reading.meaning);
    }
    if (condition.empty()) {
      c_.reporter.Error(codes::kBadCell, TableRowPath(name_, row),
                        "nothing fits all the cells of this row",
                        "two of its columns ask for the same fact");
    }
    conditions_.push_back(std::move(condition));
    cells_.of_row.push_back(std::move(cells));
    const std::string at = TableCellPath(name_, row, output_position_);
    const std::string& output = message.cells(static_cast<int>(output_position_));
    outputs_.push_back(names_offers() ? ReadOffers(output, at) : ReadValue(output, at));
  }

  const CellReading& ReadingOf(const std::string& cell, InputColumn& input) {
    const auto [known, is_new] = input.cells.try_emplace(cell);
    if (is_new) known->second = ReadCell(cell, input);
    return known->second;
  }

  CellReading ReadCell(const std::string& cell, InputColumn& input) {
    const absl::StatusOr<std::string> text =
        CellCondition(cell, input.text, input.kind, c_.rule_set.schema.zone);
    if (!text.ok()) {
      return {0, std::string(text.status().message()), std::string(CellHint(input.kind))};
    }
    const expr::ParseResult parsed = expr::Parse(*text);
    if (parsed.expr == nullptr) return ProblemOf(parsed.issues);
    const expr::Issues issues =
        expr::Check(*parsed.expr, environment_, expr::Type(expr::TypeKind::kBool));
    if (!issues.empty()) return ProblemOf(issues);
    const ConditionRows rows = forms_.WhenTrue(*parsed.expr);
    if (rows.empty()) return {0, absl::StrCat("no value fits `", cell, "`"), ""};
    const bool is_one_set = rows.size() == 1 && rows[0].size() == 1 &&
                            rows[0][0].subject == input.subject.value_or(rows[0][0].subject);
    absl::StatusOr<expr::Program> program = expr::Program::Compile(*parsed.expr, environment_);
    if (!is_one_set || !program.ok()) {
      return {0, absl::StrCat("`", cell, "` cannot be compared with the rest of its column"), ""};
    }
    input.subject = rows[0][0].subject;
    meanings_.push_back(rows[0]);
    cells_.programs.push_back(*std::move(program));
    return {static_cast<uint32_t>(meanings_.size() - 1), "", ""};
  }

  static CellReading ProblemOf(const expr::Issues& issues) {
    return {0, issues[0].message, issues[0].hint};
  }

  expr::Value ReadOffers(const std::string& cell, const std::string& at) {
    std::vector<absl::string_view> ids;
    if (!absl::StripAsciiWhitespace(cell).empty()) ids = absl::StrSplit(cell, '|');
    for (absl::string_view& id : ids) {
      id = absl::StripAsciiWhitespace(id);
      if (!std::binary_search(offers_.begin(), offers_.end(), id)) {
        c_.reporter.Unknown(codes::kUnknownOffer, at, "offer", id, offers_);
        continue;
      }
      std::vector<std::string>& tables = c_.tables_of_offer[id];
      if (tables.empty() || tables.back() != name_) tables.push_back(name_);
    }
    return ListOf(ids);
  }

  expr::Value ListOf(absl::Span<const absl::string_view> texts) {
    expr::Value* elements = memory_->NewArray<expr::Value>(texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      elements[i] = expr::Value::String(memory_->Copy(texts[i]));
    }
    auto* list = memory_->NewArray<expr::ListData>(1);
    list->elements = elements;
    list->size = static_cast<uint32_t>(texts.size());
    return expr::Value::List(list);
  }

  expr::Value ReadValue(const std::string& text, const std::string& at) {
    if (text.empty()) {
      c_.reporter.Error(codes::kMissingValue, at, "there is no value here",
                        "each row of a table says one");
      return expr::Value::Absent();
    }
    const Schema& schema = c_.rule_set.schema;
    const Currency currency = schema.currencies.empty() ? Currency() : schema.currencies.front();
    const absl::StatusOr<expr::Value> value = ParseScalar(
        text, output_type_->type, output_type_->form, {}, currency, schema.zone, *memory_);
    if (value.ok()) return *value;
    c_.reporter.Error(codes::kBadValue, at, value.status().message());
    return expr::Value::Absent();
  }

  // Rows that can hold at once, or that another takes everything from.
  void CompareRows() {
    std::vector<TableColumn> columns;
    columns.reserve(input_sets_.size());
    for (auto& [name, sets] : input_sets_) columns.push_back(std::move(sets));
    if (!is_first_) {
      for (const RowPair pair : OverlappingRows(columns, conditions_.size(), kMaxReportedRows)) {
        c_.reporter.Error(codes::kOverlappingRows, TableRowPath(name_, pair.below),
                          absl::StrCat("row ", pair.below + 1, " can hold together with row ",
                                       pair.above + 1, ", counted below the header"),
                          "make one of them narrower, or let the upper one count with "
                          "`hit_policy: first`");
      }
      return;
    }
    for (const RowPair pair : CoveredRows(columns, conditions_.size(), kMaxReportedRows)) {
      c_.reporter.Warning(
          codes::kUnreachableRow, TableRowPath(name_, pair.below),
          absl::StrCat("row ", pair.below + 1, " never counts: row ", pair.above + 1,
                       ", counted below the header, holds "
                       "wherever it does"),
          "move it above that row, or remove it");
    }
  }

  Compilation& c_;
  const std::string name_;
  const std::string path_;
  const v1::DecisionTable& message_;
  const v1::DecisionTableRows& rows_;
  const expr::Environment& environment_;
  NormalForms forms_;
  std::vector<std::string> offers_;  // ids of the rule set's, ascending; of a table of offers

  bool is_first_ = false;
  std::optional<DeclaredType> output_type_;  // nullopt: offers
  size_t output_position_ = 0;
  std::map<std::string, InputColumn> inputs_;
  std::map<std::string, TableColumn> input_sets_;
  ConditionRows meanings_;  // of distinct cells, each one literal; parallel to cells_.programs

  std::unique_ptr<expr::Arena> memory_ = std::make_unique<expr::Arena>();
  std::vector<ConditionRows> conditions_;  // by row
  DecisionTable::Cells cells_;
  std::vector<expr::Value> outputs_;
  expr::Value otherwise_ = expr::Value::Absent();
};

}  // namespace

std::optional<DecisionTableSpec> CompileTable(Compilation& c, const std::string& name,
                                              const expr::Environment& environment, bool in_cycle,
                                              expr::Type& type) {
  return TableCompiler(c, name, environment).Compile(in_cycle, type);
}

void ReportRowsWithoutTable(Compilation& c) {
  for (const std::string& name : SortedKeys(c.message.table_rows())) {
    if (c.message.tables().contains(name)) continue;
    c.reporter.Unknown(codes::kUnknownTable, absl::StrCat("table_rows[", name, "]"), "table", name,
                       SortedKeys(c.message.tables()));
  }
}

}  // namespace touchstone::rules
