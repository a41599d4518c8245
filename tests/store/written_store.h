#pragma once

// A store of one test and its writer, opened, and opened again when the test says so.
//
// Thread safety: as Store and Writer; Reopen with nobody else about. Errors: a test fails.

#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {

class WrittenStore {
 public:
  // `file_system` null: the default one.
  explicit WrittenStore(std::shared_ptr<rocksdb::FileSystem> file_system = nullptr)
      : file_system_(std::move(file_system)) {
    Open();
  }

  Store* operator->() const { return store_.get(); }
  const Store& store() const { return *store_; }
  Writer& writer() { return *writer_; }

  storage::EntryResult Write(const storage::Entry& entry) {
    absl::StatusOr<storage::EntryResult> result = writer_->Write(entry);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(storage::EntryResult());
  }

  void Close() {
    writer_.reset();
    store_.reset();
  }
  void Open() {
    StoreOptions options;
    options.path = directory_.Sub("store");
    options.file_system = file_system_;
    options.cache_bytes = size_t{8} << 20;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    writer_ = std::make_unique<Writer>(store_.get(), WriterOptions());
  }
  void Reopen() {
    Close();
    Open();
  }

 private:
  TemporaryDirectory directory_;
  const std::shared_ptr<rocksdb::FileSystem> file_system_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace touchstone::store
