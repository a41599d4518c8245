#include "store/receipt_segment.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "store/crc32c.h"
#include "store/record_layout.h"
#include "store/value.h"

namespace touchstone::store {
namespace {

using layout::AppendNumber;

constexpr uint32_t kSegmentMagic = 0x43525354;  // "TSRC"
constexpr uint32_t kIndexMagic = 0x49525354;    // "TSRI"
constexpr uint32_t kReceiptFormat = 1;
constexpr size_t kIndexEntryBytes = 12;
constexpr size_t kIndexFixedBytes = 40;
constexpr size_t kReadAheadBytes = size_t{1} << 20;
constexpr absl::string_view kSegmentSuffix = ".receipts";

absl::Status Damaged(uint64_t number, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("receipt segment ", number, ": ", what));
}

absl::Status WriteFile(const SegmentDirectory& directory, const std::string& path,
                       const std::string& bytes) {
  const std::string temporary = path + kUnfinishedSuffix;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus io =
      directory.file_system->NewWritableFile(temporary, rocksdb::FileOptions(), &file, nullptr);
  if (io.ok()) io = file->Append(bytes, rocksdb::IOOptions(), nullptr);
  if (io.ok()) io = file->Sync(rocksdb::IOOptions(), nullptr);
  if (io.ok()) io = file->Close(rocksdb::IOOptions(), nullptr);
  if (io.ok()) {
    io = directory.file_system->RenameFile(temporary, path, rocksdb::IOOptions(), nullptr);
  }
  if (!io.ok()) return ToStatus("write of a receipt index", io);
  return directory.Sync();
}

// Exactly `bytes` bytes, unless the file ends before.
absl::StatusOr<std::string> ReadAt(rocksdb::FSRandomAccessFile* file, uint64_t offset,
                                   size_t bytes) {
  std::string buffer(bytes, '\0');
  rocksdb::Slice got;
  const rocksdb::IOStatus io =
      file->Read(offset, bytes, rocksdb::IOOptions(), &got, buffer.data(), nullptr);
  if (!io.ok()) return ToStatus("read of receipts", io);
  if (got.data() != buffer.data()) return got.ToString();
  buffer.resize(got.size());
  return buffer;
}

}  // namespace

absl::Status ToStatus(absl::string_view what, const rocksdb::IOStatus& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", status.ToString());
  if (status.IsNotFound() || status.IsPathNotFound()) return absl::NotFoundError(text);
  return absl::UnavailableError(text);
}

std::string SegmentHeader(uint64_t number) {
  std::string header;
  AppendNumber(&header, kSegmentMagic);
  AppendNumber(&header, kReceiptFormat);
  AppendNumber(&header, number);
  return header;
}

size_t FrameBytes(size_t decision_id_bytes, size_t receipt_bytes) {
  return kFrameHeaderBytes + decision_id_bytes + receipt_bytes;
}

void AppendFrame(absl::string_view decision_id, int64_t time_us,
                 absl::Span<const absl::string_view> parts, std::string* out) {
  size_t receipt_bytes = 0;
  for (absl::string_view part : parts) receipt_bytes += part.size();
  AppendNumber(out, uint32_t{0});
  AppendNumber(out, static_cast<uint32_t>(receipt_bytes));
  AppendNumber(out, time_us);
  AppendNumber(out, static_cast<uint8_t>(decision_id.size()));
  out->append(decision_id.data(), decision_id.size());
  for (absl::string_view part : parts) out->append(part.data(), part.size());
}

namespace {

Frame FrameAt(const char* bytes) {
  Frame frame;
  const size_t id_bytes = static_cast<unsigned char>(bytes[16]);
  const size_t receipt_bytes = LoadNumber<uint32_t>(bytes + 4);
  frame.time_us = LoadNumber<int64_t>(bytes + 8);
  frame.decision_id = absl::string_view(bytes + kFrameHeaderBytes, id_bytes);
  frame.receipt = absl::string_view(bytes + kFrameHeaderBytes + id_bytes, receipt_bytes);
  frame.frame_bytes = FrameBytes(id_bytes, receipt_bytes);
  return frame;
}

}  // namespace

FrameCheck ReadFrame(absl::string_view bytes, Frame* frame) {
  if (bytes.size() < kFrameHeaderBytes) return FrameCheck::kShort;
  *frame = FrameAt(bytes.data());
  // Without a limit, a torn length would have gigabytes read in order to check them.
  if (frame->receipt.size() > kMaxReceiptBytes) return FrameCheck::kDamaged;
  if (frame->frame_bytes > bytes.size()) return FrameCheck::kShort;
  const uint32_t crc = ExtendCrc32c(0, bytes.substr(4, frame->frame_bytes - 4));
  // Zeroes that a file system left behind would pass for an empty receipt of nobody.
  if (crc != LoadNumber<uint32_t>(bytes.data()) || frame->decision_id.empty()) {
    return FrameCheck::kDamaged;
  }
  return FrameCheck::kGood;
}

Frame SealFrame(char* bytes) {
  const Frame frame = FrameAt(bytes);
  const uint32_t crc = ExtendCrc32c(0, absl::string_view(bytes + 4, frame.frame_bytes - 4));
  std::memcpy(bytes, &crc, sizeof(crc));
  return frame;
}

uint64_t HashDecisionId(absl::string_view decision_id) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, then mixed: buckets go by the highest byte
  for (const char c : decision_id) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  return hash ^ (hash >> 33);
}

void SegmentSummary::Cover(int64_t time_us) {
  first_us = std::min(first_us, time_us);
  last_us = std::max(last_us, time_us);
}

std::string SegmentDirectory::SegmentPath(uint64_t number) const {
  return absl::StrFormat("%s/%016d%s", path, number, kSegmentSuffix);
}

std::string SegmentDirectory::IndexPath(uint64_t number) const {
  return absl::StrFormat("%s/%016d.index", path, number);
}

absl::StatusOr<std::vector<uint64_t>> SegmentDirectory::List() const {
  std::vector<std::string> names;
  const rocksdb::IOStatus io =
      file_system->GetChildren(path, rocksdb::IOOptions(), &names, nullptr);
  if (!io.ok()) return ToStatus("listing of receipts", io);
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    uint64_t number = 0;
    if (absl::EndsWith(name, kSegmentSuffix) &&
        absl::SimpleAtoi(name.substr(0, name.size() - kSegmentSuffix.size()), &number)) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

absl::Status SegmentDirectory::Sync() const {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  rocksdb::IOStatus io = file_system->NewDirectory(path, rocksdb::IOOptions(), &directory, nullptr);
  if (io.ok()) io = directory->Fsync(rocksdb::IOOptions(), nullptr);
  return ToStatus("sync of the receipts' directory", io);
}

absl::StatusOr<std::unique_ptr<rocksdb::FSRandomAccessFile>> SegmentDirectory::OpenForReading(
    const std::string& file) const {
  std::unique_ptr<rocksdb::FSRandomAccessFile> opened;
  const rocksdb::IOStatus io =
      file_system->NewRandomAccessFile(file, rocksdb::FileOptions(), &opened, nullptr);
  if (!io.ok()) return ToStatus("opening of receipts", io);
  return opened;
}

absl::Status SegmentDirectory::Truncate(uint64_t number, uint64_t bytes) const {
  // RocksDB's own file system cannot truncate by name.
  std::unique_ptr<rocksdb::FSWritableFile> file;
  const rocksdb::IOOptions io_options;
  rocksdb::IOStatus io =
      file_system->ReopenWritableFile(SegmentPath(number), rocksdb::FileOptions(), &file, nullptr);
  if (io.ok()) io = file->Truncate(bytes, io_options, nullptr);
  if (io.ok()) io = file->Sync(io_options, nullptr);
  if (io.ok()) io = file->Close(io_options, nullptr);
  return ToStatus("cutting off a torn receipt", io);
}

absl::Status SegmentDirectory::Remove(uint64_t number) const {
  // The index first: a segment without one is recovered, an index without a segment stays for ever.
  file_system->DeleteFile(IndexPath(number), rocksdb::IOOptions(), nullptr);
  return ToStatus("removal of receipts",
                  file_system->DeleteFile(SegmentPath(number), rocksdb::IOOptions(), nullptr));
}

absl::StatusOr<uint64_t> ReadFrames(const SegmentDirectory& directory, uint64_t number,
                                    absl::FunctionRef<bool(uint64_t, const Frame&)> visit) {
  auto file = directory.OpenForReading(directory.SegmentPath(number));
  if (!file.ok()) return file.status();
  uint64_t offset = kSegmentHeaderBytes;
  size_t want = kReadAheadBytes;
  while (true) {
    absl::StatusOr<std::string> chunk = ReadAt(file->get(), offset, want);
    if (!chunk.ok()) return chunk.status();
    absl::string_view rest = *chunk;
    Frame frame;
    FrameCheck check = ReadFrame(rest, &frame);
    const bool at_end = chunk->size() < want;
    // A frame longer than the chunk: read it as a whole, unless the file ends before it does.
    if (check == FrameCheck::kShort && !at_end) {
      want = std::max(want * 2, frame.frame_bytes);
      continue;
    }
    want = kReadAheadBytes;
    for (; check == FrameCheck::kGood; check = ReadFrame(rest, &frame)) {
      if (!visit(offset, frame)) return offset;
      offset += frame.frame_bytes;
      rest.remove_prefix(frame.frame_bytes);
    }
    if (check == FrameCheck::kDamaged || at_end) return offset;
  }
}

absl::Status SegmentDirectory::RemoveUnfinished() const {
  std::vector<std::string> names;
  const rocksdb::IOStatus io =
      file_system->GetChildren(path, rocksdb::IOOptions(), &names, nullptr);
  if (!io.ok()) return ToStatus("listing of receipts", io);
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, kUnfinishedSuffix)) continue;
    const rocksdb::IOStatus removed =
        file_system->DeleteFile(absl::StrCat(path, "/", name), rocksdb::IOOptions(), nullptr);
    if (!removed.ok()) return ToStatus("removal of receipts", removed);
  }
  return absl::OkStatus();
}

absl::Status WriteErased(const SegmentDirectory& directory, uint64_t number,
                         const std::vector<uint64_t>& offsets, const std::string& path) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus io =
      directory.file_system->NewWritableFile(path, rocksdb::FileOptions(), &file, nullptr);
  std::string buffer = SegmentHeader(number);
  auto next = offsets.begin();
  const absl::StatusOr<uint64_t> end =
      ReadFrames(directory, number, [&](uint64_t offset, const Frame& frame) {
        const size_t begin = buffer.size();
        buffer.append(frame.decision_id.data() - kFrameHeaderBytes, frame.frame_bytes);
        if (next != offsets.end() && *next == offset) {
          ++next;
          std::memset(&buffer[buffer.size() - frame.receipt.size()], 0, frame.receipt.size());
          SealFrame(&buffer[begin]);
        }
        if (buffer.size() < kReadAheadBytes) return true;
        if (io.ok()) io = file->Append(buffer, rocksdb::IOOptions(), nullptr);
        buffer.clear();
        return io.ok();
      });
  if (!end.ok()) return end.status();
  if (io.ok()) io = file->Append(buffer, rocksdb::IOOptions(), nullptr);
  if (io.ok()) io = file->Sync(rocksdb::IOOptions(), nullptr);
  if (io.ok()) io = file->Close(rocksdb::IOOptions(), nullptr);
  return ToStatus("rewriting of receipts", io);
}

absl::StatusOr<std::optional<std::string>> ReadReceipt(rocksdb::FSRandomAccessFile* file,
                                                       uint64_t number, uint64_t offset,
                                                       absl::string_view decision_id) {
  absl::StatusOr<std::string> head = ReadAt(file, offset, kFrameHeaderBytes);
  if (!head.ok()) return head.status();
  if (head->size() < kFrameHeaderBytes) return Damaged(number, "a receipt is cut off");
  const size_t length =
      FrameBytes(static_cast<unsigned char>((*head)[16]), LoadNumber<uint32_t>(head->data() + 4));
  if (length > FrameBytes(kMaxDecisionIdBytes, kMaxReceiptBytes)) {
    return Damaged(number, "a receipt is damaged");
  }
  absl::StatusOr<std::string> bytes = ReadAt(file, offset, length);
  if (!bytes.ok()) return bytes.status();
  Frame frame;
  if (ReadFrame(*bytes, &frame) != FrameCheck::kGood) {
    return Damaged(number, "a receipt is damaged");
  }
  if (frame.decision_id != decision_id) return std::nullopt;
  return std::string(frame.receipt);
}

absl::StatusOr<std::shared_ptr<const SealedSegment>> SealedSegment::Seal(
    const SegmentDirectory& directory, const SegmentSummary& summary,
    std::vector<IndexEntry> entries) {
  std::sort(entries.begin(), entries.end());
  std::string body;
  body.reserve(entries.size() * kIndexEntryBytes);
  std::string fanout;
  size_t next = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const size_t begin = body.size();
    for (; next < entries.size() && entries[next].hash >> 56 == bucket; ++next) {
      AppendNumber(&body, entries[next].hash);
      AppendNumber(&body, entries[next].offset);
    }
    AppendNumber(&fanout, static_cast<uint32_t>(next));
    AppendNumber(&fanout, ExtendCrc32c(0, absl::string_view(body).substr(begin)));
  }
  std::string bytes;
  AppendNumber(&bytes, kIndexMagic);
  AppendNumber(&bytes, kReceiptFormat);
  AppendNumber(&bytes, summary.number);
  AppendNumber(&bytes, summary.bytes);
  AppendNumber(&bytes, summary.first_us);
  AppendNumber(&bytes, summary.last_us);
  bytes += fanout;
  AppendNumber(&bytes, ExtendCrc32c(0, bytes));
  bytes += body;
  absl::Status written = WriteFile(directory, directory.IndexPath(summary.number), bytes);
  if (!written.ok()) return written;
  return Open(directory, summary.number);
}

absl::Status SealedSegment::OpenFiles(const SegmentDirectory& directory) {
  auto segment = directory.OpenForReading(directory.SegmentPath(summary_.number));
  if (!segment.ok()) return segment.status();
  auto index = directory.OpenForReading(directory.IndexPath(summary_.number));
  if (!index.ok()) return index.status();
  segment_ = *std::move(segment);
  index_ = *std::move(index);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const SealedSegment>> SealedSegment::Open(
    const SegmentDirectory& directory, uint64_t number) {
  auto sealed = std::shared_ptr<SealedSegment>(new SealedSegment);
  sealed->summary_.number = number;
  absl::Status opened = sealed->OpenFiles(directory);
  if (absl::IsNotFound(opened)) return Damaged(number, "no index");
  if (!opened.ok()) return opened;
  constexpr size_t kHeadBytes = kIndexFixedBytes + 8 * kBuckets;
  absl::StatusOr<std::string> head = ReadAt(sealed->index_.get(), 0, kHeadBytes + 4);
  if (!head.ok()) return head.status();
  const char* at = head->data();
  if (head->size() != kHeadBytes + 4 || LoadNumber<uint32_t>(at) != kIndexMagic ||
      LoadNumber<uint32_t>(at + 4) != kReceiptFormat || LoadNumber<uint64_t>(at + 8) != number ||
      ExtendCrc32c(0, absl::string_view(*head).substr(0, kHeadBytes)) !=
          LoadNumber<uint32_t>(at + kHeadBytes)) {
    return Damaged(number, "its index is damaged");
  }
  SegmentSummary& summary = sealed->summary_;
  summary.bytes = LoadNumber<uint64_t>(at + 16);
  summary.first_us = LoadNumber<int64_t>(at + 24);
  summary.last_us = LoadNumber<int64_t>(at + 32);
  for (size_t i = 0; i < kBuckets; ++i) {
    const char* bucket = at + kIndexFixedBytes + 8 * i;
    sealed->buckets_.push_back(
        Bucket{LoadNumber<uint32_t>(bucket), LoadNumber<uint32_t>(bucket + 4)});
  }
  uint64_t segment_bytes = 0;
  const rocksdb::IOStatus io = directory.file_system->GetFileSize(
      directory.SegmentPath(number), rocksdb::IOOptions(), &segment_bytes, nullptr);
  if (!io.ok()) return ToStatus("size of a receipt segment", io);
  if (segment_bytes != summary.bytes) return Damaged(number, "its index is of another length");
  return std::shared_ptr<const SealedSegment>(std::move(sealed));
}

absl::StatusOr<std::shared_ptr<const SealedSegment>> SealedSegment::Recover(
    const SegmentDirectory& directory, uint64_t number, ReceiptRecovery* recovery) {
  uint64_t file_bytes = 0;
  rocksdb::IOStatus io = directory.file_system->GetFileSize(
      directory.SegmentPath(number), rocksdb::IOOptions(), &file_bytes, nullptr);
  if (!io.ok()) return ToStatus("size of a receipt segment", io);
  SegmentSummary summary;
  summary.number = number;
  std::vector<IndexEntry> entries;
  absl::StatusOr<uint64_t> good =
      ReadFrames(directory, number, [&](uint64_t offset, const Frame& frame) {
        summary.Cover(frame.time_us);
        entries.push_back(
            IndexEntry{HashDecisionId(frame.decision_id), static_cast<uint32_t>(offset)});
        return true;
      });
  if (!good.ok()) return good.status();
  if (entries.empty()) {
    recovery->truncated_bytes += file_bytes - std::min<uint64_t>(file_bytes, kSegmentHeaderBytes);
    if (absl::Status removed = directory.Remove(number); !removed.ok()) return removed;
    return nullptr;
  }
  summary.bytes = *good;
  if (*good < file_bytes) {
    recovery->truncated_bytes += file_bytes - *good;
    if (absl::Status cut = directory.Truncate(number, *good); !cut.ok()) return cut;
  }
  ++recovery->reindexed_segments;
  return Seal(directory, summary, std::move(entries));
}

absl::StatusOr<std::optional<std::string>> SealedSegment::Find(absl::string_view decision_id,
                                                               uint64_t hash) const {
  const size_t bucket = hash >> 56;
  const size_t begin = bucket == 0 ? 0 : buckets_[bucket - 1].end;
  const size_t count = buckets_[bucket].end - begin;
  if (count == 0) return std::nullopt;
  const uint64_t start = kIndexFixedBytes + 8 * kBuckets + 4 + begin * kIndexEntryBytes;
  absl::StatusOr<std::string> entries = ReadAt(index_.get(), start, count * kIndexEntryBytes);
  if (!entries.ok()) return entries.status();
  if (ExtendCrc32c(0, *entries) != buckets_[bucket].crc) {
    return Damaged(summary_.number, "its index is damaged");
  }
  for (size_t i = 0; i < count; ++i) {
    const char* entry = entries->data() + i * kIndexEntryBytes;
    if (LoadNumber<uint64_t>(entry) != hash) continue;
    auto receipt =
        ReadReceipt(segment_.get(), summary_.number, LoadNumber<uint32_t>(entry + 8), decision_id);
    if (!receipt.ok() || receipt->has_value()) return receipt;
  }
  return std::nullopt;
}

}  // namespace touchstone::store
