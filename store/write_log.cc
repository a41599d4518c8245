#include "store/write_log.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "store/crc32c.h"
#include "store/database.h"

namespace touchstone::store {
namespace {

constexpr size_t kBlockBytes = size_t{32} << 10;
constexpr size_t kHeaderBytes = 7;
constexpr size_t kTypeAt = 6;
constexpr size_t kBatchHeadBytes = 12;
constexpr uint32_t kMaskDelta = 0xa282ead8;

// Types of records; between them kMiddle = 3.
constexpr uint8_t kFull = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kLast = 4;

uint64_t LittleEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

uint32_t Masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + kMaskDelta; }

struct Record {
  uint8_t type;
  absl::string_view payload;
};

// The record that begins with these bytes of a block; nullopt when they are none, or damaged.
std::optional<Record> ReadRecord(absl::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  const auto type = static_cast<uint8_t>(bytes[kTypeAt]);
  // Logs are not reused, compressed or stamped with times of the caller: no other type is written.
  if (type < kFull || type > kLast) return std::nullopt;
  const size_t length = LittleEndian(bytes.substr(4, 2));
  if (kHeaderBytes + length > bytes.size()) return std::nullopt;
  const uint32_t crc = ExtendCrc32c(0, bytes.substr(kTypeAt, 1 + length));
  if (Masked(crc) != LittleEndian(bytes.substr(0, 4))) return std::nullopt;
  return Record{type, bytes.substr(kHeaderBytes, length)};
}

// Follows the batches of one log after another.
class LogCheck {
 public:
  void BeginLog(absl::string_view file) { file_ = std::string(file); }

  // `offset`: of the block in its file.
  void Block(uint64_t offset, absl::string_view block) {
    size_t at = 0;
    // What is too short for a header is padding in a full block, and torn in the last one.
    while (block.size() - at >= kHeaderBytes || (block.size() < kBlockBytes && at < block.size())) {
      const std::optional<Record> record = ReadRecord(block.substr(at));
      if (record.has_value()) {
        Follow(*record, offset + at);
        at += kHeaderBytes + record->payload.size();
      } else {
        Damaged(offset + at);
        ++at;  // the length cannot be trusted: the next record may begin anywhere
      }
    }
  }

  void EndLog(uint64_t bytes) {
    if (in_batch_) Damaged(bytes);
  }

  WriteLogs Found() const { return {status_, next_sequence_.value_or(0)}; }

 private:
  void Follow(const Record& record, uint64_t byte) {
    if (record.type == kFull || record.type == kFirst) {
      if (in_batch_) Damaged(byte);
      in_batch_ = true;
      head_.clear();
    } else if (!in_batch_) {
      return;  // the rest of a batch whose beginning is damaged
    }
    if (head_.size() < kBatchHeadBytes) {
      head_.append(record.payload.data(),
                   std::min(record.payload.size(), kBatchHeadBytes - head_.size()));
      if (head_.size() == kBatchHeadBytes) CheckSequence();
    }
    if (record.type != kFull && record.type != kLast) return;
    in_batch_ = false;
    if (head_.size() < kBatchHeadBytes) return;
    const absl::string_view head = head_;
    next_sequence_ = LittleEndian(head.substr(0, 8)) + LittleEndian(head.substr(8));
  }

  // A log that was recovered may remain for a while: then the next one mostly takes the sequence up
  // where the torn end left it, and nothing is missing.
  void CheckSequence() {
    if (damaged_file_.empty()) return;
    const bool goes_on = next_sequence_.has_value() &&
                         LittleEndian(absl::string_view(head_).substr(0, 8)) == *next_sequence_;
    if (!goes_on && status_.ok()) {
      status_ = absl::DataLossError(absl::StrCat(
          "the write-ahead log ", damaged_file_, " is damaged at byte ", damaged_byte_,
          ", before writes that were acknowledged; nothing was changed: restore the folder from a "
          "backup"));
    }
    damaged_file_.clear();
  }

  // The first damage behind the last whole batch.
  void Damaged(uint64_t byte) {
    in_batch_ = false;
    if (!damaged_file_.empty()) return;
    damaged_file_ = file_;
    damaged_byte_ = byte;
  }

  std::string file_;
  bool in_batch_ = false;
  std::string head_;                       // of the batch, as far as it was read
  std::optional<uint64_t> next_sequence_;  // behind the last whole batch
  std::string damaged_file_;               // empty: none
  uint64_t damaged_byte_ = 0;
  absl::Status status_;
};

absl::Status CheckLog(rocksdb::Env* env, const std::string& path, const std::string& file,
                      LogCheck* check) {
  std::unique_ptr<rocksdb::SequentialFile> log;
  rocksdb::Status status =
      env->NewSequentialFile(absl::StrCat(path, "/", file), &log, rocksdb::EnvOptions());
  if (!status.ok()) return ToStatus("open write-ahead log", status);
  check->BeginLog(file);
  std::vector<char> buffer(kBlockBytes);
  for (uint64_t offset = 0;; offset += kBlockBytes) {
    rocksdb::Slice block;
    status = log->Read(kBlockBytes, &block, buffer.data());
    if (!status.ok()) return ToStatus("read write-ahead log", status);
    check->Block(offset, absl::string_view(block.data(), block.size()));
    if (block.size() < kBlockBytes) {
      check->EndLog(offset + block.size());
      return absl::OkStatus();
    }
  }
}

}  // namespace

absl::StatusOr<WriteLogs> ReadWriteLogs(rocksdb::Env* env, const std::string& path) {
  std::vector<std::string> names;
  if (const rocksdb::Status listed = env->GetChildren(path, &names); !listed.ok()) {
    return ToStatus("list write-ahead logs", listed);
  }
  std::vector<std::pair<uint64_t, std::string>> logs;
  for (std::string& name : names) {
    absl::string_view digits = name;
    uint64_t number = 0;
    if (absl::ConsumeSuffix(&digits, ".log") && absl::SimpleAtoi(digits, &number)) {
      logs.emplace_back(number, std::move(name));
    }
  }
  std::sort(logs.begin(), logs.end());
  LogCheck check;
  for (const auto& [number, name] : logs) {
    if (absl::Status status = CheckLog(env, path, name, &check); !status.ok()) return status;
  }
  return check.Found();
}

}  // namespace touchstone::store
