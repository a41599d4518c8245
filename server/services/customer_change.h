#pragma once

// Changes of a customer as the contract words them, as commands of the store.
//
// Thread safety: pure functions. Errors: violations; the command is then of no use.

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/repeated_field.h"
#include "rules/facts/schema.h"
#include "server/ingest/attribute_patch.h"
#include "server/rpc/rpc_error.h"
#include "server/services/resource_name.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxIdentitiesInChange = 64;
inline constexpr int kMaxMaskPaths = 256;
inline constexpr int kMaxConsentsInChange = 256;

// Who said what was given, and when, and what time it is now.
struct ChangeOrigin {
  AttributeOrigin attributes;
  absl::Time said;  // where a consent says no time of its own
  absl::Time now;
};

// Source and as-of of a request; `now` where it states no time.
template <typename Request>
ChangeOrigin OriginOf(const Request& request, absl::Time now) {
  ChangeOrigin origin;
  origin.now = now;
  origin.said = request.has_as_of() ? ToTime(request.as_of()) : now;
  origin.attributes.source = SourceId(request.source());
  origin.attributes.as_of_s = static_cast<uint32_t>(absl::ToUnixSeconds(origin.said));
  return origin;
}

// `source` is empty or an id; `as_of` is between 1970 and 2106, as far as a record can say.
void CheckOrigin(absl::string_view source, const google::protobuf::Timestamp* as_of,
                 std::vector<Violation>* violations);

// Checks `request` but for its request_id and name.
void PlanUpdate(const v1::UpdateCustomerRequest& request, absl::string_view customer_id,
                const rules::Schema& schema, absl::Time now,
                ::touchstone::storage::v1::UpdateRecord* update,
                std::vector<Violation>* violations);

// One row of a load.
void PlanRow(const v1::CustomerRow& row, const rules::Schema& schema, const ChangeOrigin& origin,
             ::touchstone::storage::v1::UpdateRecord* update, std::vector<Violation>* violations);

}  // namespace touchstone::server
