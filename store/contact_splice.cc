#include "store/contact_splice.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "store/record.h"
#include "store/record_layout.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

using layout::AppendNumber;

constexpr size_t kCell = layout::kContactBytes;
// Further patches are left to RecordImage, so that all fits on the stack.
constexpr size_t kMaxAdded = 128;
constexpr size_t kMaxRecordBytes = size_t{1} << 30;

// Fields of a cell, at the same offsets in the operation that adds one.
uint64_t Offer(const char* cell) { return LoadNumber<uint64_t>(cell); }
uint64_t Transaction(const char* cell) { return LoadNumber<uint64_t>(cell + 8); }
int64_t TimeUs(const char* cell) { return LoadNumber<int64_t>(cell + 16); }
char Kind(const char* cell) { return cell[28]; }
constexpr size_t kLimitCountAt = 30;
constexpr size_t kKeepFromAt = 31;  // of the operation only

struct Changes {
  uint64_t count = 0;
  size_t contacts = 0;
};

// Calls `visit` with operation and body of each. REQUIRES: the patch passed ValidatePatch.
template <typename Visit>
void ForEachOperation(absl::string_view patch, Visit visit) {
  while (!patch.empty()) {
    const size_t length = LoadNumber<uint32_t>(patch.data() + 1);
    visit(static_cast<uint8_t>(patch[0]), patch.substr(layout::kOperationHeaderBytes, length));
    patch.remove_prefix(layout::kOperationHeaderBytes + length);
  }
}

std::optional<Changes> ReadPatches(absl::Span<const absl::string_view> patches) {
  Changes changes;
  bool usable = true;
  for (const absl::string_view patch : patches) {
    if (!ValidatePatch(patch).ok()) return std::nullopt;
    ForEachOperation(patch, [&](uint8_t operation, absl::string_view body) {
      if (operation == layout::kBumpVersion) {
        ++changes.count;
      } else if (operation == layout::kAddContact) {
        ++changes.contacts;
        usable = usable && body[kLimitCountAt] == 0;
      } else {
        usable = false;
      }
    });
    if (!usable || changes.contacts > kMaxAdded) return std::nullopt;
  }
  return changes;
}

// The cells of a record's contacts, with room to add kMaxAdded. Operations as in RecordImage.
class Cells {
 public:
  Cells(absl::string_view cells, uint32_t dropped) : dropped_(dropped) {
    if (!cells.empty()) std::memcpy(begin_, cells.data(), cells.size());
    end_ = begin_ + cells.size();
  }

  void Add(absl::string_view operation) {
    const char* added = operation.data();
    const int64_t keep_from_us = LoadNumber<int64_t>(added + kKeepFromAt);
    while (begin_ != end_ && TimeUs(begin_) < keep_from_us) begin_ += kCell;
    if (TimeUs(added) < keep_from_us || Holds(added)) return;
    char* place = end_;
    while (place != begin_ && TimeUs(place - kCell) > TimeUs(added)) place -= kCell;
    std::memmove(place + kCell, place, static_cast<size_t>(end_ - place));
    std::memset(place, 0, kCell);
    std::memcpy(place, added, kLimitCountAt);
    end_ += kCell;
    since_ = std::min(since_, place);
    if (count() > kMaxContacts) DropOne();
  }

  size_t count() const { return static_cast<size_t>(end_ - begin_) / kCell; }
  uint32_t dropped() const { return dropped_; }
  absl::string_view bytes() const {
    return absl::string_view(begin_, static_cast<size_t>(end_ - begin_));
  }

 private:
  // The contacts of a patch are of one transaction: all cells are looked at for the first of them,
  // and for the others those that came since.
  bool Holds(const char* added) {
    const uint64_t transaction = Transaction(added);
    if (transaction == 0) return false;
    const bool searched = transaction == searched_;
    bool seen = false;
    for (const char* cell = searched ? std::max(begin_, since_) : begin_; cell != end_;
         cell += kCell) {
      if (Transaction(cell) != transaction) continue;
      seen = true;
      if (Offer(cell) == Offer(added) && Kind(cell) == Kind(added)) return true;
    }
    if (searched) return false;
    searched_ = seen ? 0 : transaction;
    since_ = end_;
    return false;
  }

  void DropOne() {
    char* victim = begin_;
    while (victim != end_ && Kind(victim) != static_cast<char>(ContactKind::kShown)) {
      victim += kCell;
    }
    if (victim == end_) victim = begin_;
    // What stands before it is short, nearly always empty.
    std::memmove(begin_ + kCell, begin_, static_cast<size_t>(victim - begin_));
    begin_ += kCell;
    if (dropped_ != std::numeric_limits<uint32_t>::max()) ++dropped_;
  }

  uint32_t dropped_;
  char memory_[(kMaxContacts + kMaxAdded) * kCell];
  char* begin_ = memory_;
  char* end_ = memory_;
  // No cell before `since_` is of this transaction; 0: not known of any. A cell never moves to a
  // lower place.
  uint64_t searched_ = 0;
  char* since_ = memory_;
};

// A record by its parts. Contacts of one without them stand at their place, empty.
struct Parts {
  absl::string_view sections_before;  // entries of the table
  absl::string_view sections_behind;
  absl::string_view bodies_before;
  absl::string_view contacts;
  absl::string_view bodies_behind;
  uint32_t contact_count = 0;
};

// REQUIRES: the record passed RecordView::Parse.
Parts TakeApart(absl::string_view record) {
  const size_t sections = LoadNumber<uint32_t>(record.data() + 16);
  const absl::string_view table =
      record.substr(layout::kHeaderBytes, sections * layout::kSectionBytes);
  absl::string_view bodies = record.substr(layout::kHeaderBytes + table.size());
  Parts parts;
  size_t at = 0;
  size_t body = 0;
  for (; at < table.size(); at += layout::kSectionBytes) {
    const uint16_t kind = LoadNumber<uint16_t>(table.data() + at);
    const size_t length = LoadNumber<uint32_t>(table.data() + at + 8);
    parts.sections_before = table.substr(0, at);
    parts.sections_behind = table.substr(at);
    parts.bodies_before = bodies.substr(0, body);
    parts.bodies_behind = bodies.substr(body);
    if (kind > layout::kContacts) return parts;
    if (kind == layout::kContacts) {
      parts.contact_count = LoadNumber<uint32_t>(table.data() + at + 4);
      parts.contacts = bodies.substr(body, length);
      parts.sections_behind.remove_prefix(layout::kSectionBytes);
      parts.bodies_behind.remove_prefix(length);
      return parts;
    }
    body += length;
  }
  parts.sections_before = table;
  parts.bodies_before = bodies;
  parts.sections_behind = parts.bodies_behind = {};
  return parts;
}

void AppendView(absl::string_view bytes, std::string* out) {
  out->append(bytes.data(), bytes.size());
}

std::string Join(const Parts& parts, uint64_t version, const Cells& cells) {
  const bool has_contacts = cells.count() > 0 || cells.dropped() > 0;
  const absl::string_view contacts = cells.bytes();
  const size_t contact_bytes = has_contacts ? sizeof(uint32_t) + contacts.size() : 0;
  const size_t table_bytes = parts.sections_before.size() + parts.sections_behind.size() +
                             (has_contacts ? layout::kSectionBytes : 0);
  const size_t total = layout::kHeaderBytes + table_bytes + parts.bodies_before.size() +
                       contact_bytes + parts.bodies_behind.size();
  std::string out;
  out.reserve(total);
  AppendNumber(&out, layout::kMagic);
  AppendNumber(&out, layout::kRecordFormat);
  AppendNumber(&out, static_cast<uint32_t>(total));
  AppendNumber(&out, version);
  AppendNumber(&out, static_cast<uint32_t>(table_bytes / layout::kSectionBytes));
  AppendView(parts.sections_before, &out);
  if (has_contacts) {
    AppendNumber(&out, static_cast<uint16_t>(layout::kContacts));
    AppendNumber(&out, uint16_t{0});
    AppendNumber(&out, static_cast<uint32_t>(cells.count()));
    AppendNumber(&out, static_cast<uint32_t>(contact_bytes));
  }
  AppendView(parts.sections_behind, &out);
  AppendView(parts.bodies_before, &out);
  if (has_contacts) {
    AppendNumber(&out, cells.dropped());
    AppendView(contacts, &out);
  }
  AppendView(parts.bodies_behind, &out);
  return out;
}

}  // namespace

std::optional<std::string> SpliceContacts(absl::string_view record,
                                          absl::Span<const absl::string_view> patches) {
  if (record.empty() || record.size() > kMaxRecordBytes) return std::nullopt;
  const std::optional<Changes> changes = ReadPatches(patches);
  if (!changes.has_value() || changes->contacts == 0) return std::nullopt;
  const absl::StatusOr<RecordView> view = RecordView::Parse(record);
  if (!view.ok()) return std::nullopt;
  const Parts parts = TakeApart(record);
  const size_t cell_bytes = parts.contact_count * kCell;
  const size_t head_bytes = parts.contacts.empty() ? 0 : sizeof(uint32_t);
  const bool has_limits = parts.contacts.size() != head_bytes + cell_bytes;
  if (has_limits || parts.contact_count > kMaxContacts) return std::nullopt;

  Cells cells(parts.contacts.substr(head_bytes), view->contacts_dropped());
  for (const absl::string_view patch : patches) {
    ForEachOperation(patch, [&](uint8_t operation, absl::string_view body) {
      if (operation == layout::kAddContact) cells.Add(body);
    });
  }
  return Join(parts, view->version() + changes->count, cells);
}

}  // namespace touchstone::store
