#include "store/receipt_files.h"

#include <algorithm>
#include <utility>

namespace touchstone::store {
namespace {

const rocksdb::IOOptions kIo;

// Offsets in an index have 32 bits, and the last buffer goes over the limit.
constexpr uint64_t kMaxSegmentBytes = uint64_t{2} << 30;

rocksdb::Slice ToSlice(absl::string_view text) { return rocksdb::Slice(text.data(), text.size()); }

}  // namespace

// Frames that are ready to be written; offsets count from the first one.
struct ReceiptFiles::FrameList {
  std::vector<IndexEntry> entries;
  int64_t first_us = std::numeric_limits<int64_t>::max();
  int64_t last_us = std::numeric_limits<int64_t>::min();
};

ReceiptFiles::FrameList ReceiptFiles::SealFrames(std::string* frames) {
  FrameList list;
  for (size_t at = 0; at < frames->size();) {
    const Frame frame = SealFrame(frames->data() + at);
    list.entries.push_back(
        IndexEntry{HashDecisionId(frame.decision_id), static_cast<uint32_t>(at)});
    list.first_us = std::min(list.first_us, frame.time_us);
    list.last_us = std::max(list.last_us, frame.time_us);
    at += frame.frame_bytes;
  }
  return list;
}

ReceiptFiles::ReceiptFiles(const ReceiptLogOptions& options)
    : options_(options),
      file_system_(options.file_system != nullptr ? options.file_system
                                                  : rocksdb::FileSystem::Default()),
      directory_{file_system_.get(), options.path} {}

absl::StatusOr<std::unique_ptr<ReceiptFiles>> ReceiptFiles::Open(const ReceiptLogOptions& options,
                                                                 ReceiptRecovery* recovery) {
  auto files = std::unique_ptr<ReceiptFiles>(new ReceiptFiles(options));
  const SegmentDirectory& directory = files->directory_;
  const rocksdb::IOStatus made =
      files->file_system_->CreateDirIfMissing(options.path, kIo, nullptr);
  if (!made.ok()) return ToStatus("directory of receipts", made);
  if (absl::Status removed = directory.RemoveUnfinished(); !removed.ok()) return removed;
  absl::StatusOr<std::vector<uint64_t>> numbers = directory.List();
  if (!numbers.ok()) return numbers.status();
  for (uint64_t number : *numbers) {
    files->next_number_ = number + 1;
    auto segment = SealedSegment::Open(directory, number);
    if (absl::IsDataLoss(segment.status())) {
      segment = SealedSegment::Recover(directory, number, recovery);
    }
    if (!segment.ok()) return segment.status();
    if (*segment != nullptr) files->sealed_.push_back(*std::move(segment));
  }
  files->DropExpired();
  return files;
}

ReceiptFiles::~ReceiptFiles() {
  if (file_ != nullptr) Rotate().IgnoreError();  // what is not sealed now is recovered by Open
}

absl::Status ReceiptFiles::CreateSegment() {
  const uint64_t number = next_number_++;
  const std::string path = directory_.SegmentPath(number);
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus io =
      file_system_->NewWritableFile(path, rocksdb::FileOptions(), &file, nullptr);
  if (io.ok()) io = file->Append(SegmentHeader(number), kIo, nullptr);
  absl::Status status = ToStatus("creation of a receipt segment", io);
  auto unsealed = std::make_shared<Unsealed>();
  if (status.ok()) {
    auto reader = directory_.OpenForReading(path);
    status = reader.status();
    if (reader.ok()) unsealed->reader = *std::move(reader);
  }
  if (!status.ok()) {
    file_system_->DeleteFile(path, kIo, nullptr);
    return status;
  }
  unsealed->summary.number = number;
  unsealed->summary.bytes = kSegmentHeaderBytes;
  file_ = std::move(file);
  created_unsynced_ = true;
  std::lock_guard<std::mutex> lock(mutex_);
  unsealed_.push_back(std::move(unsealed));
  return absl::OkStatus();
}

absl::Status ReceiptFiles::WriteFrames(absl::string_view bytes, const FrameList& frames) {
  Unsealed& segment = *unsealed_.back();  // only this thread changes it
  absl::Status written = ToStatus("write of receipts", file_->Append(ToSlice(bytes), kIo, nullptr));
  if (!written.ok()) return written;
  unsynced_frames_ += frames.entries.size();
  std::lock_guard<std::mutex> lock(mutex_);
  for (const IndexEntry& entry : frames.entries) {
    segment.offsets[entry.hash] = static_cast<uint32_t>(segment.summary.bytes + entry.offset);
  }
  segment.summary.bytes += bytes.size();
  segment.summary.Cover(frames.first_us);
  segment.summary.Cover(frames.last_us);
  return absl::OkStatus();
}

absl::Status ReceiptFiles::SyncSegment() {
  absl::Status synced = ToStatus("sync of receipts", file_->Sync(kIo, nullptr));
  if (synced.ok() && created_unsynced_) synced = directory_.Sync();
  if (!synced.ok()) return synced;
  created_unsynced_ = false;
  unsynced_frames_ = 0;
  // Receipts are hardly ever read: the memory that they took serves the next ones, and the caches
  // of what is read stay. A file system that cannot do it keeps them.
  file_->InvalidateCache(0, 0).PermitUncheckedError();
  return absl::OkStatus();
}

ReceiptFiles::Outcome ReceiptFiles::Write(std::string* frames, bool sync) {
  const FrameList list = SealFrames(frames);
  const uint64_t count = list.entries.size();
  if (file_ == nullptr && (!frames->empty() || failed_)) {
    absl::Status created = CreateSegment();
    failed_ = !created.ok();
    if (failed_) return Outcome{created, count, false};
  }
  if (file_ == nullptr) return Outcome{};
  if (!frames->empty()) {
    if (absl::Status written = WriteFrames(*frames, list); !written.ok()) {
      return GiveUpSegment(written, count);
    }
  }
  const bool full =
      unsealed_.back()->summary.bytes >= std::min(options_.segment_bytes, kMaxSegmentBytes);
  if (sync || full) {
    if (absl::Status synced = SyncSegment(); !synced.ok()) {
      return GiveUpSegment(synced, unsynced_frames_);
    }
  }
  if (full) {
    if (absl::Status rotated = Rotate(); !rotated.ok()) return GiveUpSegment(rotated, 0);
  }
  return Outcome{absl::OkStatus(), 0, unsynced_frames_ > 0};
}

ReceiptFiles::Outcome ReceiptFiles::GiveUpSegment(const absl::Status& failure,
                                                  uint64_t frames_lost) {
  failed_ = true;
  unsynced_frames_ = 0;
  if (file_ != nullptr) {
    // What follows may fail as well; what is left then is recovered by the next Open.
    file_->Truncate(unsealed_.back()->summary.bytes, kIo, nullptr);
    file_->Close(kIo, nullptr);
    file_.reset();
    SealAll();
  }
  return Outcome{failure, frames_lost, false};
}

absl::Status ReceiptFiles::Rotate() {
  const rocksdb::IOStatus synced = file_->Sync(kIo, nullptr);
  const rocksdb::IOStatus closed = file_->Close(kIo, nullptr);
  file_.reset();
  SealAll();
  DropExpired();
  return ToStatus("closing of a receipt segment", synced.ok() ? closed : synced);
}

void ReceiptFiles::SealAll() {
  for (const std::shared_ptr<Unsealed>& segment : std::vector(unsealed_)) {
    std::vector<IndexEntry> entries;
    for (const auto& [hash, offset] : segment->offsets) entries.push_back(IndexEntry{hash, offset});
    auto sealed = SealedSegment::Seal(directory_, segment->summary, std::move(entries));
    if (!sealed.ok()) continue;  // stays indexed in memory
    std::lock_guard<std::mutex> lock(mutex_);
    unsealed_.erase(std::find(unsealed_.begin(), unsealed_.end(), segment));
    sealed_.push_back(*std::move(sealed));
    std::sort(sealed_.begin(), sealed_.end(), [](const auto& a, const auto& b) {
      return a->summary().number < b->summary().number;
    });
  }
}

uint64_t ReceiptFiles::Seal() {
  if (file_ != nullptr && unsealed_.back()->summary.bytes > kSegmentHeaderBytes) {
    // A segment that cannot be closed or sealed is found by Erase.
    Rotate().IgnoreError();
  } else if (file_ == nullptr) {
    SealAll();
  } else {
    return unsealed_.back()->summary.number;  // empty so far
  }
  return next_number_;
}

absl::StatusOr<uint64_t> ReceiptFiles::Erase(
    uint64_t through, absl::FunctionRef<bool(absl::string_view receipt)> is_erased,
    const std::atomic<bool>* cancel) {
  std::vector<std::shared_ptr<const SealedSegment>> sealed;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const std::shared_ptr<Unsealed>& segment : unsealed_) {
      if (segment->summary.number >= through) continue;
      return absl::UnavailableError("a receipt segment could not be sealed");
    }
    sealed = sealed_;
  }
  uint64_t erased = 0;
  for (const std::shared_ptr<const SealedSegment>& segment : sealed) {
    if (cancel->load()) return absl::CancelledError("erasure of receipts: stopped");
    const absl::StatusOr<uint64_t> in_segment = EraseIn(*segment, is_erased);
    if (!in_segment.ok()) return in_segment.status();
    erased += *in_segment;
  }
  return erased;
}

absl::StatusOr<uint64_t> ReceiptFiles::EraseIn(
    const SealedSegment& segment, absl::FunctionRef<bool(absl::string_view receipt)> is_erased) {
  const SegmentSummary& summary = segment.summary();
  std::vector<uint64_t> offsets;  // of the frames to be erased
  const absl::StatusOr<uint64_t> end =
      ReadFrames(directory_, summary.number, [&](uint64_t offset, const Frame& frame) {
        if (!IsErasedReceipt(frame.receipt) && is_erased(frame.receipt)) offsets.push_back(offset);
        return true;
      });
  if (absl::IsNotFound(end.status())) return 0;  // retention was faster
  if (!end.ok()) return end.status();
  if (*end < summary.bytes) {
    return absl::DataLossError("receipt segment " + std::to_string(summary.number) +
                               ": a receipt is damaged");
  }
  if (offsets.empty()) return 0;
  const std::string rewritten = directory_.SegmentPath(summary.number) + kUnfinishedSuffix;
  absl::Status status = WriteErased(directory_, summary.number, offsets, rewritten);
  if (!status.ok()) return status;
  {
    // Under the lock, and only while the segment is in the list: retention must not delete the old
    // file and be left with the new one.
    std::lock_guard<std::mutex> lock(mutex_);
    const auto place = std::find_if(sealed_.begin(), sealed_.end(), [&](const auto& held) {
      return held->summary().number == summary.number;
    });
    if (place == sealed_.end()) {
      status = ToStatus("removal of receipts", file_system_->DeleteFile(rewritten, kIo, nullptr));
      if (!status.ok()) return status;
      return 0;
    }
    status = ToStatus(
        "rewriting of receipts",
        file_system_->RenameFile(rewritten, directory_.SegmentPath(summary.number), kIo, nullptr));
    if (!status.ok()) return status;
    auto reopened = SealedSegment::Open(directory_, summary.number);
    if (!reopened.ok()) return reopened.status();
    *place = *std::move(reopened);
  }
  if (status = directory_.Sync(); !status.ok()) return status;
  return offsets.size();
}

void ReceiptFiles::DropExpired() {
  uint64_t total = 0;
  int64_t newest_us = std::numeric_limits<int64_t>::min();
  for (const SegmentSummary& summary : Summaries()) {
    total += summary.bytes;
    newest_us = std::max(newest_us, summary.last_us);
  }
  const absl::Time oldest = absl::FromUnixMicros(newest_us) - options_.retention_age;
  std::vector<uint64_t> expired;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto at = sealed_.begin();
    for (; at != sealed_.end(); ++at) {
      const SegmentSummary& summary = (*at)->summary();
      const bool fits = total <= options_.retention_bytes;
      if (fits && absl::FromUnixMicros(summary.last_us) >= oldest) break;
      total -= summary.bytes;
      expired.push_back(summary.number);
    }
    sealed_.erase(sealed_.begin(), at);
  }
  // A file that cannot be deleted now is found again by the next Open.
  for (uint64_t number : expired) directory_.Remove(number).IgnoreError();
}

absl::StatusOr<std::optional<std::string>> ReceiptFiles::Find(absl::string_view decision_id) const {
  struct Candidate {
    std::shared_ptr<rocksdb::FSRandomAccessFile> reader;
    uint64_t number;
    uint32_t offset;
  };
  const uint64_t hash = HashDecisionId(decision_id);
  std::vector<Candidate> candidates;
  std::vector<std::shared_ptr<const SealedSegment>> sealed;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const std::shared_ptr<Unsealed>& segment : unsealed_) {
      const auto found = segment->offsets.find(hash);
      if (found == segment->offsets.end()) continue;
      candidates.push_back(Candidate{segment->reader, segment->summary.number, found->second});
    }
    sealed = sealed_;
  }
  for (const Candidate& candidate : candidates) {
    auto receipt =
        ReadReceipt(candidate.reader.get(), candidate.number, candidate.offset, decision_id);
    if (!receipt.ok() || receipt->has_value()) return receipt;
  }
  for (auto segment = sealed.rbegin(); segment != sealed.rend(); ++segment) {
    auto receipt = (*segment)->Find(decision_id, hash);
    if (!receipt.ok() || receipt->has_value()) return receipt;
  }
  return std::nullopt;
}

absl::Status ReceiptFiles::Scan(int64_t first_us, int64_t last_us,
                                absl::FunctionRef<bool(const Frame&)> visit) const {
  bool go_on = true;
  for (const SegmentSummary& summary : Summaries()) {
    if (!go_on) break;
    if (summary.last_us < first_us || summary.first_us > last_us) continue;
    const auto visit_frame = [&](uint64_t offset, const Frame& frame) {
      if (offset >= summary.bytes) return false;
      if (frame.time_us < first_us || frame.time_us > last_us) return true;
      if (IsErasedReceipt(frame.receipt)) return true;
      go_on = visit(frame);
      return go_on;
    };
    absl::StatusOr<uint64_t> end = ReadFrames(directory_, summary.number, visit_frame);
    if (absl::IsNotFound(end.status())) continue;  // retention was faster
    if (!end.ok()) return end.status();
    if (go_on && *end < summary.bytes) {
      return absl::DataLossError("receipt segment " + std::to_string(summary.number) +
                                 ": a receipt is damaged");
    }
  }
  return absl::OkStatus();
}

std::vector<SegmentSummary> ReceiptFiles::Summaries() const {
  std::vector<SegmentSummary> summaries;
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& segment : sealed_) summaries.push_back(segment->summary());
  for (const auto& segment : unsealed_) summaries.push_back(segment->summary);
  std::sort(summaries.begin(), summaries.end(),
            [](const SegmentSummary& a, const SegmentSummary& b) { return a.number < b.number; });
  return summaries;
}

}  // namespace touchstone::store
