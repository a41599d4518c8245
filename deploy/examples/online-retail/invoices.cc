#include "deploy/examples/online-retail/invoices.h"

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rules/money/fixed_point.h"
#include "server/import/event_grouping.h"
#include "server/import/mapping.h"
#include "server/import/row_reader.h"
#include "server/import/row_value.h"

namespace touchstone::online_retail {
namespace {

constexpr char kZone[] = "Europe/London";
constexpr int64_t kThousandthsPerUnit = 1000;
constexpr int kPriceDecimals = 4;

enum Column { kInvoiceNo, kStockCode, kQuantity, kInvoiceDate, kUnitPrice, kCustomerId, kCountry };
const std::vector<std::string>& Columns() {
  static const auto& columns = *new std::vector<std::string>{
      "InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"};
  return columns;
}

using EventsByInvoice = absl::flat_hash_map<std::string, v1::CustomerEvent>;

// Adds what the mapping makes of the rows that are not imported.
absl::Status ReadEvents(const std::string& path, server::Mapping mapping, EventsByInvoice* events) {
  mapping.from = std::exchange(mapping.until, std::nullopt);
  absl::StatusOr<std::unique_ptr<server::RowReader>> reader =
      server::RowReader::Open(path, mapping.columns);
  if (!reader.ok()) return reader.status();
  server::EventGrouping grouping(mapping);
  absl::Status failure;
  const auto take = [&](std::optional<server::GroupedEvent> event) {
    if (!event.has_value() || event->left_out) return;
    if (!event->error.empty()) failure = absl::InvalidArgumentError(event->error);
    std::string number = event->event.event().event_id();
    (*events)[std::move(number)] = std::move(event->event);
  };
  server::Row row;
  while ((*reader)->Next(&row)) {
    const absl::StatusOr<bool> wanted = server::IsWanted(mapping, row);
    if (!wanted.ok()) return wanted.status();
    if (*wanted) take(grouping.Add(row));
  }
  while (std::optional<server::GroupedEvent> open = grouping.End()) take(std::move(open));
  return failure.ok() ? (*reader)->status() : failure;
}

struct RowValues {
  int64_t quantity = 0;
  int64_t unit_price_e4 = 0;
  absl::Time time;
};

absl::StatusOr<RowValues> Read(const server::Row& row, absl::TimeZone zone) {
  RowValues values;
  std::string error;
  const absl::StatusOr<int64_t> quantity = rules::ParseFixedPoint(row.cells[kQuantity], 0);
  const absl::StatusOr<int64_t> price =
      rules::ParseFixedPoint(row.cells[kUnitPrice], kPriceDecimals);
  if (!row.error.empty() || !quantity.ok() || !price.ok() ||
      !absl::ParseTime("%Y-%m-%d %H:%M:%S", row.cells[kInvoiceDate], zone, &values.time, &error)) {
    return absl::InvalidArgumentError(absl::StrCat("line ", row.line, " is no row of an invoice"));
  }
  values.quantity = *quantity;
  values.unit_price_e4 = *price;
  return values;
}

Invoice Begin(const server::Row& row, absl::Time time) {
  Invoice invoice;
  invoice.number = row.cells[kInvoiceNo];
  invoice.time = time;
  invoice.customer_number = std::string(absl::StripSuffix(row.cells[kCustomerId], ".0"));
  if (absl::StartsWith(invoice.number, "C")) invoice.kind = InvoiceKind::kReturn;

  v1::DecisionContext* context = invoice.request.mutable_context();
  context->set_transaction_id(invoice.number);
  context->set_step(1);
  context->mutable_touchpoint()->set_channel("pos");
  context->mutable_as_of()->set_seconds(absl::ToUnixSeconds(time));
  if (!invoice.customer_number.empty()) {
    v1::Identity* identity = context->add_identities();
    identity->set_namespace_("customer_number");
    identity->set_value(invoice.customer_number);
  }
  invoice.request.mutable_basket()->set_currency_code("GBP");
  invoice.request.add_placements("receipt");
  invoice.request.add_placements("parcel");
  (*invoice.request.mutable_attributes())["country"].set_string_value(row.cells[kCountry]);
  return invoice;
}

void AddLine(const server::Row& row, const RowValues& values, Invoice* invoice) {
  if (invoice->kind == InvoiceKind::kReturn) return;
  if (values.quantity < 0 || values.unit_price_e4 < 0) invoice->kind = InvoiceKind::kAdjustment;
  v1::Basket* basket = invoice->request.mutable_basket();
  v1::BasketLine* line = basket->add_lines();
  line->set_line_id(absl::StrCat(basket->lines_size()));
  line->set_sku(row.cells[kStockCode]);
  line->set_quantity_thousandths(values.quantity * kThousandthsPerUnit);
  line->set_unit_price_e4(values.unit_price_e4);
}

// Stock that was found is booked as an invoice to nobody at no price.
bool IsFoundStock(const Invoice& invoice) {
  if (!invoice.customer_number.empty()) return false;
  for (const v1::BasketLine& line : invoice.request.basket().lines()) {
    if (line.unit_price_e4() != 0) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<Invoice>> ReadLaterInvoices(const InvoiceFiles& files) {
  absl::StatusOr<server::Mapping> purchases = server::ReadMapping(files.purchases);
  if (!purchases.ok()) return purchases.status();
  absl::StatusOr<server::Mapping> returns = server::ReadMapping(files.returns);
  if (!returns.ok()) return returns.status();
  const absl::Time from = purchases->until.value_or(absl::InfinitePast());
  EventsByInvoice events;
  if (absl::Status read = ReadEvents(files.invoices, *purchases, &events); !read.ok()) return read;
  if (absl::Status read = ReadEvents(files.invoices, *returns, &events); !read.ok()) return read;

  absl::TimeZone zone;
  if (!absl::LoadTimeZone(kZone, &zone)) return absl::NotFoundError("no time zone Europe/London");
  absl::StatusOr<std::unique_ptr<server::RowReader>> reader =
      server::RowReader::Open(files.invoices, Columns());
  if (!reader.ok()) return reader.status();
  std::vector<Invoice> invoices;
  absl::flat_hash_map<std::string, size_t> position;  // rows of an invoice may stand apart
  server::Row row;
  while ((*reader)->Next(&row)) {
    const absl::StatusOr<RowValues> values = Read(row, zone);
    if (!values.ok()) return values.status();
    auto [at, is_new] = position.try_emplace(row.cells[kInvoiceNo], invoices.size());
    if (is_new && values->time < from) {
      position.erase(at);
      continue;
    }
    if (is_new) invoices.push_back(Begin(row, values->time));
    AddLine(row, *values, &invoices[at->second]);
  }
  if (!(*reader)->status().ok()) return (*reader)->status();
  for (Invoice& invoice : invoices) {
    if (invoice.kind == InvoiceKind::kSale && IsFoundStock(invoice)) {
      invoice.kind = InvoiceKind::kAdjustment;
    }
    const auto event = events.find(invoice.number);
    if (event != events.end()) invoice.event = std::move(event->second);
  }
  return invoices;
}

}  // namespace touchstone::online_retail
