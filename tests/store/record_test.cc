#include "store/record.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/record_layout.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

using ::testing::ElementsAre;

std::string Patched(absl::string_view record, const RecordPatch& patch) {
  absl::StatusOr<std::string> bytes = ApplyPatches(record, {absl::string_view(patch.bytes())});
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

RecordView Parsed(absl::string_view bytes) {
  absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
  EXPECT_TRUE(record.ok()) << record.status();
  return record.value_or(RecordView());
}

TEST(RecordTest, KeepsAValueOfEveryType) {
  RecordPatch patch;
  patch.SetAttribute(10, Value::Bool(true), 1, 100);
  patch.SetAttribute(20, Value::Int64(-5), 2, 0);
  patch.SetAttribute(30, Value::Double(0.25), 0, 0);
  patch.SetAttribute(40, Value::TimestampUs(1700000000000001), 0, 0);
  patch.SetAttribute(50, Value::DateDays(-1), 0, 0);
  patch.SetAttribute(60, Value::Money(41200, "EUR"), 0, 0);
  patch.SetAttribute(70, Value::DecimalThousandths(3500), 0, 0);
  patch.SetAttribute(80, Value::String("gold"), 65535, 4294967295u);
  patch.SetAttribute(90, Value::StringList({"nuts", "", "caffeine"}), 0, 0);
  patch.SetAttribute(4000000000u,
                     Value::RecordList({{{1, Value::String("fibre")}, {7, Value::Int64(9)}}, {}}),
                     0, 0);
  const std::string bytes = Patched("", patch);
  const RecordView record = Parsed(bytes);

  ASSERT_EQ(record.attribute_count(), 10u);
  EXPECT_TRUE(record.FindAttribute(10)->value.bool_value());
  EXPECT_EQ(record.FindAttribute(10)->source, 1);
  EXPECT_EQ(record.FindAttribute(10)->as_of_s, 100u);
  EXPECT_EQ(record.FindAttribute(20)->value.int64_value(), -5);
  EXPECT_EQ(record.FindAttribute(30)->value.double_value(), 0.25);
  EXPECT_EQ(record.FindAttribute(40)->value.timestamp_us(), 1700000000000001);
  EXPECT_EQ(record.FindAttribute(50)->value.date_days(), -1);
  EXPECT_EQ(record.FindAttribute(60)->value.money_amount_minor(), 41200);
  EXPECT_EQ(record.FindAttribute(60)->value.currency_code(), "EUR");
  EXPECT_EQ(record.FindAttribute(70)->value.decimal_thousandths(), 3500);
  EXPECT_EQ(record.FindAttribute(80)->value.string_value(), "gold");
  EXPECT_EQ(record.FindAttribute(80)->source, 65535);
  EXPECT_EQ(record.FindAttribute(80)->as_of_s, 4294967295u);
  const StringListView list = record.FindAttribute(90)->value.string_list();
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0], "nuts");
  EXPECT_EQ(list[1], "");
  EXPECT_EQ(list[2], "caffeine");
  const RecordListView records = record.FindAttribute(4000000000u)->value.record_list();
  ASSERT_EQ(records.size(), 2u);
  ASSERT_EQ(records[0].size(), 2u);
  EXPECT_EQ(records[0].id(0), 1u);
  EXPECT_EQ(records[0].value(0).string_value(), "fibre");
  EXPECT_EQ(records[0].value(1).int64_value(), 9);
  EXPECT_EQ(records[1].size(), 0u);
  EXPECT_FALSE(record.FindAttribute(11).has_value());
  EXPECT_FALSE(record.FindAttribute(4000000001u).has_value());
}

TEST(RecordTest, ADefaultRecordHoldsNothing) {
  const RecordView record;
  EXPECT_EQ(record.version(), 0u);
  EXPECT_EQ(record.attribute_count(), 0u);
  EXPECT_FALSE(record.FindAttribute(1).has_value());
  EXPECT_FALSE(record.FindAggregate(1).has_value());
  EXPECT_EQ(record.contact_count(), 0u);
  EXPECT_TRUE(record.identities().empty());
  EXPECT_EQ(record.consent_count(), 0u);
}

TEST(RecordTest, TheLastValueOfAnAttributeWinsAndClearingRemovesIt) {
  RecordPatch patch;
  patch.SetAttribute(1, Value::String("a long value that leaves a hole"), 0, 9);
  patch.SetAttribute(2, Value::Int64(2), 0, 0);
  patch.SetAttribute(1, Value::String("b"), 0, 3);
  patch.ClearAttribute(2);
  patch.ClearAttribute(77);
  const std::string bytes = Patched("", patch);
  const RecordView record = Parsed(bytes);
  ASSERT_EQ(record.attribute_count(), 1u);
  EXPECT_EQ(record.attribute(0).value.string_value(), "b");
}

TEST(RecordTest, AggregatesAddUpByBucketAndOverAWindow) {
  RecordPatch patch;
  patch.AddToAggregate({.aggregate = 5, .bucket = 100, .count = 1, .sum = 250, .event_us = 1000});
  patch.AddToAggregate({.aggregate = 5, .bucket = 102, .count = 2, .sum = 10, .event_us = 3000});
  patch.AddToAggregate({.aggregate = 5, .bucket = 100, .count = 1, .sum = -50, .event_us = 500});
  const std::string bytes = Patched("", patch);
  const RecordView record = Parsed(bytes);
  const std::optional<AggregateView> aggregate = record.FindAggregate(5);
  ASSERT_TRUE(aggregate.has_value());
  ASSERT_EQ(aggregate->bucket_count(), 2u);
  EXPECT_EQ(aggregate->bucket(0), (Bucket{100, 2, 200}));
  EXPECT_EQ(aggregate->bucket(1), (Bucket{102, 2, 10}));
  EXPECT_EQ(aggregate->first_us(), 500);
  EXPECT_EQ(aggregate->last_us(), 3000);
  EXPECT_EQ(aggregate->Over(100, 102).count, 4);
  EXPECT_EQ(aggregate->Over(100, 102).sum, 210);
  EXPECT_EQ(aggregate->Over(101, 102).sum, 10);
  EXPECT_EQ(aggregate->Over(103, 200).count, 0);
  EXPECT_EQ(aggregate->Over(0, 100).sum, 200);
}

TEST(RecordTest, SumsSaturateInsteadOfWrapping) {
  RecordPatch patch;
  const int64_t most = std::numeric_limits<int64_t>::max();
  patch.AddToAggregate({.aggregate = 1, .bucket = 1, .count = 1, .sum = most, .event_us = 0});
  patch.AddToAggregate({.aggregate = 1, .bucket = 1, .count = 1, .sum = 1, .event_us = 0});
  patch.AddToAggregate({.aggregate = 1, .bucket = 2, .count = 1, .sum = 1, .event_us = 0});
  const std::string bytes = Patched("", patch);
  const AggregateView aggregate = *Parsed(bytes).FindAggregate(1);
  EXPECT_EQ(aggregate.bucket(0).sum, most);
  EXPECT_EQ(aggregate.Over(1, 2).sum, most);
}

TEST(RecordTest, BucketsOutsideOfEveryWindowAreDropped) {
  RecordPatch patch;
  for (int32_t day : {1, 2, 3}) {
    patch.AddToAggregate({.aggregate = 1, .bucket = day, .count = 1, .sum = 0, .event_us = day});
  }
  patch.AddToAggregate({.aggregate = 1,
                        .bucket = 1,
                        .count = 1,
                        .sum = 0,
                        .event_us = AggregateView::kNever,
                        .keep_from_bucket = 3});
  const std::string bytes = Patched("", patch);
  const AggregateView aggregate = *Parsed(bytes).FindAggregate(1);
  ASSERT_EQ(aggregate.bucket_count(), 1u);
  EXPECT_EQ(aggregate.bucket(0).number, 3);
  EXPECT_EQ(aggregate.first_us(), 1);
  EXPECT_EQ(aggregate.last_us(), 3);
}

TEST(RecordTest, AnAggregateHoldsItsLimitOfBucketsAndDropsTheOldestBeyond) {
  RecordPatch patch;
  for (int32_t day = 0; day <= static_cast<int32_t>(kMaxBuckets); ++day) {
    patch.AddToAggregate({.aggregate = 1, .bucket = day, .count = 1, .sum = 0, .event_us = 0});
  }
  const std::string bytes = Patched("", patch);
  const AggregateView aggregate = *Parsed(bytes).FindAggregate(1);
  EXPECT_EQ(aggregate.bucket_count(), kMaxBuckets);
  EXPECT_EQ(aggregate.bucket(0).number, 1);
}

RecordPatch::Contact Shown(uint64_t offer, uint64_t transaction, int64_t time_us) {
  return {offer, transaction, time_us, 1, ContactKind::kShown, 0, {}};
}

TEST(RecordTest, ContactsAreSortedByTimeAndCountOnceATransaction) {
  RecordPatch patch;
  const std::vector<uint64_t> limits = {7, 8};
  patch.AddContact(Shown(1, 50, 2000));
  patch.AddContact({2, 51, 1000, 3, ContactKind::kDeclined, 1, limits});
  patch.AddContact(Shown(1, 50, 9000));  // the same transaction
  patch.AddContact(Shown(1, 0, 9000));   // without a transaction, each one counts
  patch.AddContact(Shown(1, 0, 9000));
  const std::string bytes = Patched("", patch);
  const RecordView record = Parsed(bytes);
  ASSERT_EQ(record.contact_count(), 4u);
  EXPECT_EQ(record.contact(0).offer, 2u);
  EXPECT_EQ(record.contact(0).kind, ContactKind::kDeclined);
  EXPECT_EQ(record.contact(0).channel, 3u);
  EXPECT_EQ(record.contact(0).direction, 1);
  ASSERT_EQ(record.contact(0).limit_count, 2);
  EXPECT_EQ(record.contact(0).limit(1), 8u);
  EXPECT_EQ(record.contact(1).time_us, 2000);
  EXPECT_EQ(record.contact(1).limit_count, 0);
}

TEST(RecordTest, BeyondTheLimitTheOldestShownGoesFirstAndIsCounted) {
  RecordPatch patch;
  patch.AddContact({9, 1, 1, 1, ContactKind::kRedeemed, 0, {}});
  for (uint64_t i = 2; i <= kMaxContacts; ++i)
    patch.AddContact(Shown(1, i, static_cast<int64_t>(i)));
  std::string bytes = Patched("", patch);
  ASSERT_EQ(Parsed(bytes).contact_count(), kMaxContacts);
  EXPECT_EQ(Parsed(bytes).contacts_dropped(), 0u);

  patch.Clear();
  patch.AddContact(Shown(1, 5000, 5000));
  bytes = Patched(bytes, patch);
  const RecordView record = Parsed(bytes);
  EXPECT_EQ(record.contact_count(), kMaxContacts);
  EXPECT_EQ(record.contacts_dropped(), 1u);
  EXPECT_EQ(record.contact(0).kind, ContactKind::kRedeemed);
  EXPECT_EQ(record.contact(1).time_us, 3);
}

TEST(RecordTest, ContactsThatServeNoLiveRuleAreDropped) {
  RecordPatch patch;
  patch.AddContact(Shown(1, 1, 100));
  patch.AddContact(Shown(1, 2, 200));
  RecordPatch::Contact late = Shown(1, 3, 300);
  late.keep_from_us = 200;
  patch.AddContact(late);
  const std::string bytes = Patched("", patch);
  ASSERT_EQ(Parsed(bytes).contact_count(), 2u);
  EXPECT_EQ(Parsed(bytes).contact(0).time_us, 200);
}

TEST(RecordTest, IdentitiesAndConsentsAreSets) {
  RecordPatch patch;
  patch.AddIdentity("loyalty_card:1");
  patch.AddIdentity("phone:2");
  patch.AddIdentity("loyalty_card:1");
  patch.RemoveIdentity("phone:2");
  patch.SetConsent("sms", true, 1, 10);
  patch.SetConsent("call", false, 2, 20);
  patch.SetConsent("sms", false, 3, 30);
  const std::string bytes = Patched("", patch);
  const RecordView record = Parsed(bytes);
  ASSERT_EQ(record.identities().size(), 1u);
  EXPECT_EQ(record.identities()[0], "loyalty_card:1");
  ASSERT_EQ(record.consent_count(), 2u);
  EXPECT_EQ(record.consent(0).purpose, "call");
  EXPECT_FALSE(record.consent(1).granted);
  EXPECT_EQ(record.consent(1).time_us, 30);
  EXPECT_EQ(record.consent(1).source, 3);
  ASSERT_TRUE(record.FindConsent("sms").has_value());
  EXPECT_EQ(record.FindConsent("sms")->time_us, 30);
  EXPECT_FALSE(record.FindConsent("email").has_value());
}

TEST(RecordTest, AConsentThatIsToldLateDoesNotUndoWhatWasSaidSince) {
  RecordPatch patch;
  patch.SetConsent("call", false, 1, 200);
  const std::string refused = Patched("", patch);
  RecordPatch late;
  late.SetConsent("call", true, 1, 100);
  EXPECT_FALSE(Parsed(Patched(refused, late)).consent(0).granted);
  RecordPatch again;
  again.SetConsent("call", true, 1, 200);
  EXPECT_TRUE(Parsed(Patched(refused, again)).consent(0).granted);
}

TEST(RecordTest, AtMost256PurposesAreKept) {
  RecordPatch patch;
  for (size_t i = 0; i <= kMaxConsents; ++i) patch.SetConsent(absl::StrCat("p", i), true, 0, 1);
  patch.SetConsent("p0", false, 0, 2);
  const std::string bytes = Patched("", patch);
  const RecordView record = Parsed(bytes);
  EXPECT_EQ(record.consent_count(), kMaxConsents);
  EXPECT_FALSE(record.FindConsent("p0")->granted);
  EXPECT_FALSE(record.FindConsent(absl::StrCat("p", kMaxConsents)).has_value());
}

TEST(RecordTest, APurposeHasOneTo64Bytes) {
  for (const size_t length : {size_t{0}, kMaxPurposeBytes, kMaxPurposeBytes + 1}) {
    RecordPatch patch;
    patch.SetConsent(std::string(length, 'p'), true, 0, 1);
    EXPECT_EQ(ValidatePatch(patch.bytes()).ok(), length == kMaxPurposeBytes) << length;
  }
}

TEST(RecordTest, ConsentsThatAreOutOfOrderOrBeyondTheirHeapAreCorrupt) {
  RecordPatch patch;
  patch.SetConsent("call", true, 0, 1);
  patch.SetConsent("mail", true, 0, 1);
  const std::string bytes = Patched("", patch);
  ASSERT_TRUE(RecordView::Parse(bytes).ok());
  const size_t name = bytes.find("call");
  std::string swapped = bytes;
  swapped[name] = 'z';
  EXPECT_FALSE(RecordView::Parse(swapped).ok());
  const size_t cells = name - 2 * layout::kConsentBytes;
  for (const size_t at : {cells, cells + 4, cells + layout::kConsentBytes}) {
    std::string broken = bytes;
    broken[at] = '\x7f';
    EXPECT_FALSE(RecordView::Parse(broken).ok()) << at;
  }
}

RecordPatch::Grant Granted(absl::string_view id, int64_t end_us,
                           absl::Span<const uint64_t> holders = {}, int64_t keep_from_us = 0) {
  return {.id = id,
          .offer = 20,
          .terms = 0,
          .start_us = 3,
          .end_us = end_us,
          .uses_left = 2,
          .holders = holders,
          .keep_from_us = keep_from_us};
}

std::vector<std::string> GrantIds(absl::string_view bytes) {
  const RecordView record = Parsed(bytes);
  std::vector<std::string> ids;
  for (size_t i = 0; i < record.grant_count(); ++i) ids.emplace_back(record.grant(i).id);
  return ids;
}

TEST(RecordTest, AGrantIsPutInThePlaceOfWhatWasSaidOfIt) {
  RecordPatch patch;
  patch.PutGrant(Granted("gb", 9));
  patch.PutGrant(Granted("ga", 8, {7, 5}));
  patch.PutGrant(Granted("gc", 9));
  std::string bytes = Patched("", patch);
  EXPECT_THAT(GrantIds(bytes), ElementsAre("ga", "gb", "gc"));
  const RecordView record = Parsed(bytes);
  const GrantView grant = record.grant(0);
  EXPECT_EQ(grant.offer, 20u);
  EXPECT_EQ(grant.start_us, 3);
  EXPECT_EQ(grant.end_us, 8);
  EXPECT_EQ(grant.uses_left, 2u);
  ASSERT_EQ(grant.holder_count, 2u);
  EXPECT_EQ(grant.holder(0), 7u);
  EXPECT_EQ(grant.holder(1), 5u);
  EXPECT_EQ(record.FindGrant("gb")->holder_count, 0u);
  EXPECT_FALSE(record.FindGrant("gd").has_value());

  patch.Clear();
  patch.PutGrant(Granted("ga", 18));
  patch.RemoveGrant("gb");
  patch.RemoveGrant("gd");
  bytes = Patched(bytes, patch);
  EXPECT_THAT(GrantIds(bytes), ElementsAre("ga", "gc"));
  EXPECT_EQ(Parsed(bytes).grant(0).end_us, 18);
  EXPECT_EQ(Parsed(bytes).grant(0).holder_count, 0u);
  patch.Clear();
  patch.RemoveGrant("ga");
  patch.RemoveGrant("gc");
  EXPECT_EQ(Patched(bytes, patch), Patched("", RecordPatch())) << "no section is left";
}

TEST(RecordTest, AGrantThatEndedIsDroppedUnlessATransactionHoldsIt) {
  RecordPatch patch;
  patch.PutGrant(Granted("ended", 10));
  patch.PutGrant(Granted("held", 10, {1}));
  patch.PutGrant(Granted("runs", 11));
  std::string bytes = Patched("", patch);
  EXPECT_THAT(GrantIds(bytes), ElementsAre("ended", "held", "runs"));
  patch.Clear();
  patch.PutGrant(Granted("new", 10, {}, 10));
  bytes = Patched(bytes, patch);
  EXPECT_THAT(GrantIds(bytes), ElementsAre("held", "runs"));
  patch.Clear();
  patch.PutGrant(Granted("held", 10, {}, 10));
  EXPECT_THAT(GrantIds(Patched(bytes, patch)), ElementsAre("runs")) << "it was given back";
}

TEST(RecordTest, HoldsGrantsAndTheirHoldersUpToItsBounds) {
  RecordPatch patch;
  const std::vector<uint64_t> holders(kMaxGrantHolders + 1, 4);
  patch.PutGrant(Granted("g000", 9, holders));
  for (size_t i = 1; i < kMaxGrants; ++i) {
    patch.PutGrant(Granted(absl::StrCat("g", absl::Dec(i, absl::kZeroPad3)), 9));
  }
  const std::string full = Patched("", patch);
  EXPECT_EQ(Parsed(full).grant_count(), kMaxGrants);
  EXPECT_EQ(Parsed(full).grant(0).holder_count, kMaxGrantHolders);
  patch.Clear();
  patch.PutGrant(Granted("more", 9));
  patch.PutGrant(Granted("g001", 7));
  const std::string bytes = Patched(full, patch);
  EXPECT_FALSE(Parsed(bytes).FindGrant("more").has_value());
  EXPECT_EQ(Parsed(bytes).FindGrant("g001")->end_us, 7);
  patch.Clear();
  patch.PutGrant(Granted(std::string(kMaxGrantIdBytes, 'g'), 9));
  EXPECT_TRUE(ValidatePatch(patch.bytes()).ok());
  for (const size_t length : {size_t{0}, kMaxGrantIdBytes + 1}) {
    patch.Clear();
    patch.PutGrant(Granted(std::string(length, 'g'), 9));
    EXPECT_FALSE(ValidatePatch(patch.bytes()).ok()) << length;
    patch.Clear();
    patch.RemoveGrant(std::string(length, 'g'));
    EXPECT_FALSE(ValidatePatch(patch.bytes()).ok()) << length;
  }
}

TEST(RecordTest, RefusesGrantsThatAreOutOfOrderOrNotWhatTheirCellsSay) {
  RecordPatch patch;
  patch.PutGrant(Granted("ga", 9, {1}));
  patch.PutGrant(Granted("gb", 9));
  const std::string bytes = Patched("", patch);
  std::string swapped = bytes;
  swapped[swapped.find("ga")] = 'h';
  EXPECT_FALSE(RecordView::Parse(swapped).ok());
  const size_t cells = layout::kHeaderBytes + layout::kSectionBytes;
  ASSERT_EQ(bytes.size(), cells + 2 * layout::kGrantBytes + sizeof(uint64_t) + 4);
  for (const size_t at : {cells + 28, cells + 30, cells + 32, cells + layout::kGrantBytes + 28,
                          cells + layout::kGrantBytes + 32}) {
    for (const char byte : {'\0', '\x7f'}) {
      std::string broken = bytes;
      if (broken[at] == byte) continue;
      broken[at] = byte;
      EXPECT_FALSE(RecordView::Parse(broken).ok()) << at;
    }
  }
  std::string patched = patch.bytes();
  patched[layout::kOperationHeaderBytes + 28] = kMaxGrantHolders + 1;
  EXPECT_FALSE(ValidatePatch(patched).ok());
}

// A record as a later version might write it: an attribute of an unknown type in the heap, an
// aggregate of an unknown kind, and a section that is not known here.
std::string RecordOfTheFuture() {
  using layout::AppendNumber;
  std::string attributes;
  AppendNumber(&attributes, uint32_t{5});
  AppendNumber(&attributes, uint32_t{0});
  AppendNumber(&attributes, uint16_t{0});
  AppendNumber(&attributes, uint8_t{200});
  attributes.append(3, '\0');
  AppendNumber(&attributes, uint32_t{0});
  AppendNumber(&attributes, uint32_t{6});
  attributes += "future";
  std::string aggregates;
  AppendNumber(&aggregates, uint32_t{3});
  AppendNumber(&aggregates, uint32_t{99});  // kind, reserved
  AppendNumber(&aggregates, uint32_t{0});
  AppendNumber(&aggregates, uint32_t{4});
  aggregates += "hll!";
  const std::string unknown = "a section of tomorrow";
  std::string out;
  AppendNumber(&out, layout::kMagic);
  AppendNumber(&out, layout::kRecordFormat);
  AppendNumber(&out, static_cast<uint32_t>(layout::kHeaderBytes + 3 * layout::kSectionBytes +
                                           attributes.size() + aggregates.size() + unknown.size()));
  AppendNumber(&out, uint64_t{41});
  AppendNumber(&out, uint32_t{3});
  const auto section = [&](uint16_t kind, uint32_t count, const std::string& body) {
    AppendNumber(&out, kind);
    AppendNumber(&out, uint16_t{0});
    AppendNumber(&out, count);
    AppendNumber(&out, static_cast<uint32_t>(body.size()));
  };
  section(layout::kAttributes, 1, attributes);
  section(layout::kAggregates, 1, aggregates);
  section(77, 12, unknown);
  return out + attributes + aggregates + unknown;
}

TEST(RecordTest, WhatALaterVersionWroteIsSkippedAndSurvivesRewriting) {
  const std::string future = RecordOfTheFuture();
  RecordPatch patch;
  patch.SetAttribute(1, Value::Int64(1), 0, 0);
  patch.AddToAggregate({.aggregate = 2, .bucket = 1, .count = 1, .sum = 1, .event_us = 1});
  // An increment of an aggregate that is not understood here must not harm it.
  patch.AddToAggregate({.aggregate = 3, .bucket = 1, .count = 1, .sum = 1, .event_us = 1});
  std::string bytes = Patched(future, patch);
  const RecordView record = Parsed(bytes);
  EXPECT_EQ(record.attribute_count(), 2u);
  EXPECT_EQ(record.FindAttribute(5)->value.heap_payload(), "future");
  EXPECT_FALSE(record.FindAggregate(3).has_value());
  EXPECT_TRUE(record.FindAggregate(2).has_value());

  patch.Clear();
  patch.ClearAttribute(1);
  patch.ClearAggregate(2);
  EXPECT_EQ(Patched(bytes, patch), future);
}

TEST(RecordTest, RefusesARecordOfAnotherFormat) {
  std::string bytes = RecordOfTheFuture();
  bytes[2] = 2;
  EXPECT_EQ(RecordView::Parse(bytes).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RecordView::Parse("").status().code(), absl::StatusCode::kDataLoss);
}

TEST(RecordTest, RefusesAHeapThatIsSharedOrHasGaps) {
  RecordPatch patch;
  patch.SetAttribute(1, Value::String("abcd"), 0, 0);
  patch.SetAttribute(2, Value::String("efgh"), 0, 0);
  std::string bytes = Patched("", patch);
  // The second cell's offset, pointed at the first cell's bytes.
  const size_t offset_at = layout::kHeaderBytes + layout::kSectionBytes + layout::kAttributeBytes +
                           layout::kAttributeSlot + 4;
  ASSERT_EQ(LoadNumber<uint32_t>(bytes.data() + offset_at), 4u);
  bytes[offset_at] = 0;
  EXPECT_EQ(RecordView::Parse(bytes).status().code(), absl::StatusCode::kDataLoss);
}

TEST(RecordPatchTest, RefusesUnknownAndMalformedOperations) {
  RecordPatch patch;
  patch.SetAttribute(1, Value::StringList({"a"}), 0, 0);
  ASSERT_TRUE(ValidatePatch(patch.bytes()).ok());
  const std::string cut = patch.bytes().substr(0, patch.bytes().size() - 1);
  EXPECT_EQ(ValidatePatch(cut).code(), absl::StatusCode::kInvalidArgument);
  std::string unknown = patch.bytes();
  unknown[0] = 99;
  EXPECT_EQ(ValidatePatch(unknown).code(), absl::StatusCode::kInvalidArgument);
  std::string bad_list = patch.bytes();
  bad_list[bad_list.size() - 2] = 50;  // an end offset beyond the text
  EXPECT_EQ(ValidatePatch(bad_list).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ApplyPatches("", {absl::string_view(cut)}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(RecordPatchTest, TakesAValueAtTheLimitAndRefusesOneBeyondIt) {
  RecordPatch patch;
  patch.SetAttribute(1, Value::String(std::string(kMaxValueBytes, 'x')), 0, 0);
  EXPECT_TRUE(ValidatePatch(patch.bytes()).ok());
  patch.SetAttribute(1, Value::String(std::string(kMaxValueBytes + 1, 'x')), 0, 0);
  EXPECT_FALSE(ValidatePatch(patch.bytes()).ok());
}

TEST(RecordTest, ContactsOfATransactionAreRemovedByKind) {
  RecordPatch patch;
  for (const uint64_t offer : {1, 2}) {
    for (const uint64_t transaction : {7, 8}) {
      for (const ContactKind kind : {ContactKind::kReserved, ContactKind::kRedeemed}) {
        patch.AddContact({.offer = offer,
                          .transaction = transaction,
                          .time_us = 1,
                          .channel = 1,
                          .kind = kind,
                          .direction = 0,
                          .limits = {}});
      }
    }
  }
  std::string bytes = Patched("", patch);
  ASSERT_EQ(Parsed(bytes).contact_count(), 8u);
  patch.Clear();
  patch.RemoveContacts(7, 0, ContactKind::kReserved);
  bytes = Patched(bytes, patch);
  EXPECT_EQ(Parsed(bytes).contact_count(), 6u) << "of all offers";
  patch.Clear();
  patch.RemoveContacts(8, 2, ContactKind::kRedeemed);
  patch.RemoveContacts(9, 1, ContactKind::kRedeemed);
  bytes = Patched(bytes, patch);
  const RecordView record = Parsed(bytes);
  ASSERT_EQ(record.contact_count(), 5u) << "of one";
  for (size_t i = 0; i < record.contact_count(); ++i) {
    const ContactView contact = record.contact(i);
    EXPECT_FALSE(contact.transaction == 7 && contact.kind == ContactKind::kReserved);
    EXPECT_FALSE(contact.transaction == 8 && contact.offer == 2 &&
                 contact.kind == ContactKind::kRedeemed);
  }
  EXPECT_EQ(record.contacts_dropped(), 0u);
}

TEST(RecordPatchTest, ARemovalOfContactsHasItsLength) {
  RecordPatch patch;
  patch.RemoveContacts(7, 0, ContactKind::kReserved);
  EXPECT_TRUE(ValidatePatch(patch.bytes()).ok());
  EXPECT_FALSE(ChangesLinks(patch.bytes()));
  EXPECT_FALSE(ValidatePatch(patch.bytes().substr(0, patch.bytes().size() - 1)).ok());
  std::string longer = patch.bytes() + "x";
  ++longer[1];  // the length that it says
  EXPECT_FALSE(ValidatePatch(longer).ok());
}

TEST(RecordPatchTest, KnowsWhetherItChangesLinks) {
  RecordPatch patch;
  patch.SetAttribute(1, Value::Int64(7), 0, 0);
  patch.BumpVersion();
  EXPECT_FALSE(ChangesLinks(patch.bytes()));
  patch.RemoveIdentity("a:1");
  EXPECT_TRUE(ChangesLinks(patch.bytes()));
  patch.Clear();
  patch.PutGrant(Granted("ga", 9));
  EXPECT_TRUE(ChangesLinks(patch.bytes()));
  patch.Clear();
  patch.RemoveGrant("ga");
  EXPECT_TRUE(ChangesLinks(patch.bytes()));
}

}  // namespace
}  // namespace touchstone::store
