// What the reader makes of bytes, against protobuf's own parse of the same bytes.

#include "server/decide/request_reader.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/rpc/parse.h"
#include "tests/server/decide/world.h"

namespace touchstone::server {
namespace {

constexpr uint64_t kSeed = 20261122;

// The message that the reader's view stands for.
v1::DecideRequest WholeMessage(const RequestView& view) {
  v1::DecideRequest request = *view.message;
  if (!request.has_basket()) {
    EXPECT_TRUE(view.lines.empty());
    return request;
  }
  request.mutable_basket()->clear_lines();
  for (const LineView& view_of_line : view.lines) {
    v1::BasketLine* line = request.mutable_basket()->add_lines();
    if (view_of_line.message != nullptr) *line = *view_of_line.message;
    line->set_line_id(std::string(view_of_line.line_id));
    line->set_sku(std::string(view_of_line.sku));
    line->set_unit(std::string(view_of_line.unit));
    line->set_parent_line_id(std::string(view_of_line.parent_line_id));
    line->set_tax_code(std::string(view_of_line.tax_code));
    line->set_quantity_thousandths(view_of_line.quantity_thousandths);
    line->set_unit_price_e4(view_of_line.unit_price_e4);
    line->set_price_source(view_of_line.price_source);
    line->set_kind(view_of_line.kind);
  }
  return request;
}

class Requests {
 public:
  explicit Requests(uint64_t seed) : random_(seed) {}

  // What a caller may well send.
  v1::DecideRequest Make() {
    v1::DecideRequest request = RandomRequest(random_);
    if (Chance(3)) request.mutable_context()->add_codes("SAVE\xc3\xa9");
    for (v1::BasketLine& line : *request.mutable_basket()->mutable_lines()) {
      if (Chance(4)) line.set_unit("kg");
      if (Chance(8)) line.set_sku("K\xc3\xa4se");
      if (Chance(8)) line.set_parent_line_id("1");
      if (Chance(8)) line.set_tax_code("V2");
      if (Chance(8)) line.set_kind(static_cast<v1::LineKind>(random_() >> 33));
      if (Chance(8)) line.set_price_source(static_cast<v1::PriceSource>(-1));
      if (Chance(8)) line.add_manual_discounts()->set_amount_minor(Number());
      if (Chance(8)) line.set_quantity_thousandths(Number());
      if (Chance(8)) line.set_unit_price_e4(Number());
      if (Chance(12)) {
        (*line.mutable_product()->mutable_attributes())["brand"].set_string_value("own");
      }
    }
    if (Chance(3)) request.mutable_basket()->add_tenders()->set_type("cash");
    if (Chance(4)) request.clear_basket();
    return request;
  }

  // And what nobody should.
  std::string Spoil(std::string bytes) {
    for (uint64_t turns = random_() % 3; turns > 0; --turns) {
      const size_t at = random_() % (bytes.size() + 1);
      switch (random_() % 6) {
        case 0:
          if (at < bytes.size()) bytes[at] = static_cast<char>(random_());
          break;
        case 1:
          bytes.resize(at);
          break;
        case 2:
          bytes.insert(at, 1, static_cast<char>(random_()));
          break;
        case 3:  // merged with what it already holds
          bytes += Make().SerializeAsString();
          break;
        case 4:  // fields that nobody knows, and some in a form that few write
          bytes += kOdd[random_() % std::size(kOdd)];
          break;
        case 5:
          if (at < bytes.size()) bytes.erase(at, 1);
          break;
      }
    }
    return bytes;
  }

  bool Chance(uint64_t of) { return random_() % of == 0; }

 private:
  int64_t Number() { return static_cast<int64_t>(random_() >> random_() % 64); }

  static inline const std::string kOdd[] = {
      std::string("\xfa\x7f\x03"
                  "abc"),
      std::string("\x28\x01"),                                 // field 5, a varint
      std::string("\x12\x00", 2),                              // an empty basket
      std::string("\x12\x82\x80\x80\x80\x80\x00\x12\x00", 9),  // a length of six bytes
      std::string("\x12\x05\x12\x03\x32\x01\xff"),             // a line with a price source of text
      std::string("\x12\x0a\x12\x08\x18\x80\x80\x80\x80\x80\x80\x00", 12),
      std::string("\x92\x00\x00", 3),  // a tag of two bytes where one would do
      std::string("\x13\x14"),         // a group
  };

  std::mt19937_64 random_;
};

TEST(RequestReaderTest, ReadsWhatProtobufReadsAndRefusesWhatItRefuses) {
  Requests requests(kSeed);
  RequestReader reader;
  int views = 0;
  int messages = 0;
  int refused = 0;
  for (int turn = 0; turn < 20'000; ++turn) {
    SCOPED_TRACE(absl::StrCat("turn ", turn, ", seed ", kSeed));
    std::string bytes = requests.Make().SerializeAsString();
    if (turn % 2 == 1) bytes = requests.Spoil(bytes);
    v1::DecideRequest plain;
    const std::optional<Violation> expected = ParseRequest(bytes, &plain);
    const std::optional<Violation> wrong = reader.Read(bytes);
    ASSERT_EQ(wrong.has_value(), expected.has_value());
    if (wrong.has_value()) {
      ASSERT_EQ(wrong->field, expected->field);
      ASSERT_EQ(wrong->description, expected->description);
      ++refused;
      continue;
    }
    ASSERT_TRUE(
        google::protobuf::util::MessageDifferencer::Equals(WholeMessage(reader.view()), plain))
        << WholeMessage(reader.view()).DebugString() << "\nand\n"
        << plain.DebugString();
    for (const LineView& line : reader.view().lines) {
      ++(line.message == nullptr ? views : messages);
      ASSERT_EQ(line.has_product(), line.message != nullptr && line.message->has_product());
    }
  }
  EXPECT_GT(views, 10'000);
  EXPECT_GT(messages, 10'000);
  EXPECT_GT(refused, 1'000);
}

std::string SmallRequest(std::mt19937_64& random) {
  v1::DecideRequest request;
  const auto chance = [&random] { return random() % 2 == 0; };
  if (chance()) {
    v1::DecisionContext* context = request.mutable_context();
    if (chance()) context->set_transaction_id("t-" + std::to_string(random() % 9));
    if (chance()) context->mutable_touchpoint()->set_channel("pos");
    for (uint64_t i = random() % 3; i > 0; --i) context->add_codes("CODE");
    if (chance()) context->add_identities()->set_value("4000");
  }
  if (chance()) {
    request.mutable_basket()->set_currency_code("EUR");
    for (uint64_t i = random() % 4; i > 0; --i) {
      v1::BasketLine* line = request.mutable_basket()->add_lines();
      line->set_sku("sku-" + std::to_string(random() % 9));
      if (chance()) line->mutable_product()->add_categories("fruit");
    }
  }
  if (chance()) request.add_placements("receipt");
  if (chance()) (*request.mutable_attributes())["weather"].set_string_value("rain");
  // What a later version of the contract may hold, outermost and inside.
  if (chance()) request.GetReflection()->MutableUnknownFields(&request)->AddVarint(99, random());
  if (request.has_context() && chance()) {
    v1::DecisionContext* context = request.mutable_context();
    context->GetReflection()->MutableUnknownFields(context)->AddLengthDelimited(77, "later");
  }
  return request.SerializeAsString();
}

TEST(RequestReaderTest, ARequestIsWhatItsOwnBytesSay) {
  std::mt19937_64 random(kSeed);
  RequestReader reader;
  for (int turn = 0; turn < 5000; ++turn) {
    const std::string bytes = SmallRequest(random);
    v1::DecideRequest fresh;
    ASSERT_TRUE(fresh.ParseFromString(bytes));
    ASSERT_FALSE(reader.Read(bytes).has_value());
    ASSERT_EQ(WholeMessage(reader.view()).SerializeAsString(), fresh.SerializeAsString())
        << "turn " << turn << ", seed " << kSeed;
  }
}

TEST(RequestReaderTest, WhatIsNoRequestLeavesNothingBehind) {
  std::mt19937_64 random(kSeed);
  RequestReader reader;
  for (int turn = 0; turn < 1000; ++turn) {
    std::string bytes = SmallRequest(random);
    if (!bytes.empty()) bytes.resize(random() % bytes.size());
    const bool broken = reader.Read(bytes).has_value();
    ASSERT_EQ(broken, !v1::DecideRequest().ParseFromString(bytes));
    const std::string whole = SmallRequest(random);
    v1::DecideRequest fresh;
    ASSERT_TRUE(fresh.ParseFromString(whole));
    ASSERT_FALSE(reader.Read(whole).has_value());
    ASSERT_EQ(WholeMessage(reader.view()).SerializeAsString(), fresh.SerializeAsString())
        << "turn " << turn << ", seed " << kSeed;
  }
}

TEST(RequestReaderTest, AnOrdinaryLineIsNoMessage) {
  const std::string bytes = TillRequest().SerializeAsString();
  RequestReader reader;
  ASSERT_FALSE(reader.Read(bytes).has_value());
  ASSERT_FALSE(reader.view().lines.empty());
  for (const LineView& line : reader.view().lines) {
    EXPECT_EQ(line.message, nullptr);
    // In the bytes, not copied out of them.
    EXPECT_GE(line.sku.data(), bytes.data());
    EXPECT_LE(line.sku.data() + line.sku.size(), bytes.data() + bytes.size());
  }
  EXPECT_EQ(reader.message().basket().lines_size(), 0);
}

}  // namespace
}  // namespace touchstone::server
