#pragma once

// The options of RocksDB that were chosen by measurement, as text: store/rocksdb.options, which is
// built in and says of each why, and a file of an operator that changes some of the values.
//
// Thread safety: pure functions. Errors: InvalidArgument that names file, line and option.

#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/family.h"

namespace touchstone::store {

// store/rocksdb.options.
absl::string_view BuiltInRocksOptions();

// By Family. What no line sets is as RocksDB has it.
struct RocksOptions {
  rocksdb::DBOptions db;
  std::array<rocksdb::ColumnFamilyOptions, kFamilyCount> families;
  std::array<rocksdb::BlockBasedTableOptions, kFamilyCount> tables;
};

// `name` is what errors call the text.
struct OptionsText {
  std::string name;
  std::string text;
};

// The options that `base` sets, with the values of `changes`, which may set only what `base` sets
// too, though for other column families. What is set for one column family counts more there than
// what is set for all.
absl::StatusOr<RocksOptions> ReadRocksOptions(const OptionsText& base, const OptionsText& changes);

}  // namespace touchstone::store
