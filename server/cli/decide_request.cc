#include "server/cli/decide_request.h"

#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "rules/money/decimal.h"
#include "rules/money/fixed_point.h"
#include "rules/money/money.h"
#include "server/cli/yaml_json.h"
#include "server/decide/identity.h"

namespace touchstone::server {
namespace {

absl::Status AddLine(absl::string_view text, v1::Basket* basket) {
  // A SKU may hold colons; quantity and price do not.
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  const absl::Status wrong = absl::InvalidArgumentError(
      absl::StrCat("--line ", text, ": write SKU:QUANTITY:PRICE, such as BEANS-1KG:2:14.00"));
  if (parts.size() < 3) return wrong;
  const absl::StatusOr<rules::Decimal> quantity = rules::ParseDecimal(parts[parts.size() - 2]);
  const auto price = rules::ParseFixedPoint(parts.back(), rules::kUnitPriceDecimals);
  if (!quantity.ok() || !price.ok()) return wrong;
  v1::BasketLine* line = basket->add_lines();
  line->set_line_id(absl::StrCat(basket->lines_size()));
  const size_t tail = parts[parts.size() - 2].size() + parts.back().size() + 2;
  line->set_sku(std::string(text.substr(0, text.size() - tail)));
  line->set_quantity_thousandths(quantity->thousandths);
  line->set_unit_price_e4(*price);
  return absl::OkStatus();
}

// Text is a string unless it reads as a bool or a whole number.
v1::AttributeValue GuessValue(absl::string_view text) {
  v1::AttributeValue value;
  int64_t number = 0;
  if (text == "true" || text == "false") {
    value.set_bool_value(text == "true");
  } else if (absl::SimpleAtoi(text, &number)) {
    value.set_int_value(number);
  } else {
    value.set_string_value(std::string(text));
  }
  return value;
}

}  // namespace

absl::StatusOr<v1::DecideRequest> RequestFromFlags(const DecideFlags& flags) {
  v1::DecideRequest request;
  v1::DecisionContext* context = request.mutable_context();
  context->set_transaction_id(flags.transaction);
  context->set_step(1);
  context->mutable_touchpoint()->set_channel(flags.channel);
  context->mutable_touchpoint()->set_store(flags.store);
  context->set_locale(flags.locale);
  for (const std::string& text : flags.identities) {
    const v1::Identity identity = ParseIdentityKey(text);
    if (identity.namespace_().empty() || identity.value().empty()) {
      return absl::InvalidArgumentError(
          "--identity: write NAMESPACE:VALUE, such as loyalty_card:4711");
    }
    *context->add_identities() = identity;
  }
  for (const std::string& text : flags.lines) {
    request.mutable_basket()->set_currency_code(flags.currency);
    if (absl::Status added = AddLine(text, request.mutable_basket()); !added.ok()) return added;
  }
  for (const std::string& placement : flags.placements) request.add_placements(placement);
  for (const std::string& text : flags.attributes) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError("--attribute: write NAME=VALUE, such as weather=rain");
    }
    (*request.mutable_attributes())[text.substr(0, equals)] = GuessValue(text.substr(equals + 1));
  }
  return request;
}

absl::StatusOr<v1::DecideRequest> RequestFromFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  return RequestFromText(text, absl::EndsWith(path, ".yaml") || absl::EndsWith(path, ".yml"), path);
}

absl::StatusOr<v1::DecideRequest> RequestFromText(absl::string_view text, bool yaml,
                                                  const std::string& path) {
  std::string json(text);
  if (yaml) {
    absl::StatusOr<std::string> converted = YamlToJson(text, path);
    if (!converted.ok()) return converted.status();
    json = *std::move(converted);
  }
  v1::DecideRequest request;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &request);
  if (parsed.ok()) return request;
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is not a DecideRequest: ",
                   absl::string_view(parsed.message().data(), parsed.message().size()),
                   ". proto/touchstone/v1/decision.proto names the fields."));
}

}  // namespace touchstone::server
