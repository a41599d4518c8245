#include "store/record_patch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/contact_splice.h"
#include "store/keys.h"
#include "store/record_image.h"
#include "store/record_layout.h"

namespace touchstone::store {
namespace {

using layout::AppendNumber;

void BeginOperation(std::string* out, layout::Operation operation, size_t body_bytes) {
  AppendNumber(out, static_cast<uint8_t>(operation));
  AppendNumber(out, static_cast<uint32_t>(body_bytes));
}

void AppendIdOperation(std::string* out, layout::Operation operation, uint32_t id) {
  BeginOperation(out, operation, sizeof(id));
  AppendNumber(out, id);
}

void AppendTextOperation(std::string* out, layout::Operation operation, absl::string_view text) {
  BeginOperation(out, operation, text.size());
  out->append(text.data(), text.size());
}

size_t PayloadBytes(const Value& value) {
  return IsHeapType(static_cast<uint8_t>(value.type())) ? value.heap_payload().size()
                                                        : sizeof(int64_t);
}

// Type, currency and payload.
void AppendValue(std::string* out, const Value& value) {
  AppendNumber(out, static_cast<uint8_t>(value.type()));
  out->append(value.currency_code().data(), 3);
  if (IsHeapType(static_cast<uint8_t>(value.type()))) {
    out->append(value.heap_payload().data(), value.heap_payload().size());
  } else {
    AppendNumber(out, value.inline_payload());
  }
}

bool IsValueWellFormed(absl::string_view body) {
  if (body.size() < 14) return false;
  const uint8_t type = static_cast<uint8_t>(body[10]);
  const absl::string_view payload = body.substr(14);
  if (!IsHeapType(type)) return payload.size() == 8;
  return payload.size() <= kMaxValueBytes && ValidateHeapPayload(type, payload).ok();
}

// The value of a cell is of a type that is known here: its order must be.
bool IsCellIncrementWellFormed(absl::string_view body) {
  if (body.size() < layout::kCellIncrementPayload) return false;
  const uint16_t rule = static_cast<uint8_t>(body[4]);
  if (layout::CellSlotAt(rule) == 0) return false;
  const uint8_t type = static_cast<uint8_t>(body[layout::kCellIncrementValue]);
  const size_t payload_bytes = body.size() - layout::kCellIncrementPayload;
  if (type == static_cast<uint8_t>(ValueType::kString)) return payload_bytes <= kMaxCellValueBytes;
  return rule != static_cast<uint16_t>(CellRule::kCases) &&
         type >= static_cast<uint8_t>(ValueType::kBool) &&
         type <= static_cast<uint8_t>(ValueType::kDecimal) && payload_bytes == sizeof(int64_t);
}

bool IsContactWellFormed(absl::string_view body) {
  if (body.size() < layout::kContactOperationBytes) return false;
  const size_t limits = static_cast<uint8_t>(body[30]);
  return limits <= kMaxLimitIds && body.size() == layout::kContactOperationBytes + 8 * limits;
}

bool IsGrantWellFormed(absl::string_view body) {
  if (body.size() < layout::kGrantOperationBytes) return false;
  const size_t holders = LoadNumber<uint16_t>(body.data() + 28);
  if (holders > kMaxGrantHolders) return false;
  const size_t id_at = layout::kGrantOperationBytes + 8 * holders;
  return body.size() > id_at && body.size() <= id_at + kMaxGrantIdBytes;
}

bool IsOperationWellFormed(uint8_t operation, absl::string_view body) {
  switch (operation) {
    case layout::kBumpVersion:
      return body.empty();
    case layout::kSetAttribute:
      return IsValueWellFormed(body);
    case layout::kClearAttribute:
    case layout::kClearAggregate:
    case layout::kMarkStale:
      return body.size() == 4;
    case layout::kAddToAggregate:
      return body.size() == layout::kIncrementBytes;
    case layout::kAddToCells:
      return IsCellIncrementWellFormed(body);
    case layout::kAddDistinct:
      return body.size() == layout::kDistinctIncrementBytes;
    case layout::kAddContact:
      return IsContactWellFormed(body);
    case layout::kAddIdentity:
    case layout::kRemoveIdentity:
      return !body.empty() && body.size() <= kMaxIdentityBytes;
    case layout::kSetHousehold:
      return body.empty() || IsValidId(body);
    case layout::kAddMember:
    case layout::kRemoveMember:
      return IsValidId(body);
    case layout::kForgetAggregates:
    case layout::kSettleAggregates:
    case layout::kClearContacts:
      return body.empty();
    case layout::kRemoveContacts:
      return body.size() == layout::kRemoveContactsBytes;
    case layout::kClearConsent:
      return !body.empty() && body.size() <= kMaxPurposeBytes;
    case layout::kSetConsent:
      return body.size() > layout::kConsentOperationBytes &&
             body.size() <= layout::kConsentOperationBytes + kMaxPurposeBytes;
    case layout::kPutGrant:
      return IsGrantWellFormed(body);
    case layout::kRemoveGrant:
      return !body.empty() && body.size() <= kMaxGrantIdBytes;
    default:
      return false;
  }
}

}  // namespace

void RecordPatch::SetAttribute(uint32_t id, const Value& value, uint16_t source, uint32_t as_of_s) {
  BeginOperation(&bytes_, layout::kSetAttribute, 14 + PayloadBytes(value));
  AppendNumber(&bytes_, id);
  AppendNumber(&bytes_, as_of_s);
  AppendNumber(&bytes_, source);
  AppendValue(&bytes_, value);
}

void RecordPatch::ClearAttribute(uint32_t id) {
  AppendIdOperation(&bytes_, layout::kClearAttribute, id);
}

void RecordPatch::AddToAggregate(const Increment& increment) {
  BeginOperation(&bytes_, layout::kAddToAggregate, layout::kIncrementBytes);
  AppendNumber(&bytes_, increment.aggregate);
  AppendNumber(&bytes_, increment.bucket);
  AppendNumber(&bytes_, increment.count);
  AppendNumber(&bytes_, increment.sum);
  AppendNumber(&bytes_, increment.event_us);
  AppendNumber(&bytes_, increment.keep_from_bucket);
}

void RecordPatch::AddToCells(const CellIncrement& increment) {
  BeginOperation(&bytes_, layout::kAddToCells,
                 layout::kCellIncrementPayload + PayloadBytes(*increment.value));
  AppendNumber(&bytes_, increment.aggregate);
  AppendNumber(&bytes_, static_cast<uint8_t>(increment.rule));
  AppendNumber(&bytes_, static_cast<uint8_t>(increment.closes ? 1 : 0));
  AppendNumber(&bytes_, increment.bucket);
  AppendNumber(&bytes_, increment.time_us);
  AppendNumber(&bytes_, increment.number);
  AppendNumber(&bytes_, increment.keep_from_bucket);
  AppendValue(&bytes_, *increment.value);
}

void RecordPatch::AddDistinct(const DistinctIncrement& increment) {
  BeginOperation(&bytes_, layout::kAddDistinct, layout::kDistinctIncrementBytes);
  AppendNumber(&bytes_, increment.aggregate);
  AppendNumber(&bytes_, increment.hash);
  AppendNumber(&bytes_, increment.bucket);
  AppendNumber(&bytes_, increment.keep_from_bucket);
}

void RecordPatch::MarkStale(uint32_t aggregate) {
  AppendIdOperation(&bytes_, layout::kMarkStale, aggregate);
}

void RecordPatch::ClearAggregate(uint32_t id) {
  AppendIdOperation(&bytes_, layout::kClearAggregate, id);
}

void RecordPatch::AddContact(const Contact& contact) {
  const size_t limits = std::min(contact.limits.size(), kMaxLimitIds);
  BeginOperation(&bytes_, layout::kAddContact, layout::kContactOperationBytes + 8 * limits);
  AppendNumber(&bytes_, contact.offer);
  AppendNumber(&bytes_, contact.transaction);
  AppendNumber(&bytes_, contact.time_us);
  AppendNumber(&bytes_, contact.channel);
  AppendNumber(&bytes_, static_cast<uint8_t>(contact.kind));
  AppendNumber(&bytes_, contact.direction);
  AppendNumber(&bytes_, static_cast<uint8_t>(limits));
  AppendNumber(&bytes_, contact.keep_from_us);
  for (size_t i = 0; i < limits; ++i) AppendNumber(&bytes_, contact.limits[i]);
}

void RecordPatch::AddIdentity(absl::string_view identity) {
  AppendTextOperation(&bytes_, layout::kAddIdentity, identity);
}

void RecordPatch::RemoveIdentity(absl::string_view identity) {
  AppendTextOperation(&bytes_, layout::kRemoveIdentity, identity);
}

void RecordPatch::SetHousehold(absl::string_view household_id) {
  AppendTextOperation(&bytes_, layout::kSetHousehold, household_id);
}

void RecordPatch::AddMember(absl::string_view customer_id) {
  AppendTextOperation(&bytes_, layout::kAddMember, customer_id);
}

void RecordPatch::RemoveMember(absl::string_view customer_id) {
  AppendTextOperation(&bytes_, layout::kRemoveMember, customer_id);
}

void RecordPatch::ForgetAggregates() { BeginOperation(&bytes_, layout::kForgetAggregates, 0); }

void RecordPatch::SettleAggregates() { BeginOperation(&bytes_, layout::kSettleAggregates, 0); }

void RecordPatch::ClearContacts() { BeginOperation(&bytes_, layout::kClearContacts, 0); }

void RecordPatch::RemoveContacts(uint64_t transaction, uint64_t offer, ContactKind kind) {
  BeginOperation(&bytes_, layout::kRemoveContacts, layout::kRemoveContactsBytes);
  AppendNumber(&bytes_, transaction);
  AppendNumber(&bytes_, offer);
  AppendNumber(&bytes_, static_cast<uint8_t>(kind));
}

void RecordPatch::ClearConsent(absl::string_view purpose) {
  AppendTextOperation(&bytes_, layout::kClearConsent, purpose);
}

void RecordPatch::SetConsent(absl::string_view purpose, bool granted, uint16_t source,
                             int64_t time_us) {
  BeginOperation(&bytes_, layout::kSetConsent, layout::kConsentOperationBytes + purpose.size());
  AppendNumber(&bytes_, time_us);
  AppendNumber(&bytes_, source);
  AppendNumber(&bytes_, static_cast<uint8_t>(granted ? 1 : 0));
  bytes_.append(purpose.data(), purpose.size());
}

void RecordPatch::PutGrant(const Grant& grant) {
  const size_t holders = std::min(grant.holders.size(), kMaxGrantHolders);
  BeginOperation(&bytes_, layout::kPutGrant,
                 layout::kGrantOperationBytes + 8 * holders + grant.id.size());
  AppendNumber(&bytes_, grant.offer);
  AppendNumber(&bytes_, grant.terms);
  AppendNumber(&bytes_, grant.start_us);
  AppendNumber(&bytes_, grant.end_us);
  AppendNumber(&bytes_, grant.uses_left);
  AppendNumber(&bytes_, static_cast<uint16_t>(holders));
  AppendNumber(&bytes_, grant.keep_from_us);
  for (size_t i = 0; i < holders; ++i) AppendNumber(&bytes_, grant.holders[i]);
  bytes_.append(grant.id.data(), grant.id.size());
}

void RecordPatch::RemoveGrant(absl::string_view id) {
  AppendTextOperation(&bytes_, layout::kRemoveGrant, id);
}

void RecordPatch::BumpVersion() { BeginOperation(&bytes_, layout::kBumpVersion, 0); }

absl::Status ValidatePatch(absl::string_view patch) {
  while (!patch.empty()) {
    if (patch.size() < layout::kOperationHeaderBytes) {
      return absl::InvalidArgumentError("patch: cut off");
    }
    const uint8_t operation = static_cast<uint8_t>(patch[0]);
    const size_t length = LoadNumber<uint32_t>(patch.data() + 1);
    patch.remove_prefix(layout::kOperationHeaderBytes);
    if (length > patch.size()) return absl::InvalidArgumentError("patch: cut off");
    if (!IsOperationWellFormed(operation, patch.substr(0, length))) {
      return absl::InvalidArgumentError("patch: malformed or unknown operation");
    }
    patch.remove_prefix(length);
  }
  return absl::OkStatus();
}

bool ChangesLinks(absl::string_view patch) {
  while (!patch.empty()) {
    switch (static_cast<uint8_t>(patch[0])) {
      case layout::kAddIdentity:
      case layout::kRemoveIdentity:
      case layout::kSetHousehold:
      case layout::kAddMember:
      case layout::kRemoveMember:
      case layout::kPutGrant:
      case layout::kRemoveGrant:
        return true;
      default:
        break;
    }
    patch.remove_prefix(layout::kOperationHeaderBytes + LoadNumber<uint32_t>(patch.data() + 1));
  }
  return false;
}

absl::StatusOr<std::string> ApplyPatches(absl::string_view record,
                                         absl::Span<const absl::string_view> patches) {
  if (std::optional<std::string> spliced = SpliceContacts(record, patches))
    return *std::move(spliced);
  RecordImage image;
  if (absl::Status status = image.Load(record); !status.ok()) return status;
  for (absl::string_view patch : patches) {
    if (absl::Status status = image.Apply(patch); !status.ok()) return status;
  }
  return image.Encode();
}

}  // namespace touchstone::store
