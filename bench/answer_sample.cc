#include "bench/answer_sample.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace touchstone::bench {
namespace {

using WireFormat = google::protobuf::internal::WireFormatLite;

constexpr int kLines = 20;

void AddBasket(v1::BasketResult* basket) {
  basket->set_state(v1::PRICING_STATE_PRICED);
  basket->set_currency_code("EUR");
  for (int i = 1; i <= kLines; ++i) {
    v1::PricedLine* line = basket->add_lines();
    line->set_line_id(absl::StrCat(i));
    line->set_gross_minor(1000 + 37 * i);
    line->set_net_minor(1000 + 37 * i);
    if (i % 4 != 0) continue;
    v1::OfferShare* taken = line->add_taken();
    taken->set_offer_id("house-brand-5");
    taken->set_amount_minor(50);
    line->set_net_minor(line->gross_minor() - 50);
  }
  v1::AppliedOffer* applied = basket->add_applied_offers();
  applied->set_offer_id("house-brand-5");
  applied->set_stage("line");
  applied->set_amount_minor(250);
  basket->mutable_totals()->set_gross_minor(27770);
  basket->mutable_totals()->set_discount_minor(250);
  basket->mutable_totals()->set_payable_minor(27520);
}

void AddShownOffer(v1::PlacementAnswer* placement, const std::string& offer, int position) {
  v1::ShownOffer* shown = placement->add_offers();
  shown->set_offer_id(offer);
  shown->set_position(position);
  (*shown->mutable_fields())["text"] = "House brand -5%: you saved 2.50";
  shown->set_token(std::string(96, 't'));
  shown->set_score_millionths(1'250'000);
  shown->set_choice_probability_millionths(1'000'000);
}

}  // namespace

std::optional<v1::Completeness> CompletenessOf(absl::string_view response) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(response.data()),
                                               static_cast<int>(response.size()));
  constexpr uint32_t kTag = v1::DecideResponse::kCompletenessFieldNumber << 3;  // a varint
  while (const uint32_t tag = input.ReadTag()) {
    if (tag == kTag) {
      uint32_t value = 0;
      if (!input.ReadVarint32(&value)) return std::nullopt;
      if (!v1::Completeness_IsValid(static_cast<int>(value))) return std::nullopt;
      return static_cast<v1::Completeness>(value);
    }
    if (!WireFormat::SkipField(&input, tag)) return std::nullopt;
  }
  if (!input.ConsumedEntireMessage()) return std::nullopt;
  return v1::COMPLETENESS_UNSPECIFIED;
}

v1::DecideResponse RealisticResponse(size_t bytes) {
  v1::DecideResponse response;
  response.set_decision_id("00000000000000000000-0000-0000000001");
  response.set_revision("revisions/1");
  response.set_reference_version("1");
  response.set_completeness(v1::COMPLETENESS_COMPLETE);
  response.set_personal(v1::PERSONAL_STATE_READ);
  response.set_segment("loyal");
  response.set_receipt(v1::RECEIPT_STATE_LOGGED);
  AddBasket(response.mutable_basket());
  v1::PlacementAnswer* placement = response.add_placements();
  placement->set_placement("receipt");
  AddShownOffer(placement, "house-brand-5", 1);
  AddShownOffer(placement, "join-club", 2);
  v1::OfferReason* reason = response.add_reasons();
  reason->set_offer_id("beans-20");
  reason->mutable_reason()->set_stage(v1::DECISION_STAGE_ELIGIBLE);
  reason->mutable_reason()->set_code("CONDITION");
  std::string* text = reason->mutable_reason()->mutable_text();
  // Lengths before the text take more bytes as it grows, so the first step may overshoot.
  for (int step = 0; step < 3 && response.ByteSizeLong() != bytes; ++step) {
    const size_t size = response.ByteSizeLong();
    const size_t target = text->size() + bytes;
    text->resize(target > size ? target - size : 0, 'x');
  }
  return response;
}

void MedianAnswer::Add(absl::string_view response) {
  if (kept_.size() < kMaxKept) kept_.emplace_back(response);
}

void MedianAnswer::Merge(const MedianAnswer& other) {
  for (const std::string& response : other.kept_) Add(response);
}

std::string MedianAnswer::Take() {
  if (kept_.empty()) return "";
  const auto middle = kept_.begin() + static_cast<std::ptrdiff_t>(kept_.size() / 2);
  std::nth_element(kept_.begin(), middle, kept_.end(),
                   [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  return std::move(*middle);
}

}  // namespace touchstone::bench
