#pragma once

// From a message to the YAML tree that MessageReader reads back to an equal message: fields in
// order of their numbers, map entries in byte order of their keys, what is unset left out.
//
// Thread safety: pure functions. Limits: a Literal without a form is written as an empty scalar.

#include "google/protobuf/message.h"
#include "rules/ruleset/yaml_node.h"

namespace touchstone::rules {

YamlNode WriteMessage(const google::protobuf::Message& message);

// One repeated or map field of `message`.
YamlNode WriteField(const google::protobuf::Message& message,
                    const google::protobuf::FieldDescriptor& field);

// Text that is written in whatever style keeps it.
YamlNode TextNode(std::string text);

}  // namespace touchstone::rules
