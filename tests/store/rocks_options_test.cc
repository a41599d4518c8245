// The options of RocksDB as text: what is built in holds in an open store, what an operator changes
// holds too, and what is wrong in a file is named with its line.

#include "store/rocks_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/convenience.h>
#include <rocksdb/table.h>

#include <fstream>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "store/database.h"
#include "store/store.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A line of the file that is built in, as a person reads it.
struct Setting {
  std::string part;
  std::string name;
  std::string value;
};

std::vector<Setting> BuiltInSettings() {
  std::vector<Setting> settings;
  std::string part;
  for (absl::string_view line : absl::StrSplit(BuiltInRocksOptions(), '\n')) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      part = std::string(line.substr(1, line.size() - 2));
      continue;
    }
    const std::pair<absl::string_view, absl::string_view> sides =
        absl::StrSplit(line, absl::MaxSplits(" = ", 1));
    settings.push_back({part, std::string(sides.first), std::string(sides.second)});
  }
  return settings;
}

bool IsOf(const std::string& part, const std::string& kind, Family family) {
  return part == kind || part == absl::StrCat(kind, " ", FamilyName(family));
}

class RocksOptionsTest : public ::testing::Test {
 protected:
  absl::Status Open(const std::string& changes) {
    store_.reset();
    StoreOptions options;
    options.path = directory_.Sub("store");
    if (!changes.empty()) {
      options.options_file = directory_.Sub("changes");
      std::ofstream(options.options_file) << changes;
    }
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    return absl::OkStatus();
  }

  rocksdb::Options OptionsOf(Family family) {
    Database& database = store_->database();
    return database.rocks()->GetOptions(database.handle(family));
  }

  rocksdb::BlockBasedTableOptions TableOf(Family family) {
    return *OptionsOf(family).table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
  }

  static std::string TextOf(const rocksdb::BlockBasedTableOptions& options) {
    std::string text;
    const std::unique_ptr<rocksdb::TableFactory> factory(
        rocksdb::NewBlockBasedTableFactory(options));
    EXPECT_TRUE(factory->GetOptionString(rocksdb::ConfigOptions(), &text).ok());
    return text;
  }

  // The open store's options as text: those that a setting of this kind belongs to, and what they
  // would be with it.
  std::pair<std::string, std::string> WithAndWithout(const Setting& setting, Family family) {
    const rocksdb::ConfigOptions config;
    const std::unordered_map<std::string, std::string> map = {{setting.name, setting.value}};
    std::string before;
    std::string after;
    const rocksdb::Options options = OptionsOf(family);
    if (setting.part == "db") {
      const rocksdb::DBOptions from(options);
      rocksdb::DBOptions to;
      EXPECT_TRUE(rocksdb::GetDBOptionsFromMap(config, from, map, &to).ok());
      EXPECT_TRUE(rocksdb::GetStringFromDBOptions(config, from, &before).ok());
      EXPECT_TRUE(rocksdb::GetStringFromDBOptions(config, to, &after).ok());
    } else if (absl::StartsWith(setting.part, "table")) {
      const rocksdb::BlockBasedTableOptions from = TableOf(family);
      rocksdb::BlockBasedTableOptions to;
      EXPECT_TRUE(rocksdb::GetBlockBasedTableOptionsFromMap(config, from, map, &to).ok());
      before = TextOf(from);
      after = TextOf(to);
    } else {
      const rocksdb::ColumnFamilyOptions from(options);
      rocksdb::ColumnFamilyOptions to;
      EXPECT_TRUE(rocksdb::GetColumnFamilyOptionsFromMap(config, from, map, &to).ok());
      EXPECT_TRUE(rocksdb::GetStringFromColumnFamilyOptions(config, from, &before).ok());
      EXPECT_TRUE(rocksdb::GetStringFromColumnFamilyOptions(config, to, &after).ok());
    }
    return {before, after};
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(RocksOptionsTest, WhatIsBuiltInHoldsInAnOpenStore) {
  ASSERT_TRUE(Open("").ok());
  const std::vector<Setting> settings = BuiltInSettings();
  ASSERT_GT(settings.size(), 10u);
  for (size_t i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    for (const Setting& setting : settings) {
      if (setting.part != "db" && !IsOf(setting.part, "table", family) &&
          !IsOf(setting.part, "column family", family)) {
        continue;
      }
      const auto [before, after] = WithAndWithout(setting, family);
      ASSERT_FALSE(before.empty());
      EXPECT_EQ(before, after) << FamilyName(family) << ": " << setting.name;
    }
  }
  // Another value would have been seen.
  for (const Setting& other :
       {Setting{"db", "max_background_jobs", "7"}, Setting{"table", "block_size", "5K"},
        Setting{"column family", "compression", "kZSTD"}}) {
    const auto [before, after] = WithAndWithout(other, Family::kEvents);
    EXPECT_NE(before, after) << other.name;
  }
}

TEST_F(RocksOptionsTest, AnOperatorChangesSomeValues) {
  ASSERT_TRUE(Open("").ok());
  const size_t block_size = TableOf(Family::kMeta).block_size;
  const int restart_interval = TableOf(Family::kCustomers).block_restart_interval;
  ASSERT_NE(TableOf(Family::kMeta).block_restart_interval, restart_interval);
  ASSERT_NE(block_size, 5u << 10);
  const absl::Status opened = Open(
      "# less memory\n"
      "[db]\n"
      "max_background_jobs = 3\n"
      "db_write_buffer_size = 7M\n"
      "\n"
      "[table events]\n"
      "block_size = 5K\n"
      "[table]\n"
      "  block_restart_interval=9\n"
      "[column family audit]\n"
      "compression = kZSTD\n");
  ASSERT_TRUE(opened.ok()) << opened;
  EXPECT_EQ(OptionsOf(Family::kMeta).max_background_jobs, 3);
  EXPECT_EQ(OptionsOf(Family::kMeta).db_write_buffer_size, 7u << 20);
  EXPECT_EQ(TableOf(Family::kEvents).block_size, 5u << 10);
  EXPECT_EQ(TableOf(Family::kMeta).block_size, block_size);
  EXPECT_EQ(TableOf(Family::kMeta).block_restart_interval, 9);
  EXPECT_EQ(TableOf(Family::kCustomers).block_restart_interval, restart_interval)
      << "what is said for one column family counts more there";
  EXPECT_EQ(OptionsOf(Family::kAudit).compression, rocksdb::kZSTD);
  EXPECT_EQ(OptionsOf(Family::kMeta).compression, rocksdb::kLZ4Compression);
}

TEST_F(RocksOptionsTest, WhatAFileSaysWronglyIsNamedWithItsLine) {
  const auto fault = [this](const std::string& changes) {
    const absl::Status opened = Open(changes);
    EXPECT_EQ(opened.code(), absl::StatusCode::kInvalidArgument) << opened;
    EXPECT_THAT(std::string(opened.message()), StartsWith(directory_.Sub("changes") + ":"));
    return std::string(opened.message());
  };
  EXPECT_THAT(fault("[db]\n\nmax_jobs = 2\n"), HasSubstr(":3: there is no option `max_jobs`"));
  EXPECT_THAT(fault("[table]\nmax_background_jobs = 2\n"),
              HasSubstr(":2: there is no option `max_background_jobs` to change in [table]"));
  EXPECT_THAT(fault("[db]\nmax_open_files = 100\n"), HasSubstr(":2: there is no option"))
      << "reads of tables that are closed would be wrong";
  EXPECT_THAT(fault("[table]\nblock_size = 8 KiB\n"), HasSubstr(":2: `8 KiB` is no value for"));
  EXPECT_THAT(fault("[table]\nblock_size = large\n"), HasSubstr(":2: block_size: "));
  EXPECT_THAT(fault("[column family]\ncompression = kBest\n"), HasSubstr(":2: compression: "));
  EXPECT_THAT(fault("[table customer]\n"), HasSubstr(":1: there is no part [table customer]"));
  EXPECT_THAT(fault("[db events]\n"), HasSubstr(":1: there is no part [db events]"));
  EXPECT_THAT(fault("max_background_jobs = 2\n"), HasSubstr(":1: an option must stand below"));
  EXPECT_THAT(fault("[db]\nmax_background_jobs\n"), HasSubstr(":2: a line must be"));
}

TEST_F(RocksOptionsTest, AFileThatIsNotThereIsNamed) {
  StoreOptions options;
  options.path = directory_.Sub("store");
  options.options_file = directory_.Sub("none");
  const absl::Status opened = Store::Open(options).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(opened.message()), HasSubstr(directory_.Sub("none")));
}

TEST_F(RocksOptionsTest, AnOptionThatRocksDbDoesNotHaveIsNamedInWhatIsBuiltInToo) {
  const absl::Status read = ReadRocksOptions({"base", "[db]\nmax_jobs = 2\n"}, {}).status();
  EXPECT_EQ(read.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.message()), StartsWith("base:2: max_jobs: "));
}

}  // namespace
}  // namespace touchstone::store
