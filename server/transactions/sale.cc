#include "server/transactions/sale.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "rules/basket/basket.h"
#include "server/services/resource_name.h"

namespace touchstone::server {
namespace {

constexpr int64_t kThousandthsInPiece = 1000;

void FillShares(const v1::Sale& sale, v1::SaleLine* line) {
  for (const rules::UnitShare& share : rules::UnitSharesOf(ToSoldLine(sale, *line))) {
    v1::UnitShare* filled = line->add_unit_shares();
    filled->set_first_unit(share.first_unit);
    filled->set_unit_count(share.unit_count);
    filled->set_offer_id(sale.applied_offers(static_cast<int>(share.offer)).offer_id());
    filled->set_amount_each_minor(share.amount_each_minor);
  }
}

uint32_t PositionOf(const v1::Sale& sale, absl::string_view offer_id) {
  uint32_t position = 0;
  for (const v1::AppliedOffer& offer : sale.applied_offers()) {
    if (offer.offer_id() == offer_id) break;
    ++position;
  }
  return position;
}

// The values that an event type declares of those that a sale can give.
class DeclaredValues {
 public:
  using Values = google::protobuf::Map<std::string, v1::AttributeValue>;
  DeclaredValues(const std::vector<rules::AttributeSpec>& declared, Values* values)
      : declared_(declared), values_(values) {}

  void Text(absl::string_view name, absl::string_view text) {
    if (!text.empty() && IsDeclared(name, rules::expr::TypeKind::kString)) {
      Value(name).set_string_value(std::string(text));
    }
  }
  void Amount(absl::string_view name, absl::string_view currency, int64_t amount_minor) {
    if (!IsDeclared(name, rules::expr::TypeKind::kMoney)) return;
    v1::Money* money = Value(name).mutable_money_value();
    money->set_currency_code(std::string(currency));
    money->set_amount_minor(amount_minor);
  }
  void Thousandths(absl::string_view name, int64_t thousandths) {
    if (IsDeclared(name, rules::expr::TypeKind::kDecimal)) {
      Value(name).set_decimal_thousandths(thousandths);
    }
  }

 private:
  bool IsDeclared(absl::string_view name, rules::expr::TypeKind kind) const {
    for (const rules::AttributeSpec& spec : declared_) {
      if (spec.name == name) return spec.type == rules::expr::Type(kind);
    }
    return false;
  }
  v1::AttributeValue& Value(absl::string_view name) { return (*values_)[std::string(name)]; }

  const std::vector<rules::AttributeSpec>& declared_;
  Values* values_;
};

v1::ClaimKind ToKind(storage::Claim::Kind kind) {
  switch (kind) {
    case storage::Claim::KIND_LIMIT:
      return v1::CLAIM_KIND_LIMIT;
    case storage::Claim::KIND_BUDGET:
      return v1::CLAIM_KIND_BUDGET;
    case storage::Claim::KIND_CODE:
      return v1::CLAIM_KIND_CODE;
    case storage::Claim::KIND_GRANT:
      return v1::CLAIM_KIND_GRANT;
    default:
      return v1::CLAIM_KIND_UNSPECIFIED;
  }
}

}  // namespace

rules::SoldLine ToSoldLine(const v1::Sale& sale, const v1::SaleLine& line) {
  rules::SoldLine sold;
  sold.units = rules::IsCountedUnit(line.line().unit())
                   ? line.line().quantity_thousandths() / kThousandthsInPiece
                   : 1;
  sold.gross_minor = line.priced().gross_minor();
  sold.net_minor = line.priced().net_minor();
  for (const v1::OfferShare& share : line.priced().taken()) {
    sold.taken.push_back({PositionOf(sale, share.offer_id()), share.amount_minor()});
  }
  return sold;
}

v1::Sale BuildSale(const v1::DecideRequest& request, const v1::BasketResult& result,
                   v1::SaleOrigin origin, absl::Time sale_time) {
  const v1::DecisionContext& context = request.context();
  v1::Sale sale;
  sale.set_transaction_id(context.transaction_id());
  sale.set_step(context.step());
  sale.set_origin(origin);
  *sale.mutable_sale_time() = ToTimestamp(sale_time);
  sale.set_business_date(context.business_date());
  *sale.mutable_touchpoint() = context.touchpoint();
  sale.set_operator_id(context.operator_id());
  sale.set_currency_code(result.currency_code());
  *sale.mutable_applied_offers() = result.applied_offers();
  *sale.mutable_totals() = result.totals();
  *sale.mutable_tenders() = request.basket().tenders();
  for (int i = 0; i < result.lines_size(); ++i) {
    v1::SaleLine* line = sale.add_lines();
    *line->mutable_line() = request.basket().lines(i);
    *line->mutable_priced() = result.lines(i);
    FillShares(sale, line);
  }
  return sale;
}

v1::Claim ToClaim(const storage::Claim& claim) {
  v1::Claim shown;
  shown.set_kind(ToKind(claim.kind()));
  shown.set_id(claim.id());
  shown.set_offer_id(claim.offer_id());
  shown.set_count(claim.count());
  if (!claim.currency().empty()) {
    shown.mutable_amount()->set_currency_code(claim.currency());
    shown.mutable_amount()->set_amount_minor(claim.amount_minor());
  }
  return shown;
}

std::optional<v1::CustomerEvent> PurchaseOf(const v1::Sale& sale, const rules::Schema& schema) {
  const rules::EventSpec* declared = nullptr;
  for (const rules::EventSpec& spec : schema.events) {
    if (spec.name == "purchase") declared = &spec;
  }
  if (declared == nullptr) return std::nullopt;
  v1::CustomerEvent purchase;
  v1::Event* event = purchase.mutable_event();
  event->set_event_id(sale.transaction_id());
  event->set_type(declared->name);
  *event->mutable_occurred_at() = sale.sale_time();
  event->set_store(sale.touchpoint().store());
  int64_t paid_minor = 0;
  for (const v1::SaleLine& line : sale.lines()) {
    if (line.priced().net_minor() < 0) continue;  // gives back what was bought earlier
    paid_minor += line.priced().net_minor();
    if (declared->line_fields.empty()) continue;
    DeclaredValues values(declared->line_fields, event->add_lines()->mutable_values());
    values.Text("line_id", line.line().line_id());
    values.Text("sku", line.line().sku());
    values.Thousandths("quantity", line.line().quantity_thousandths());
    values.Amount("paid", sale.currency_code(), line.priced().net_minor());
  }
  DeclaredValues values(declared->fields, event->mutable_fields());
  values.Amount("paid", sale.currency_code(), paid_minor);
  values.Text("store", sale.touchpoint().store());
  values.Text("channel", sale.touchpoint().channel());
  values.Text("terminal", sale.touchpoint().terminal());
  values.Text("business_date", sale.business_date());
  return purchase;
}

}  // namespace touchstone::server
