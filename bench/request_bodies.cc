#include "bench/request_bodies.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace touchstone::bench {
namespace {

constexpr size_t kDigits = 10;
constexpr size_t kMaxRunBytes = 40;

bool IsIdentifier(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

absl::StatusOr<RequestBodies> RequestBodies::Create(absl::Span<const v1::DecideRequest> requests,
                                                    absl::string_view run) {
  if (run.empty() || run.size() > kMaxRunBytes || !IsIdentifier(run)) {
    return absl::InvalidArgumentError("the name of a run is 1 to 40 bytes of [A-Za-z0-9._-]");
  }
  if (requests.empty()) return absl::InvalidArgumentError("no requests");
  const std::string id = absl::StrCat(run, "-", std::string(kDigits, '0'));
  RequestBodies bodies;
  for (const v1::DecideRequest& request : requests) {
    v1::DecideRequest own = request;
    own.mutable_context()->set_transaction_id(id);
    Body body;
    body.bytes = own.SerializeAsString();
    // The context is field 1 of the request and the id field 1 of the context: nothing that could
    // hold the same bytes stands before it.
    body.number_at = body.bytes.find(id) + id.size() - kDigits;
    bodies.bodies_.push_back(std::move(body));
  }
  return bodies;
}

void RequestBodies::Fill(uint64_t number, std::string* bytes) const {
  const Body& body = bodies_[number % bodies_.size()];
  bytes->assign(body.bytes);
  for (size_t digit = body.number_at + kDigits; digit > body.number_at; --digit) {
    (*bytes)[digit - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

size_t RequestBodies::median_bytes() const {
  std::vector<size_t> sizes;
  for (const Body& body : bodies_) sizes.push_back(body.bytes.size());
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return *middle;
}

}  // namespace touchstone::bench
