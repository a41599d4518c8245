#include "server/decide/request_reuse.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "server/rpc/parse.h"

namespace touchstone::server {
namespace {

// Which of its two submessages a request holds, by a walk over its outermost fields.
struct Presence {
  bool context = false;
  bool basket = false;
};

Presence PresenceIn(absl::string_view request) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(request.data()),
                                               static_cast<int>(request.size()));
  Presence presence;
  while (const uint32_t tag = input.ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    presence.context |= field == v1::DecideRequest::kContextFieldNumber;
    presence.basket |= field == v1::DecideRequest::kBasketFieldNumber;
    if (!WireFormatLite::SkipField(&input, tag)) break;
  }
  return presence;
}

// Clear frees submessages: for a basket of 20 the parse would make 75 allocations to have them
// back. What the coming request holds too is emptied and kept instead.
void ClearForReuse(absl::string_view coming, v1::DecideRequest* request) {
  const Presence presence = PresenceIn(coming);
  request->clear_placements();
  request->clear_attributes();
  // Fields that a later version added would otherwise pile up.
  request->GetReflection()->MutableUnknownFields(request)->Clear();
  if (presence.context && request->has_context()) {
    request->mutable_context()->Clear();
  } else {
    request->clear_context();
  }
  if (presence.basket && request->has_basket()) {
    request->mutable_basket()->Clear();
  } else {
    request->clear_basket();
  }
}

}  // namespace

std::optional<Violation> ParseReusing(absl::string_view bytes, v1::DecideRequest* request) {
  ClearForReuse(bytes, request);
  return MergeRequest(bytes, request);
}

}  // namespace touchstone::server
