#pragma once

// Whose an event or a grant is: the id of a customer, or one identity. Of an opening use: its
// budget.
//
// Thread safety: pure functions. `Message` has the fields `customer` and `identity` of the
// contract.

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/import/row_value.h"
#include "touchstone/v1/budget_service.pb.h"

namespace touchstone::server {

// As the mapping says: `customer`, or the one of `identities`. Errors as in row_value.h.
template <typename Message>
absl::Status SetSubject(const Mapping& mapping, const Row& row, Message* to) {
  if (mapping.has_customer) {
    const absl::StatusOr<std::string> id = NeededText(mapping.customer, "customer", mapping, row);
    if (!id.ok()) return id.status();
    to->set_customer(absl::StrCat("customers/", *id));
    return absl::OkStatus();
  }
  const auto& [name, source] = mapping.identities.front();
  absl::StatusOr<std::string> value = NeededText(source, name, mapping, row);
  if (!value.ok()) return value.status();
  to->mutable_identity()->set_namespace_(name);
  to->mutable_identity()->set_value(*std::move(value));
  return absl::OkStatus();
}

// The same for all that one mapping says of one customer, or of one budget.
template <typename Message>
const std::string& SubjectOf(const Message& message) {
  return message.has_identity() ? message.identity().value() : message.customer();
}

inline const std::string& SubjectOf(const v1::OpeningUse& use) { return use.budget(); }

}  // namespace touchstone::server
