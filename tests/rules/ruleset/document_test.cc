// docs/formats/rule-set.md says everything that the reader accepts and refuses.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "rules/ruleset/message_shape.h"
#include "tests/rules/ruleset/dialect_cases.h"
#include "tests/rules/ruleset/sample_folder.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

const std::string& Document() {
  static const auto& text = *new std::string(ReadSourceFile("docs/formats/rule-set.md"));
  return text;
}

// From the heading `### NAME` to the next heading.
std::string Section(const std::string& name) {
  const size_t begin = Document().find("\n### " + name + "\n");
  if (begin == std::string::npos) return "";
  return Document().substr(begin, Document().find("\n#", begin + 1) - begin);
}

// The messages whose fields authors write as keys.
void CollectRecords(const Descriptor& message, std::set<const Descriptor*>& seen) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.message_type() != nullptr) CollectRecords(*field.message_type(), seen);
  }
}

TEST(DocumentTest, HasARowForEveryKeyOfEveryMessage) {
  std::set<const Descriptor*> messages;
  CollectRecords(*v1::RuleSet::descriptor(), messages);
  int rows = 0;
  for (const Descriptor* message : messages) {
    const bool named_by_path = message == v1::RuleSet::descriptor() ||
                               message == v1::ReferenceRow::descriptor() ||
                               message == v1::ProductList::descriptor();
    if (named_by_path || message->options().map_entry() ||
        ShapeOf(*message) != MessageShape::kRecord) {
      continue;
    }
    const std::string section = Section(message->name());
    for (int i = 0; i < message->field_count(); ++i) {
      const std::string row = "\n| `" + AuthoredKey(*message->field(i)) + "` |";
      EXPECT_THAT(section, testing::HasSubstr(row)) << message->name();
      ++rows;
    }
  }
  EXPECT_GT(rows, 100);
}

TEST(DocumentTest, ExplainsEveryCodeOfTheReader) {
  std::set<std::string> codes = {"missing_file",   "duplicate_file", "duplicate_offer",
                                 "too_many_files", "list_too_long",  "too_many_findings"};
  for (const DialectCase& refused : DialectCases()) codes.insert(refused.code);
  for (const std::string& code : codes) {
    EXPECT_THAT(Document(), testing::HasSubstr("\n| `" + code + "` |"));
  }
}

}  // namespace
}  // namespace touchstone::rules
