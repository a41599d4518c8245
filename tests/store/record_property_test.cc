// Records against a naive model, and against bytes that are no records.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/contact_splice.h"
#include "store/record.h"
#include "store/record_image.h"
#include "store/record_patch.h"
#include "tests/store/record_text.h"

namespace touchstone::store {
namespace {

Value RandomScalar() {
  switch (*rc::gen::inRange(0, 8)) {
    case 0:
      return Value::Bool(*rc::gen::arbitrary<bool>());
    case 1:
      return Value::Int64(*rc::gen::arbitrary<int64_t>());
    case 2:
      return Value::Double(*rc::gen::arbitrary<double>());
    case 3:
      return Value::TimestampUs(*rc::gen::arbitrary<int64_t>());
    case 4:
      return Value::DateDays(*rc::gen::arbitrary<int32_t>());
    case 5:
      return Value::Money(*rc::gen::arbitrary<int64_t>(), "EUR");
    case 6:
      return Value::DecimalThousandths(*rc::gen::arbitrary<int64_t>());
    default:
      return Value::String(*rc::gen::arbitrary<std::string>());
  }
}

Value RandomValue() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return Value::StringList(*rc::gen::arbitrary<std::vector<std::string>>());
    case 1: {
      std::vector<std::vector<Value::Field>> records(*rc::gen::inRange<size_t>(0, 4));
      for (std::vector<Value::Field>& fields : records) {
        const uint32_t count = *rc::gen::inRange<uint32_t>(0, 4);
        for (uint32_t id = 0; id < count; ++id) fields.push_back({id * 3, RandomScalar()});
      }
      return Value::RecordList(records);
    }
    default:
      return RandomScalar();
  }
}

void AddRandomCell(uint32_t id, int64_t time_us, RecordPatch* patch) {
  const auto rule = static_cast<CellRule>(*rc::gen::inRange(1, 7));
  Value value = RandomScalar();
  if (rule == CellRule::kCases || value.heap_payload().size() > kMaxCellValueBytes) {
    value = Value::String(absl::StrCat("case ", time_us % 3));
  }
  patch->AddToCells({.aggregate = id,
                     .rule = rule,
                     .bucket = *rc::gen::inRange(-4, 4),
                     .time_us = time_us,
                     .number = *rc::gen::inRange<int64_t>(-2, 9),
                     .closes = *rc::gen::arbitrary<bool>(),
                     .value = &value,
                     .keep_from_bucket = *rc::gen::inRange(-6, 2)});
}

void AddRandomOperation(RecordPatch* patch) {
  const uint32_t id = *rc::gen::inRange<uint32_t>(0, 6);
  const int64_t time_us = *rc::gen::inRange<int64_t>(-5, 50);
  switch (*rc::gen::inRange(0, 17)) {
    case 0:
    case 1:
      return patch->SetAttribute(id, RandomValue(), *rc::gen::arbitrary<uint16_t>(),
                                 *rc::gen::arbitrary<uint32_t>());
    case 2:
      return patch->ClearAttribute(id);
    case 3:
      return patch->AddToAggregate({.aggregate = id,
                                    .bucket = *rc::gen::inRange(-4, 4),
                                    .count = 1,
                                    .sum = *rc::gen::arbitrary<int64_t>(),
                                    .event_us = time_us,
                                    .keep_from_bucket = *rc::gen::inRange(-6, 2)});
    case 4: {
      const auto limits = *rc::gen::arbitrary<std::vector<uint64_t>>();
      return patch->AddContact(
          {.offer = id,
           .transaction = *rc::gen::inRange<uint64_t>(0, 3),
           .time_us = time_us,
           .channel = 1,
           .kind = *rc::gen::element(ContactKind::kShown, ContactKind::kRedeemed,
                                     ContactKind::kReserved),
           .direction = 0,
           .limits = limits,
           .keep_from_us = *rc::gen::inRange<int64_t>(-9, 9)});
    }
    case 5:
      return patch->AddIdentity(absl::StrCat("card:", id));
    case 6:
      return patch->RemoveIdentity(absl::StrCat("card:", id));
    case 9:
    case 10:
      return AddRandomCell(id + 10, time_us, patch);
    case 11:
      return patch->AddDistinct({.aggregate = id + 20,
                                 .hash = *rc::gen::arbitrary<uint64_t>(),
                                 .bucket = *rc::gen::inRange(-4, 4),
                                 .keep_from_bucket = *rc::gen::inRange(-6, 2)});
    case 12:
      return patch->MarkStale(*rc::gen::inRange<uint32_t>(0, 26));
    case 13:
      return patch->RemoveContacts(
          *rc::gen::inRange<uint64_t>(0, 3), *rc::gen::inRange<uint64_t>(0, 6),
          *rc::gen::element(ContactKind::kRedeemed, ContactKind::kReserved));
    case 14:
    case 15: {
      const auto holders = *rc::gen::arbitrary<std::vector<uint64_t>>();
      const std::string grant_id = absl::StrCat("g", id);
      return patch->PutGrant({.id = grant_id,
                              .offer = *rc::gen::arbitrary<uint32_t>(),
                              .terms = *rc::gen::arbitrary<uint32_t>(),
                              .start_us = time_us,
                              .end_us = time_us + *rc::gen::inRange<int64_t>(0, 30),
                              .uses_left = *rc::gen::arbitrary<uint32_t>(),
                              .holders = holders,
                              .keep_from_us = *rc::gen::inRange<int64_t>(-9, 40)});
    }
    case 16:
      return patch->RemoveGrant(absl::StrCat("g", id));
    case 7:
      return patch->SetConsent(absl::StrCat("purpose", id), *rc::gen::arbitrary<bool>(),
                               *rc::gen::arbitrary<uint16_t>(), time_us);
    default:
      return patch->BumpVersion();
  }
}

std::vector<std::string> RandomPatches() {
  std::vector<std::string> patches(*rc::gen::inRange<size_t>(1, 12));
  for (std::string& bytes : patches) {
    RecordPatch patch;
    const int operations = *rc::gen::inRange(0, 5);
    for (int i = 0; i < operations; ++i) AddRandomOperation(&patch);
    bytes = patch.bytes();
  }
  return patches;
}

std::string Applied(absl::string_view record, const std::vector<std::string>& patches) {
  const std::vector<absl::string_view> views(patches.begin(), patches.end());
  absl::StatusOr<std::string> bytes = ApplyPatches(record, views);
  RC_ASSERT(bytes.ok());
  return *bytes;
}

std::string Text(const std::string& bytes) {
  absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
  RC_ASSERT(record.ok());
  return RecordText(*record);
}

// RocksDB may merge any neighbours first, and may or may not have a record below them.
RC_GTEST_PROP(RecordPropertyTest, PatchesGiveTheSameRecordHoweverTheyAreGrouped, ()) {
  const std::vector<std::string> patches = RandomPatches();
  const std::string at_once = Applied("", patches);
  std::string one_by_one;
  for (const std::string& patch : patches) one_by_one = Applied(one_by_one, {patch});
  RC_ASSERT(one_by_one == at_once);
  std::vector<std::string> grouped;
  for (const std::string& patch : patches) {
    if (grouped.empty() || *rc::gen::arbitrary<bool>()) {
      grouped.push_back(patch);
    } else {
      grouped.back() += patch;
    }
  }
  RC_ASSERT(Applied("", grouped) == at_once);
}

RC_GTEST_PROP(RecordPropertyTest, RewritingARecordChangesNothing, ()) {
  const std::string bytes = Applied("", RandomPatches());
  RC_ASSERT(Applied(bytes, {}) == bytes);
  RC_ASSERT(!Text(bytes).empty());
}

// Contacts as decisions and outcomes add them, so many that some are dropped.
std::string RandomContacts(size_t most) {
  RecordPatch patch;
  const size_t count = *rc::gen::inRange<size_t>(0, most);
  for (size_t i = 0; i < count; ++i) {
    if (*rc::gen::inRange(0, 4) == 0) patch.BumpVersion();
    RecordPatch::Contact contact = {};
    contact.offer = *rc::gen::inRange<uint64_t>(0, 6);
    contact.transaction = *rc::gen::inRange<uint64_t>(0, 80);
    contact.time_us = *rc::gen::inRange<int64_t>(0, 20) + static_cast<int64_t>(i);
    contact.channel = 7;
    contact.kind =
        *rc::gen::element(ContactKind::kShown, ContactKind::kShown, ContactKind::kRedeemed);
    contact.direction = *rc::gen::inRange<uint8_t>(0, 2);
    contact.keep_from_us = *rc::gen::inRange<int64_t>(-40, 10);
    patch.AddContact(contact);
  }
  return patch.bytes();
}

// The slow truth: a record taken apart and put together again.
RC_GTEST_PROP(RecordPropertyTest, SplicedContactsAreThoseOfARecordTakenApart, ()) {
  std::string record = Applied("", RandomPatches());
  if (*rc::gen::arbitrary<bool>()) {
    RecordImage filled;
    RC_ASSERT(filled.Load(record).ok());
    for (int i = 0; i < 4; ++i) RC_ASSERT(filled.Apply(RandomContacts(100)).ok());
    record = *filled.Encode();
  }
  std::vector<std::string> patches(*rc::gen::inRange<size_t>(1, 6));
  for (std::string& patch : patches) patch = RandomContacts(20);
  RecordImage plain;
  RC_ASSERT(plain.Load(record).ok());
  for (const std::string& patch : patches) RC_ASSERT(plain.Apply(patch).ok());
  const std::vector<absl::string_view> views(patches.begin(), patches.end());
  const std::optional<std::string> spliced = SpliceContacts(record, views);
  RC_CLASSIFY(spliced.has_value());
  if (spliced.has_value()) RC_ASSERT(*spliced == *plain.Encode());
  RC_ASSERT(Applied(record, patches) == *plain.Encode());
}

RC_GTEST_PROP(RecordPropertyTest, OnlyContactsAreSpliced, ()) {
  const std::string record = Applied("", {RandomContacts(20)});
  std::vector<std::string> patches = {RandomContacts(20)};
  RecordPatch other;
  other.ClearAttribute(1);
  const bool mixed = *rc::gen::arbitrary<bool>();
  if (mixed) patches[0] += other.bytes();
  RecordPatch contact;
  contact.AddContact({.offer = 1,
                      .transaction = 1,
                      .time_us = 1,
                      .channel = 1,
                      .kind = ContactKind::kShown,
                      .direction = 0,
                      .limits = {}});
  patches.push_back(contact.bytes());
  const std::vector<absl::string_view> views(patches.begin(), patches.end());
  RC_ASSERT(SpliceContacts(record, views).has_value() == (!mixed && !record.empty()));
}

// The slow truth: a list of contacts, too short for any to be pushed out.
RC_GTEST_PROP(RecordPropertyTest, RemovedContactsAreThoseOfAListThatAreNamed, ()) {
  std::vector<std::tuple<uint64_t, uint64_t, ContactKind>> model;
  std::string bytes = Applied("", {});
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    const auto offer = *rc::gen::inRange<uint64_t>(0, 4);
    const auto transaction = *rc::gen::inRange<uint64_t>(0, 4);
    const auto kind = *rc::gen::element(ContactKind::kRedeemed, ContactKind::kReserved);
    const std::tuple<uint64_t, uint64_t, ContactKind> contact(transaction, offer, kind);
    RecordPatch patch;
    if (*rc::gen::inRange(0, 3) == 0) {
      patch.RemoveContacts(transaction, offer, kind);
      std::erase_if(model, [&](const auto& held) {
        return std::get<0>(held) == transaction && std::get<2>(held) == kind &&
               (offer == 0 || std::get<1>(held) == offer);
      });
    } else {
      patch.AddContact({.offer = offer,
                        .transaction = transaction,
                        .time_us = i,
                        .channel = 1,
                        .kind = kind,
                        .direction = 0,
                        .limits = {}});
      const bool is_known = std::find(model.begin(), model.end(), contact) != model.end();
      if (transaction == 0 || !is_known) model.push_back(contact);
    }
    bytes = Applied(bytes, {patch.bytes()});
  }
  absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
  RC_ASSERT(record.ok());
  RC_ASSERT(record->contact_count() == model.size());
  for (size_t i = 0; i < model.size(); ++i) {
    const ContactView held = record->contact(i);
    RC_ASSERT(std::tuple(held.transaction, held.offer, held.kind) == model[i]);
  }
}

// The slow truth: grants in a map.
RC_GTEST_PROP(RecordPropertyTest, GrantsAgreeWithAMap, ()) {
  struct Grant {
    int64_t end_us;
    uint32_t uses_left;
    std::vector<uint64_t> holders;
  };
  std::map<std::string, Grant> model;
  std::string bytes = Applied("", {});
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    RecordPatch patch;
    const std::string id = absl::StrCat("g", *rc::gen::inRange(0, 12));
    if (*rc::gen::inRange(0, 4) == 0) {
      patch.RemoveGrant(id);
      model.erase(id);
    } else {
      Grant grant = {*rc::gen::inRange<int64_t>(0, 60), *rc::gen::arbitrary<uint32_t>(), {}};
      grant.holders.resize(*rc::gen::element<size_t>(0, 0, 1, 2, kMaxGrantHolders + 1));
      for (uint64_t& holder : grant.holders) holder = *rc::gen::arbitrary<uint64_t>();
      const int64_t keep_from_us = i;
      patch.PutGrant({.id = id,
                      .offer = 7,
                      .terms = ~grant.uses_left,
                      .start_us = i,
                      .end_us = grant.end_us,
                      .uses_left = grant.uses_left,
                      .holders = grant.holders,
                      .keep_from_us = keep_from_us});
      grant.holders.resize(std::min(grant.holders.size(), kMaxGrantHolders));
      model[id] = grant;
      std::erase_if(model, [&](const auto& held) {
        return held.second.end_us <= keep_from_us && held.second.holders.empty();
      });
    }
    bytes = Applied(bytes, {patch.bytes()});
  }
  absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
  RC_ASSERT(record.ok());
  RC_ASSERT(record->grant_count() == model.size());
  size_t i = 0;
  for (const auto& [id, grant] : model) {
    const GrantView shown = record->grant(i++);
    RC_ASSERT(shown.id == absl::string_view(id));
    RC_ASSERT(shown.offer == 7u);
    RC_ASSERT(shown.terms == ~grant.uses_left);
    RC_ASSERT(shown.end_us == grant.end_us);
    RC_ASSERT(shown.uses_left == grant.uses_left);
    RC_ASSERT(shown.holder_count == grant.holders.size());
    for (size_t j = 0; j < grant.holders.size(); ++j)
      RC_ASSERT(shown.holder(j) == grant.holders[j]);
    RC_ASSERT(record->FindGrant(id)->uses_left == grant.uses_left);
  }
  RC_ASSERT(!record->FindGrant("g").has_value());
}

// The slow truth: attributes in a map, each the text of the last value that was set.
RC_GTEST_PROP(RecordPropertyTest, AttributesAgreeWithAMap, ()) {
  std::map<uint32_t, std::string> model;
  std::string bytes;
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    RecordPatch patch;
    const uint32_t id = *rc::gen::inRange<uint32_t>(0, 10);
    if (*rc::gen::inRange(0, 4) == 0) {
      patch.ClearAttribute(id);
      model.erase(id);
    } else {
      const std::string value = *rc::gen::arbitrary<std::string>();
      patch.SetAttribute(id, Value::String(value), 0, 0);
      model[id] = value;
    }
    bytes = Applied(bytes, {patch.bytes()});
  }
  absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
  RC_ASSERT(record.ok());
  RC_ASSERT(record->attribute_count() == model.size());
  size_t i = 0;
  for (const auto& [id, value] : model) {
    RC_ASSERT(record->attribute(i).id == id);
    RC_ASSERT(record->attribute(i++).value.string_value() == absl::string_view(value));
    RC_ASSERT(record->FindAttribute(id)->value.string_value() == absl::string_view(value));
  }
}

RC_GTEST_PROP(RecordPropertyTest, AggregateWindowsAgreeWithAListOfEvents, ()) {
  const auto events = *rc::gen::container<std::vector<std::tuple<int, int>>>(
      rc::gen::tuple(rc::gen::inRange(-20, 20), rc::gen::inRange(-1000, 1000)));
  std::string bytes = Applied("", {});
  for (const auto& [day, amount] : events) {
    RecordPatch patch;
    patch.AddToAggregate(
        {.aggregate = 8, .bucket = day, .count = 1, .sum = amount, .event_us = day * 100});
    bytes = Applied(bytes, {patch.bytes()});
  }
  const int from = *rc::gen::inRange(-25, 25);
  const int through = *rc::gen::inRange(from, 26);
  AggregateView::Window expected;
  for (const auto& [day, amount] : events) {
    if (day < from || day > through) continue;
    ++expected.count;
    expected.sum += amount;
  }
  absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
  RC_ASSERT(record.ok());
  RC_ASSERT(record->FindAggregate(8).has_value() == !events.empty());
  if (events.empty()) return;
  const AggregateView::Window window = record->FindAggregate(8)->Over(from, through);
  RC_ASSERT(window.count == expected.count);
  RC_ASSERT(window.sum == expected.sum);
}

// A view that leaves its bytes is found by the sanitizers.
RC_GTEST_PROP(RecordPropertyTest, BytesThatAreDamagedNeverCrash, ()) {
  std::string bytes = Applied("", RandomPatches());
  const int hits = *rc::gen::inRange(1, 6);
  for (int i = 0; i < hits; ++i) {
    bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  }
  if (*rc::gen::inRange(0, 4) == 0) bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size()));
  const std::string exact(bytes);  // without spare capacity behind it
  absl::StatusOr<RecordView> record = RecordView::Parse(exact);
  if (record.ok()) {
    RC_ASSERT(!RecordText(*record).empty());
    Applied(exact, RandomPatches());
  } else {
    RC_ASSERT(record.status().code() == absl::StatusCode::kDataLoss);
  }
}

RC_GTEST_PROP(RecordPropertyTest, RandomBytesAreNoRecord, (const std::string& bytes)) {
  RC_ASSERT(!RecordView::Parse(bytes).ok());
}

RC_GTEST_PROP(RecordPropertyTest, DamagedPatchesAreRefusedOrApplied, ()) {
  std::string patch;
  for (const std::string& part : RandomPatches()) patch += part;
  RC_PRE(!patch.empty());
  patch[*rc::gen::inRange<size_t>(0, patch.size())] = *rc::gen::arbitrary<char>();
  const absl::StatusOr<std::string> bytes = ApplyPatches("", {absl::string_view(patch)});
  RC_ASSERT(bytes.ok() == ValidatePatch(patch).ok());
  if (bytes.ok()) RC_ASSERT(!Text(*bytes).empty());
}

}  // namespace
}  // namespace touchstone::store
