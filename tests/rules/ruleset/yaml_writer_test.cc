#include "rules/ruleset/yaml_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "rules/ruleset/message_writer.h"
#include "rules/ruleset/yaml_reader.h"

namespace touchstone::rules {
namespace {

YamlNode KeyAndText(const std::string& key, const std::string& text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kMapping;
  node.children = {TextNode(key), TextNode(text)};
  return node;
}

std::string Written(const std::string& text) {
  const std::string line = WriteYaml(KeyAndText("k", text));
  return line.substr(3, line.size() - 4);
}

TEST(YamlWriterTest, LeavesOrdinaryTextPlain) {
  for (const char* text : {"beans-20", "20% off coffee beans", "5.00", "-1.5", "2026-11-01",
                           "customer.spend_90d >= 300.00", "Größe", "a && !b", "true", "(a)"}) {
    EXPECT_EQ(Written(text), text);
  }
}

TEST(YamlWriterTest, QuotesWhatALoaderCouldMisread) {
  for (const char* text :
       {"",    "!a",  "&a",  "*a", "%a", "@a",    "`a",   "a: b", "a #b", "a:",   "- a", "---",
        "...", "? a", "|",   ">",  "[a", "{a",    "a, b", " a",   "a ",   "null", "~",   "yes",
        "No",  "ON",  "off", "y",  "N",  "20:00", "<<",   "=",    "#a",   "'a",   "-",   "a\tb"}) {
    EXPECT_TRUE(Written(text)[0] == '"' || Written(text)[0] == '\'') << text;
  }
}

TEST(YamlWriterTest, KeepsExpressionsWithQuotesReadable) {
  EXPECT_EQ(Written("\"coffee\" in line.categories"), "'\"coffee\" in line.categories'");
  EXPECT_EQ(Written("a == 'b'"), "\"a == 'b'\"");
  EXPECT_EQ(Written("a == \"it's\""), "'a == \"it''s\"'");
}

TEST(YamlWriterTest, EscapesWhatCannotStandInAFile) {
  EXPECT_EQ(Written(std::string("a\nb\0c", 5)), "\"a\\nb\\x00c\"");
  EXPECT_EQ(Written("\xE2\x80\xA8"), "\"\\u2028\"");
  EXPECT_EQ(Written("\xC2\x85"), "\"\\x85\"");
  EXPECT_EQ(Written("\n\"\\"), "\"\\n\\\"\\\\\"");
}

TEST(YamlWriterTest, WritesSmallCollectionsInBracketsAndLargeOnesInLines) {
  YamlNode list;
  list.kind = YamlNode::Kind::kSequence;
  list.children = {KeyAndText("a", "b"), KeyAndText("long", std::string(90, 'x'))};
  YamlNode root = KeyAndText("k", "");
  root.children[1] = list;
  EXPECT_EQ(WriteYaml(root), "k:\n  - { a: b }\n  - long: " + std::string(90, 'x') + "\n");
  root.children[1].children.pop_back();
  EXPECT_EQ(WriteYaml(root), "k: [{ a: b }]\n");
  root.children[1].children.clear();
  EXPECT_EQ(WriteYaml(root), "k: []\n");
}

TEST(YamlWriterTest, TheReaderTakesEverySingleCharacterBack) {
  for (uint32_t c = 0; c < 0x3000; ++c) {
    std::string text;
    if (c < 0x80) {
      text = {static_cast<char>(c)};
    } else if (c < 0x800) {
      text = {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
    } else {
      text = {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
              static_cast<char>(0x80 | (c & 0x3F))};
    }
    for (const std::string& value : {text, "a" + text, text + "a", "a " + text + " b"}) {
      const std::string yaml = WriteYaml(KeyAndText(value, value));
      const SourceText source("f", yaml);
      Diagnostics diagnostics;
      ASSERT_TRUE(source.CheckBytes(1000, diagnostics)) << yaml;
      const auto node = ReadYaml(source, diagnostics);
      ASSERT_TRUE(node.has_value() && diagnostics.empty()) << yaml;
      EXPECT_EQ(node->children[0].text, value);
      EXPECT_EQ(node->children[1].text, value);
    }
  }
}

}  // namespace
}  // namespace touchstone::rules
