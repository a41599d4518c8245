#pragma once

// How each message of a rule set looks in YAML: what the reader and the writer must agree on.
//
// Thread safety: pure functions over descriptors. No allocation but where a string is returned.

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace touchstone::rules {

enum class MessageShape : unsigned char {
  kRecord,         // a mapping of its fields
  kWrapper,        // its only field stands in its place
  kLiteral,        // v1.Literal: a scalar, a sequence or a mapping
  kLocalizedText,  // v1.LocalizedText: a scalar, or a mapping from locale to text
};

MessageShape ShapeOf(const google::protobuf::Descriptor& message);

// In the mapping form of a LocalizedText: its `text`, beside the locales. Not a BCP 47 tag.
inline constexpr absl::string_view kOtherLocales = "otherwise";

// The key of a field: its name, or the name that authors write where C++ has taken that.
std::string AuthoredKey(const google::protobuf::FieldDescriptor& field);
const google::protobuf::FieldDescriptor* FindAuthoredField(
    const google::protobuf::Descriptor& message, absl::string_view key);

// The field whose text names an element of a sequence of this message; nullptr: by position.
const google::protobuf::FieldDescriptor* IdField(const google::protobuf::Descriptor& message);

}  // namespace touchstone::rules
