#include "store/rocks_options.h"

#include <rocksdb/convenience.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace touchstone::store {
namespace {

enum class Part : uint8_t { kDb, kTable, kColumnFamily };

// Where an option belongs; without a family, to all of them.
struct Place {
  Part part;
  std::optional<Family> family;
};

struct Line {
  Place place;
  std::string name;
  std::string value;
  std::string where;  // file and line
};

absl::Status Fault(absl::string_view where, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", text));
}

absl::string_view PartName(Part part) {
  switch (part) {
    case Part::kDb:
      return "db";
    case Part::kTable:
      return "table";
    case Part::kColumnFamily:
      return "column family";
  }
  return "";
}

std::optional<Family> FindFamily(absl::string_view name) {
  for (size_t i = 0; i < kFamilyCount; ++i) {
    if (FamilyName(static_cast<Family>(i)) == name) return static_cast<Family>(i);
  }
  return std::nullopt;
}

// What stands between the brackets of a heading.
std::optional<Place> FindPlace(absl::string_view heading) {
  if (heading == PartName(Part::kDb)) return Place{Part::kDb, std::nullopt};
  for (const Part part : {Part::kTable, Part::kColumnFamily}) {
    absl::string_view rest = heading;
    if (!absl::ConsumePrefix(&rest, PartName(part))) continue;
    if (rest.empty()) return Place{part, std::nullopt};
    if (!absl::ConsumePrefix(&rest, " ")) continue;
    const std::optional<Family> family = FindFamily(rest);
    if (family.has_value()) return Place{part, family};
  }
  return std::nullopt;
}

// RocksDB reads `8 KiB` as 8 and says nothing.
bool IsNumberWithMoreBehind(absl::string_view value) {
  if (value.empty() || !absl::ascii_isdigit(value.front())) return false;
  constexpr absl::string_view kPowers = "KMGTkmgt";
  if (kPowers.find(value.back()) != absl::string_view::npos) value.remove_suffix(1);
  double number = 0;
  return !absl::SimpleAtod(value, &number);
}

absl::StatusOr<std::vector<Line>> ReadLines(const OptionsText& from) {
  std::vector<Line> lines;
  std::optional<Place> place;
  int number = 0;
  for (absl::string_view text : absl::StrSplit(from.text, '\n')) {
    const std::string where = absl::StrCat(from.name, ":", ++number);
    text = absl::StripAsciiWhitespace(text);
    if (text.empty() || text.front() == '#') continue;
    if (text.front() == '[' && text.back() == ']') {
      place = FindPlace(text.substr(1, text.size() - 2));
      if (place.has_value()) continue;
      return Fault(where,
                   absl::StrCat("there is no part ", text,
                                ". Parts are [db], [table] and [column family], the last two "
                                "also with the name of a column family, as [table events]."));
    }
    const size_t equals = text.find('=');
    if (equals == absl::string_view::npos) {
      return Fault(where, "a line must be `option = value` or the name of a part, as [db].");
    }
    if (!place.has_value()) {
      return Fault(where, "an option must stand below the name of its part, as [db].");
    }
    lines.push_back({*place, std::string(absl::StripAsciiWhitespace(text.substr(0, equals))),
                     std::string(absl::StripAsciiWhitespace(text.substr(equals + 1))), where});
    if (IsNumberWithMoreBehind(lines.back().value)) {
      return Fault(where,
                   absl::StrCat("`", lines.back().value, "` is no value for ", lines.back().name,
                                ": a number may have K, M or G right behind it, nothing "
                                "else."));
    }
  }
  return lines;
}

absl::Status CheckChanges(const std::vector<Line>& changes, const std::vector<Line>& base) {
  for (const Line& change : changes) {
    const bool is_known = std::any_of(base.begin(), base.end(), [&](const Line& line) {
      return line.place.part == change.place.part && line.name == change.name;
    });
    if (is_known) continue;
    return Fault(change.where,
                 absl::StrCat("there is no option `", change.name, "` to change in [",
                              PartName(change.place.part),
                              "]. store/rocksdb.options lists those that there are."));
  }
  return absl::OkStatus();
}

rocksdb::Status Set(const Line& line, RocksOptions* options) {
  rocksdb::ConfigOptions strict;
  strict.ignore_unsupported_options = false;
  const std::unordered_map<std::string, std::string> setting = {{line.name, line.value}};
  if (line.place.part == Part::kDb) {
    const rocksdb::DBOptions before = options->db;
    return rocksdb::GetDBOptionsFromMap(strict, before, setting, &options->db);
  }
  for (size_t i = 0; i < kFamilyCount; ++i) {
    if (line.place.family.has_value() && *line.place.family != static_cast<Family>(i)) continue;
    rocksdb::Status set;
    if (line.place.part == Part::kTable) {
      const rocksdb::BlockBasedTableOptions before = options->tables[i];
      set = rocksdb::GetBlockBasedTableOptionsFromMap(strict, before, setting, &options->tables[i]);
    } else {
      const rocksdb::ColumnFamilyOptions before = options->families[i];
      set = rocksdb::GetColumnFamilyOptionsFromMap(strict, before, setting, &options->families[i]);
    }
    if (!set.ok()) return set;
  }
  return rocksdb::Status::OK();
}

}  // namespace

absl::StatusOr<RocksOptions> ReadRocksOptions(const OptionsText& base, const OptionsText& changes) {
  const absl::StatusOr<std::vector<Line>> base_lines = ReadLines(base);
  if (!base_lines.ok()) return base_lines.status();
  const absl::StatusOr<std::vector<Line>> change_lines = ReadLines(changes);
  if (!change_lines.ok()) return change_lines.status();
  if (absl::Status known = CheckChanges(*change_lines, *base_lines); !known.ok()) return known;
  RocksOptions options;
  for (const bool of_one_family : {false, true}) {
    for (const std::vector<Line>* lines : {&*base_lines, &*change_lines}) {
      for (const Line& line : *lines) {
        if (line.place.family.has_value() != of_one_family) continue;
        const rocksdb::Status set = Set(line, &options);
        if (!set.ok()) return Fault(line.where, absl::StrCat(line.name, ": ", set.ToString()));
      }
    }
  }
  return options;
}

}  // namespace touchstone::store
