#pragma once

// A request for a decision as the binder and the answer see it: the message, and beside it the
// basket's lines as views.
//
// Thread safety: plain data. Lifetime: borrows from the message and, where RequestReader made it,
// from the request's bytes.

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/basket/basket.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

// A basket line. What few lines have is in `message` only: manual discounts, what a return refers
// to, and what the caller says of the product.
struct LineView {
  absl::string_view line_id;
  absl::string_view sku;
  absl::string_view unit;
  absl::string_view parent_line_id;
  absl::string_view tax_code;
  int64_t quantity_thousandths = 0;
  int64_t unit_price_e4 = 0;
  v1::PriceSource price_source = v1::PRICE_SOURCE_UNSPECIFIED;
  v1::LineKind kind = v1::LINE_KIND_UNSPECIFIED;
  const v1::BasketLine* message = nullptr;  // null: it has nothing else

  bool has_product() const { return message != nullptr && message->has_product(); }
  // In whole pieces; else weighed or measured.
  bool is_counted() const { return rules::IsCountedUnit(unit); }
  bool is_return() const { return message != nullptr && message->has_returned_from(); }
};

LineView ViewLine(const v1::BasketLine& line);

struct RequestView {
  const v1::DecideRequest* message = nullptr;  // without those of its lines that are views only
  absl::Span<const LineView> lines;            // all of them
};

// Views of all lines of a whole message, in `lines`.
RequestView ViewRequest(const v1::DecideRequest& request, std::vector<LineView>* lines);

}  // namespace touchstone::server
