#include "store/missing_log.h"

#include <cstdarg>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace touchstone::store {
namespace {

// There is no code for it: the words of 7.8, which a test keeps.
constexpr absl::string_view kMissing = "Missing WAL with log number: ";

std::optional<uint64_t> MissingLog(const rocksdb::Status& refused) {
  if (!refused.IsCorruption()) return std::nullopt;
  const std::string message = refused.ToString();
  absl::string_view rest = message;
  const size_t at = rest.find(kMissing);
  if (at == absl::string_view::npos) return std::nullopt;
  rest.remove_prefix(at + kMissing.size());
  uint64_t number = 0;
  if (!absl::SimpleAtoi(rest.substr(0, rest.find('.')), &number)) return std::nullopt;
  return number;
}

class NoLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

}  // namespace

bool MissesOnlyAFlushedLog(const rocksdb::Status& refused, const rocksdb::DBOptions& db_options,
                           const std::string& path,
                           const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  const std::optional<uint64_t> missing = MissingLog(refused);
  if (!missing.has_value()) return false;
  rocksdb::DBOptions untracked = db_options;
  untracked.track_and_verify_wals_in_manifest = false;
  // With a logger of its own, a secondary needs no folder of its own.
  untracked.info_log = std::make_shared<NoLogger>();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  // Not for reading only: that aborts where logs are noted and are not to be verified.
  const rocksdb::Status status =
      rocksdb::DB::OpenAsSecondary(untracked, path, "", families, &handles, &opened);
  if (!status.ok()) return false;
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  uint64_t first_needed = 0;
  return db->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep, &first_needed) &&
         *missing < first_needed;
}

}  // namespace touchstone::store
