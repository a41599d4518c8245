#include "store/record.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "store/record_layout.h"

namespace touchstone::store {
namespace {

absl::Status Malformed(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("record: malformed ", what));
}

// Index of the first cell whose leading 32-bit id is not below `id`.
size_t LowerBound(const char* cells, size_t count, size_t cell_bytes, uint32_t id) {
  size_t low = 0;
  while (count > 0) {
    const size_t half = count / 2;
    if (LoadNumber<uint32_t>(cells + (low + half) * cell_bytes) < id) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

}  // namespace

absl::StatusOr<RecordView> RecordView::Parse(absl::string_view bytes) {
  if (bytes.size() < layout::kHeaderBytes) return Malformed("header");
  const char* header = bytes.data();
  if (LoadNumber<uint16_t>(header) != layout::kMagic) return Malformed("header");
  if (LoadNumber<uint16_t>(header + 2) != layout::kRecordFormat) {
    return absl::DataLossError("record: written in a format that is not known here");
  }
  if (LoadNumber<uint32_t>(header + 4) != bytes.size()) return Malformed("length");
  const size_t sections = LoadNumber<uint32_t>(header + 16);
  if (sections > (bytes.size() - layout::kHeaderBytes) / layout::kSectionBytes) {
    return Malformed("header");
  }
  RecordView record;
  record.version_ = LoadNumber<uint64_t>(header + 8);
  const char* entry = header + layout::kHeaderBytes;
  size_t body = layout::kHeaderBytes + sections * layout::kSectionBytes;
  for (size_t i = 0; i < sections; ++i, entry += layout::kSectionBytes) {
    const uint16_t kind = LoadNumber<uint16_t>(entry);
    if (i > 0 && kind <= LoadNumber<uint16_t>(entry - layout::kSectionBytes)) {
      return Malformed("header");
    }
    const size_t length = LoadNumber<uint32_t>(entry + 8);
    if (length > bytes.size() - body) return Malformed("section");
    absl::Status status =
        record.ParseSection(kind, LoadNumber<uint32_t>(entry + 4), bytes.substr(body, length));
    if (!status.ok()) return status;
    body += length;
  }
  if (body != bytes.size()) return Malformed("length");
  return record;
}

absl::Status RecordView::ParseSection(uint16_t kind, uint32_t count, absl::string_view body) {
  switch (kind) {
    case layout::kAttributes:
      return ParseAttributes(count, body);
    case layout::kAggregates:
      return ParseAggregates(count, body);
    case layout::kContacts:
      return ParseContacts(count, body);
    case layout::kIdentities:
      if (absl::Status status = ValidateStringList(body); !status.ok()) return status;
      identities_ = StringListView(body);
      return identities_.size() == count ? absl::OkStatus() : Malformed("identities");
    case layout::kConsents:
      return ParseConsents(count, body);
    case layout::kGrants:
      return ParseGrants(count, body);
    case layout::kHousehold:
      household_ = body;
      return count == 1 && !body.empty() ? absl::OkStatus() : Malformed("household");
    case layout::kMembers:
      if (absl::Status status = ValidateStringList(body); !status.ok()) return status;
      members_ = StringListView(body);
      return members_.size() == count ? absl::OkStatus() : Malformed("members");
    case layout::kUnsettled:
      aggregates_settled_ = false;
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

absl::Status RecordView::ParseAttributes(uint32_t count, absl::string_view body) {
  if (count > body.size() / layout::kAttributeBytes) return Malformed("attributes");
  const absl::string_view heap = body.substr(count * layout::kAttributeBytes);
  attributes_ = Table{body.data(), count, heap};
  size_t heap_used = 0;
  const char* cell = body.data();
  for (uint32_t i = 0; i < count; ++i, cell += layout::kAttributeBytes) {
    if (i > 0 &&
        LoadNumber<uint32_t>(cell) <= LoadNumber<uint32_t>(cell - layout::kAttributeBytes)) {
      return Malformed("attributes");
    }
    absl::Status status = ValidateSlot(cell + layout::kAttributeSlot, heap, &heap_used);
    if (!status.ok()) return status;
  }
  return heap_used == heap.size() ? absl::OkStatus() : Malformed("attributes");
}

absl::Status RecordView::ParseAggregates(uint32_t count, absl::string_view body) {
  if (count > body.size() / layout::kAggregateBytes) return Malformed("aggregates");
  const absl::string_view heap = body.substr(count * layout::kAggregateBytes);
  aggregates_ = Table{body.data(), count, heap};
  size_t heap_used = 0;
  const char* cell = body.data();
  for (uint32_t i = 0; i < count; ++i, cell += layout::kAggregateBytes) {
    if (i > 0 &&
        LoadNumber<uint32_t>(cell) <= LoadNumber<uint32_t>(cell - layout::kAggregateBytes)) {
      return Malformed("aggregates");
    }
    const size_t offset = LoadNumber<uint32_t>(cell + 8);
    const size_t length = LoadNumber<uint32_t>(cell + 12);
    if (offset != heap_used || length > heap.size() - offset) return Malformed("aggregates");
    heap_used += length;
    absl::Status status =
        ValidateAggregate(static_cast<uint8_t>(cell[4]), heap.substr(offset, length));
    if (!status.ok()) return status;
  }
  return heap_used == heap.size() ? absl::OkStatus() : Malformed("aggregates");
}

absl::Status RecordView::ParseContacts(uint32_t count, absl::string_view body) {
  if (body.size() < 4) return Malformed("contacts");
  contacts_dropped_ = LoadNumber<uint32_t>(body.data());
  body.remove_prefix(4);
  if (count > body.size() / layout::kContactBytes) return Malformed("contacts");
  const absl::string_view heap = body.substr(count * layout::kContactBytes);
  contacts_ = Table{body.data(), count, heap};
  size_t heap_used = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const char* cell = body.data() + i * layout::kContactBytes;
    const size_t offset = LoadNumber<uint32_t>(cell + 32);
    const size_t length = 8 * size_t{static_cast<uint8_t>(cell[30])};
    if (i > 0 &&
        LoadNumber<int64_t>(cell + 16) < LoadNumber<int64_t>(cell + 16 - layout::kContactBytes)) {
      return Malformed("contacts");
    }
    if (offset != heap_used || length > heap.size() - offset) return Malformed("contacts");
    heap_used += length;
  }
  return heap_used == heap.size() ? absl::OkStatus() : Malformed("contacts");
}

absl::Status RecordView::ParseConsents(uint32_t count, absl::string_view body) {
  if (count > body.size() / layout::kConsentBytes) return Malformed("consents");
  const absl::string_view heap = body.substr(count * layout::kConsentBytes);
  consents_ = Table{body.data(), count, heap};
  size_t heap_used = 0;
  absl::string_view before;
  for (uint32_t i = 0; i < count; ++i) {
    const char* cell = body.data() + i * layout::kConsentBytes;
    const size_t offset = LoadNumber<uint32_t>(cell);
    const size_t length = LoadNumber<uint32_t>(cell + 4);
    if (offset != heap_used || length > heap.size() - offset) return Malformed("consents");
    const absl::string_view purpose = heap.substr(offset, length);
    if (purpose <= before || length > kMaxPurposeBytes) return Malformed("consents");
    before = purpose;
    heap_used += length;
  }
  return heap_used == heap.size() ? absl::OkStatus() : Malformed("consents");
}

absl::Status RecordView::ParseGrants(uint32_t count, absl::string_view body) {
  if (count > body.size() / layout::kGrantBytes) return Malformed("grants");
  const absl::string_view heap = body.substr(count * layout::kGrantBytes);
  grants_ = Table{body.data(), count, heap};
  size_t heap_used = 0;
  absl::string_view before;
  for (uint32_t i = 0; i < count; ++i) {
    const char* cell = body.data() + i * layout::kGrantBytes;
    const size_t holders = LoadNumber<uint16_t>(cell + 28);
    const size_t id_bytes = LoadNumber<uint16_t>(cell + 30);
    const size_t offset = LoadNumber<uint32_t>(cell + 32);
    const size_t length = 8 * holders + id_bytes;
    if (offset != heap_used || length > heap.size() - offset) return Malformed("grants");
    const absl::string_view id = heap.substr(offset + 8 * holders, id_bytes);
    if (id <= before || id_bytes > kMaxGrantIdBytes || holders > kMaxGrantHolders) {
      return Malformed("grants");
    }
    before = id;
    heap_used += length;
  }
  return heap_used == heap.size() ? absl::OkStatus() : Malformed("grants");
}

AttributeView RecordView::attribute(size_t i) const {
  const char* cell = attributes_.cells + i * layout::kAttributeBytes;
  return AttributeView{LoadNumber<uint32_t>(cell), LoadNumber<uint32_t>(cell + 4),
                       LoadNumber<uint16_t>(cell + 8),
                       ValueView(cell + layout::kAttributeSlot, attributes_.heap.data())};
}

std::optional<AttributeView> RecordView::FindAttribute(uint32_t id) const {
  const size_t i = LowerBound(attributes_.cells, attributes_.count, layout::kAttributeBytes, id);
  if (i == attributes_.count) return std::nullopt;
  const AttributeView found = attribute(i);
  if (found.id != id) return std::nullopt;
  return found;
}

std::optional<AggregateView> RecordView::aggregate(size_t i) const {
  const char* cell = aggregates_.cells + i * layout::kAggregateBytes;
  return AggregateView::Of(
      LoadNumber<uint32_t>(cell), static_cast<uint8_t>(cell[4]), static_cast<uint8_t>(cell[5]),
      aggregates_.heap.substr(LoadNumber<uint32_t>(cell + 8), LoadNumber<uint32_t>(cell + 12)));
}

std::optional<AggregateView> RecordView::FindAggregate(uint32_t id) const {
  const size_t i = LowerBound(aggregates_.cells, aggregates_.count, layout::kAggregateBytes, id);
  if (i == aggregates_.count) return std::nullopt;
  if (LoadNumber<uint32_t>(aggregates_.cells + i * layout::kAggregateBytes) != id) {
    return std::nullopt;
  }
  return aggregate(i);
}

ContactView RecordView::contact(size_t i) const {
  const char* cell = contacts_.cells + i * layout::kContactBytes;
  return ContactView{
      LoadNumber<uint64_t>(cell),         LoadNumber<uint64_t>(cell + 8),
      LoadNumber<int64_t>(cell + 16),     LoadNumber<uint32_t>(cell + 24),
      static_cast<ContactKind>(cell[28]), static_cast<uint8_t>(cell[29]),
      static_cast<uint8_t>(cell[30]),     contacts_.heap.data() + LoadNumber<uint32_t>(cell + 32)};
}

ConsentView RecordView::consent(size_t i) const {
  const char* cell = consents_.cells + i * layout::kConsentBytes;
  return ConsentView{
      consents_.heap.substr(LoadNumber<uint32_t>(cell), LoadNumber<uint32_t>(cell + 4)),
      LoadNumber<int64_t>(cell + 8), LoadNumber<uint16_t>(cell + 16),
      LoadNumber<uint16_t>(cell + 18) != 0};
}

absl::string_view ReadHousehold(absl::string_view bytes) {
  if (bytes.size() < layout::kHeaderBytes) return {};
  const size_t sections = LoadNumber<uint32_t>(bytes.data() + 16);
  if (sections > (bytes.size() - layout::kHeaderBytes) / layout::kSectionBytes) return {};
  size_t body = layout::kHeaderBytes + sections * layout::kSectionBytes;
  const char* entry = bytes.data() + layout::kHeaderBytes;
  for (size_t i = 0; i < sections; ++i, entry += layout::kSectionBytes) {
    const size_t length = LoadNumber<uint32_t>(entry + 8);
    if (length > bytes.size() - body) return {};
    if (LoadNumber<uint16_t>(entry) == layout::kHousehold) return bytes.substr(body, length);
    body += length;
  }
  return {};
}

GrantView RecordView::grant(size_t i) const {
  const char* cell = grants_.cells + i * layout::kGrantBytes;
  const auto holders = LoadNumber<uint16_t>(cell + 28);
  const absl::string_view payload = grants_.heap.substr(LoadNumber<uint32_t>(cell + 32));
  return GrantView{payload.substr(size_t{8} * holders, LoadNumber<uint16_t>(cell + 30)),
                   LoadNumber<uint32_t>(cell),
                   LoadNumber<uint32_t>(cell + 4),
                   LoadNumber<int64_t>(cell + 8),
                   LoadNumber<int64_t>(cell + 16),
                   LoadNumber<uint32_t>(cell + 24),
                   holders,
                   payload.data()};
}

std::optional<GrantView> RecordView::FindGrant(absl::string_view id) const {
  for (size_t i = 0; i < grant_count(); ++i) {
    if (grant(i).id == id) return grant(i);
  }
  return std::nullopt;
}

std::optional<ConsentView> RecordView::FindConsent(absl::string_view purpose) const {
  for (size_t i = 0; i < consent_count(); ++i) {
    if (consent(i).purpose == purpose) return consent(i);
  }
  return std::nullopt;
}

}  // namespace touchstone::store
