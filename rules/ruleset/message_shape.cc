#include "rules/ruleset/message_shape.h"

#include "touchstone/v1/golden_test.pb.h"
#include "touchstone/v1/literal.pb.h"
#include "touchstone/v1/offer.pb.h"
#include "touchstone/v1/policy.pb.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

MessageShape ShapeOf(const Descriptor& message) {
  if (&message == v1::Literal::descriptor()) return MessageShape::kLiteral;
  if (&message == v1::LocalizedText::descriptor()) return MessageShape::kLocalizedText;
  for (const Descriptor* wrapper :
       {v1::AmountByCurrency::descriptor(), v1::Treatment::descriptor(),
        v1::AppliedOffers::descriptor(), v1::NearMisses::descriptor(),
        v1::ShownOffers::descriptor(), v1::ShownTexts::descriptor(),
        v1::LiteralRecord::descriptor(), v1::LiteralList::descriptor()}) {
    if (&message == wrapper) return MessageShape::kWrapper;
  }
  return MessageShape::kRecord;
}

std::string AuthoredKey(const FieldDescriptor& field) {
  return field.has_json_name() ? field.json_name() : field.name();
}

const FieldDescriptor* FindAuthoredField(const Descriptor& message, absl::string_view key) {
  const FieldDescriptor* field = message.FindFieldByName(std::string(key));
  if (field != nullptr) return field->has_json_name() ? nullptr : field;
  for (int i = 0; i < message.field_count(); ++i) {
    field = message.field(i);
    if (field->has_json_name() && field->json_name() == key) return field;
  }
  return nullptr;
}

const FieldDescriptor* IdField(const Descriptor& message) {
  if (&message == v1::Offer::descriptor()) return message.FindFieldByName("offer");
  if (&message == v1::Limit::descriptor()) return message.FindFieldByName("id");
  if (&message == v1::Segment::descriptor() || &message == v1::ContactRule::descriptor() ||
      &message == v1::SuppressRule::descriptor()) {
    return message.FindFieldByName("name");
  }
  return nullptr;
}

}  // namespace touchstone::rules
