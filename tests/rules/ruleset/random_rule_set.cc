#include "tests/rules/ruleset/random_rule_set.h"

#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <string>

#include "rules/ruleset/cel_fields.h"

namespace touchstone::rules {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxMessageDepth = 8;

const char* const kPieces[] = {
    "a",   "Zb", "7",  "0",    " ",  "  ",  "#",    " #",   ": ",   ":",   "!",      "&",
    "*",   "%",  "@",  "`",    "'",  "\"",  "\\",   "\n",   "\r\n", "\t",  "-",      "- ",
    "---", "?",  "|",  ">",    "<<", "{",   "}",    "[",    "]",    ",",   "ü",      "日本",
    "😀",  "~",  "no", "null", "on", "1.5", "\x7f", "\x01", "=",    "...", "\u2028", "\ufeff",
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  void Fill(Message& message, int depth) {
    const google::protobuf::Descriptor& descriptor = *message.GetDescriptor();
    const bool literal = &descriptor == v1::Literal::descriptor();
    // A literal has a form; deep down, the one that ends there.
    if (literal) return FillLiteral(message, depth);
    // From any field on, so that each of a oneof has its turn to be the last one set.
    const int first = descriptor.field_count() == 0
                          ? 0
                          : static_cast<int>(Below(static_cast<size_t>(descriptor.field_count())));
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor& field = *descriptor.field((first + i) % descriptor.field_count());
      const bool deep = depth >= kMaxMessageDepth &&
                        field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_map();
      if (!deep && Below(3) != 0) FillField(message, field, depth);
    }
  }

  std::string Word(size_t most_pieces) {
    std::string word;
    const size_t pieces = Below(most_pieces + 1);
    for (size_t i = 0; i < pieces; ++i) word += kPieces[Below(std::size(kPieces))];
    return word;
  }

  size_t Below(size_t bound) { return static_cast<size_t>(random_() % bound); }

 private:
  void FillLiteral(Message& message, int depth) {
    const char* forms[] = {"text", "list", "record"};
    const char* form = depth >= kMaxMessageDepth ? "text" : forms[Below(3)];
    FillField(message, *message.GetDescriptor()->FindFieldByName(form), depth);
  }

  void FillField(Message& message, const FieldDescriptor& field, int depth) {
    if (field.is_map()) return FillMap(message, field, depth);
    const size_t count = field.is_repeated() ? Below(4) : 1;
    for (size_t i = 0; i < count; ++i) FillValue(message, field, depth);
  }

  void FillMap(Message& message, const FieldDescriptor& field, int depth) {
    std::set<std::string> keys;
    for (size_t count = depth >= kMaxMessageDepth ? 0 : Below(4); count > 0; --count) {
      keys.insert("k" + Word(5));
      keys.insert(Word(2) + "k");
    }
    for (const std::string& key : keys) {
      Message& entry = *message.GetReflection()->AddMessage(&message, &field);
      entry.GetReflection()->SetString(&entry, field.message_type()->map_key(), key);
      FillValue(entry, *field.message_type()->map_value(), depth);
    }
  }

  void FillValue(Message& message, const FieldDescriptor& field, int depth) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Fill(field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                 : *reflection.MutableMessage(&message, &field),
             depth + 1);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection.SetBool(&message, &field, Below(2) == 0);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        reflection.SetInt32(&message, &field, static_cast<int32_t>(random_()));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection.SetInt64(&message, &field, static_cast<int64_t>(random_()));
        break;
      default: {
        const std::string text = (IsCelField(field.full_name()) ? "c" : "") + Word(12);
        if (field.is_repeated()) {
          reflection.AddString(&message, &field, text);
        } else {
          reflection.SetString(&message, &field, text);
        }
      }
    }
  }

  std::mt19937_64 random_;
};

}  // namespace

v1::RuleSet RandomRuleSet(uint64_t seed) {
  Generator generator(seed);
  v1::RuleSet message;
  generator.Fill(message, 0);
  message.mutable_settings();
  message.mutable_schema();
  const char* const offer_ids[] = {"A", "a", "a-1", "a.b", "a_b", "b"};
  for (int i = 0; i < message.offers_size(); ++i)
    message.mutable_offers(i)->set_offer(offer_ids[i]);
  for (int i = 0; i < message.test_reference_size(); ++i) {
    v1::ReferenceRow& row = *message.mutable_test_reference(i);
    row.set_table(i == 0 ? "product" : "store");
    row.set_key(std::to_string(i) + row.key());
  }
  message.clear_table_rows();
  for (const char* name : {"coffee", "wine"}) {
    v1::DecisionTableRows& rows = (*message.mutable_table_rows())[name];
    for (const char* column : {"tier", "spend, 90 days", "value"}) rows.add_columns(column);
    const char* const cells[] = {"", "gold", "not 'a\"b' | ä", "[1..2)", " > 5 "};
    for (size_t count = generator.Below(4); count > 0; --count) {
      v1::DecisionTableRow& row = *rows.add_rows();
      for (int i = 0; i < rows.columns_size(); ++i) row.add_cells(cells[generator.Below(5)]);
    }
  }
  message.clear_lists();
  for (const char* name : {"house_brand", "seasonal"}) {
    std::set<std::string> skus;
    for (size_t count = generator.Below(5); count > 0; --count) {
      skus.insert(std::to_string(count) + ",\"x " + std::to_string(generator.Below(1000)));
    }
    for (const std::string& sku : skus) (*message.mutable_lists())[name].add_skus(sku);
  }
  return message;
}

}  // namespace touchstone::rules
