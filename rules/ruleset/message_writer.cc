#include "rules/ruleset/message_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/ruleset/message_shape.h"
#include "touchstone/v1/literal.pb.h"

namespace touchstone::rules {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

YamlNode Collection(YamlNode::Kind kind) {
  YamlNode node;
  node.kind = kind;
  return node;
}

YamlNode WriteSingular(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return WriteMessage(reflection.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return TextNode(reflection.GetBool(message, &field) ? "true" : "false");
    case FieldDescriptor::CPPTYPE_INT32:
      return TextNode(absl::StrCat(reflection.GetInt32(message, &field)));
    case FieldDescriptor::CPPTYPE_INT64:
      return TextNode(absl::StrCat(reflection.GetInt64(message, &field)));
    default:
      return TextNode(reflection.GetString(message, &field));
  }
}

YamlNode WriteMap(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  std::vector<std::pair<std::string, const Message*>> entries;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    entries.emplace_back(entry.GetReflection()->GetString(entry, &key), &entry);
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  YamlNode node = Collection(YamlNode::Kind::kMapping);
  for (auto& [name, entry] : entries) {
    node.children.push_back(TextNode(std::move(name)));
    node.children.push_back(WriteSingular(*entry, value));
  }
  return node;
}

YamlNode WriteLocalizedText(const v1::LocalizedText& text) {
  if (text.by_locale().empty()) return TextNode(text.text());
  YamlNode node = WriteField(text, *text.GetDescriptor()->FindFieldByName("by_locale"));
  if (!text.text().empty()) {
    node.children.push_back(TextNode(std::string(kOtherLocales)));
    node.children.push_back(TextNode(text.text()));
  }
  return node;
}

YamlNode WriteLiteral(const v1::Literal& literal) {
  switch (literal.form_case()) {
    case v1::Literal::kList:
      return WriteMessage(literal.list());
    case v1::Literal::kRecord:
      return WriteMessage(literal.record());
    default:
      return TextNode(literal.text());
  }
}

}  // namespace

YamlNode TextNode(std::string text) {
  YamlNode node;
  node.style = YamlNode::Style::kQuoted;
  node.text = std::move(text);
  return node;
}

YamlNode WriteField(const Message& message, const FieldDescriptor& field) {
  if (field.is_map()) return WriteMap(message, field);
  const Reflection& reflection = *message.GetReflection();
  YamlNode node = Collection(YamlNode::Kind::kSequence);
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    node.children.push_back(field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE
                                ? WriteMessage(reflection.GetRepeatedMessage(message, &field, i))
                                : TextNode(reflection.GetRepeatedString(message, &field, i)));
  }
  return node;
}

YamlNode WriteMessage(const Message& message) {
  const google::protobuf::Descriptor& descriptor = *message.GetDescriptor();
  switch (ShapeOf(descriptor)) {
    case MessageShape::kLiteral:
      return WriteLiteral(static_cast<const v1::Literal&>(message));
    case MessageShape::kLocalizedText:
      return WriteLocalizedText(static_cast<const v1::LocalizedText&>(message));
    case MessageShape::kWrapper:
      return WriteField(message, *descriptor.field(0));
    case MessageShape::kRecord:
      break;
  }
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);  // what is set, by number
  YamlNode node = Collection(YamlNode::Kind::kMapping);
  for (const FieldDescriptor* field : fields) {
    node.children.push_back(TextNode(AuthoredKey(*field)));
    node.children.push_back(field->is_repeated() ? WriteField(message, *field)
                                                 : WriteSingular(message, *field));
  }
  return node;
}

}  // namespace touchstone::rules
