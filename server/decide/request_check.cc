#include "server/decide/request_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/timestamps.h"
#include "rules/facts/text.h"
#include "server/decide/binder.h"
#include "server/decide/identity.h"

namespace touchstone::server {
namespace {

constexpr size_t kMaxIdBytes = 64;
constexpr size_t kMaxLocaleBytes = 35;  // BCP 47, section 4.4.1
constexpr int64_t kMaxBudgetSeconds = 3600;
constexpr int64_t kThousandthsPerUnit = 1000;
constexpr absl::string_view kIdForm = "must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_', '-'";

bool HasIdCharacters(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

bool IsLocale(absl::string_view text) {
  return text.size() <= kMaxLocaleBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
         });
}

bool IsBudget(const google::protobuf::Duration& duration) {
  return duration.seconds() >= 0 && duration.nanos() >= 0 && duration.nanos() <= 999'999'999 &&
         (duration.seconds() > 0 || duration.nanos() > 0) && duration.seconds() < kMaxBudgetSeconds;
}

void Add(absl::string_view field, absl::string_view description,
         std::vector<Violation>* violations) {
  violations->push_back({std::string(field), std::string(description)});
}

void CheckIdentities(const v1::DecisionContext& context, std::vector<Violation>* violations) {
  if (context.identities_size() > kMaxIdentities) {
    Add("context.identities", "must hold at most 16", violations);
  }
  for (int i = 0; i < context.identities_size(); ++i) {
    const v1::Identity& identity = context.identities(i);
    if (!IsIdentity(identity)) {
      CheckIdentity(identity, absl::StrCat("context.identities[", i, "]"), violations);
    }
  }
}

void CheckCodes(const v1::DecisionContext& context, std::vector<Violation>* violations) {
  if (context.codes_size() > kMaxCodes) {
    Add("context.codes", "must hold at most 64", violations);
  }
  for (int i = 0; i < context.codes_size(); ++i) {
    if (context.codes(i).empty() || context.codes(i).size() > kMaxIdBytes) {
      Add(absl::StrCat("context.codes[", i, "]"), "must be 1 to 64 bytes", violations);
    }
  }
}

void CheckTimes(const v1::DecisionContext& context, std::vector<Violation>* violations) {
  if (context.has_occurred_at() && !IsTimestamp(context.occurred_at())) {
    Add("context.occurred_at", "must be a timestamp from year 1 to 9999", violations);
  }
  if (context.has_as_of() && !IsTimestamp(context.as_of())) {
    Add("context.as_of", "must be a timestamp from year 1 to 9999", violations);
  }
  if (context.has_budget() && !IsBudget(context.budget())) {
    Add("context.budget", "must be a duration above zero and below one hour", violations);
  }
  if (!context.business_date().empty() && !rules::ParseDate(context.business_date()).ok()) {
    Add("context.business_date", "must be a date such as 2026-11-26", violations);
  }
}

void CheckQuantity(size_t index, const LineView& line, std::vector<Violation>* violations) {
  if (line.is_counted() && line.quantity_thousandths % kThousandthsPerUnit != 0) {
    Add(LineField(index, "quantity_thousandths"),
        "must be whole units of 1000; name the unit of what is weighed or measured", violations);
  }
  if (line.unit.size() > kMaxIdBytes) {
    Add(LineField(index, "unit"), "must be at most 64 bytes", violations);
  }
}

void CheckManualDiscounts(size_t index, const v1::BasketLine& line,
                          std::vector<Violation>* violations) {
  if (line.manual_discounts_size() > kMaxManualDiscounts) {
    Add(LineField(index, "manual_discounts"), "must hold at most 16", violations);
  }
  for (int i = 0; i < line.manual_discounts_size(); ++i) {
    const v1::ManualDiscount& discount = line.manual_discounts(i);
    const auto field = [&](absl::string_view name) {
      return LineField(index, absl::StrCat("manual_discounts[", i, "].", name));
    };
    if (discount.amount_minor() <= 0) Add(field("amount_minor"), "must be above 0", violations);
    if (discount.reason().size() > kMaxIdBytes) {
      Add(field("reason"), "must be at most 64 bytes", violations);
    }
    if (!IsOptionalId(discount.operator_id())) Add(field("operator_id"), kIdForm, violations);
  }
}

}  // namespace

bool IsId(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes && HasIdCharacters(text);
}

bool IsOptionalId(absl::string_view text) { return text.empty() || IsId(text); }

bool IsTimestamp(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() >= rules::expr::kMinTimestampSeconds &&
         timestamp.seconds() <= rules::expr::kMaxTimestampSeconds && timestamp.nanos() >= 0 &&
         timestamp.nanos() <= 999'999'999;
}

std::string LineField(size_t index, absl::string_view field) {
  return absl::StrCat("basket.lines[", index, "].", field);
}

grpc::Status CheckAsOf(const v1::DecisionContext& context, bool allowed) {
  if (allowed || !context.has_as_of()) return grpc::Status::OK;
  return RpcError(grpc::StatusCode::PERMISSION_DENIED, v1::ERROR_REASON_ROLE_MISSING,
                  "as_of is for replays of old data: this server was started without the option "
                  "allow-as-of");
}

void CheckContext(const v1::DecisionContext& context, std::vector<Violation>* violations) {
  if (context.transaction_id().empty()) {
    Add("context.transaction_id", "is required", violations);
  } else if (!IsId(context.transaction_id())) {
    Add("context.transaction_id", kIdForm, violations);
  }
  if (context.step() < 1) Add("context.step", "must be 1 or more", violations);
  if (!v1::DecisionMode_IsValid(context.mode())) {
    Add("context.mode", "must be LIVE, TRAINING or PREVIEW", violations);
  }
  CheckTimes(context, violations);
  CheckIdentities(context, violations);
  if (context.touchpoint().terminal().size() > kMaxIdBytes) {
    Add("context.touchpoint.terminal", "must be at most 64 bytes", violations);
  }
  if (!v1::Direction_IsValid(context.direction())) {
    Add("context.direction", "must be INBOUND or OUTBOUND", violations);
  }
  if (!IsLocale(context.locale())) {
    Add("context.locale", "must be a BCP 47 tag such as de-CH", violations);
  }
  if (!IsOptionalId(context.operator_id())) Add("context.operator_id", kIdForm, violations);
  CheckCodes(context, violations);
}

void CheckTenders(const google::protobuf::RepeatedPtrField<v1::Tender>& tenders,
                  absl::string_view field, std::vector<Violation>* violations) {
  if (tenders.size() > kMaxTenders) {
    Add(std::string(field), "must hold at most 64", violations);
  }
  for (int i = 0; i < tenders.size(); ++i) {
    const v1::Tender& tender = tenders[i];
    if (tender.type().empty() || tender.type().size() > kMaxIdBytes) {
      Add(absl::StrCat(field, "[", i, "].type"), "must be 1 to 64 bytes", violations);
    }
    if (tender.amount_minor() < 0) {
      Add(absl::StrCat(field, "[", i, "].amount_minor"), "must not be below 0", violations);
    }
  }
}

void CheckLine(size_t index, const LineView& line, std::vector<Violation>* violations) {
  if (line.sku.empty() || line.sku.size() > kMaxIdBytes) {
    Add(LineField(index, "sku"), "must be 1 to 64 bytes", violations);
  }
  CheckQuantity(index, line, violations);
  if (!v1::PriceSource_IsValid(line.price_source)) {
    Add(LineField(index, "price_source"), "is not a value that is known here", violations);
  }
  if (!v1::LineKind_IsValid(line.kind)) {
    Add(LineField(index, "kind"), "is not a value that is known here", violations);
  }
  if (line.message != nullptr) CheckManualDiscounts(index, *line.message, violations);
  if (line.tax_code.size() > kMaxIdBytes) {
    Add(LineField(index, "tax_code"), "must be at most 64 bytes", violations);
  }
  if (line.is_return()) {
    const v1::ReturnedFrom& returned = line.message->returned_from();
    if (!IsId(returned.transaction_id())) {
      Add(LineField(index, "returned_from.transaction_id"), kIdForm, violations);
    }
    if (!IsId(returned.line_id())) {
      Add(LineField(index, "returned_from.line_id"), kIdForm, violations);
    }
  }
}

}  // namespace touchstone::server
