#pragma once

// Invoices of the Online Retail data (UCI): what a till asks about each, and the event that it
// becomes.
//
// Events are made by the mappings that the import uses, so that an invoice is the same event
// whether it is imported or replayed. Thread safety: pure functions. Memory: all invoices from
// `from` on. Errors: InvalidArgument for a file or mapping that cannot be read, and with the line
// for a row that is none of an invoice. Cost: reads the file three times.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "touchstone/v1/customer_service.pb.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::online_retail {

enum class InvoiceKind : uint8_t {
  kSale,
  kReturn,      // number begins with C
  kAdjustment,  // of stock or debt: a quantity or price below zero, or nothing to pay for anybody
};

struct Invoice {
  std::string number;
  InvoiceKind kind = InvoiceKind::kSale;
  absl::Time time;
  std::string customer_number;  // empty: an anonymous one
  v1::DecideRequest request;    // of a sale: what the till asks, as of `time`
  // Of a sale or return of a known customer.
  std::optional<v1::CustomerEvent> event;
};

struct InvoiceFiles {
  std::string invoices;   // online_retail.csv.gz
  std::string purchases;  // mapping of events; `until` is where the import stops and this begins
  std::string returns;    // the same of cancelled invoices
};

// Those that the import leaves for the replay, in order of the file, which is that of time.
absl::StatusOr<std::vector<Invoice>> ReadLaterInvoices(const InvoiceFiles& files);

}  // namespace touchstone::online_retail
