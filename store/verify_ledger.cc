#include "store/verify_ledger.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/codes.h"
#include "store/holdings.h"
#include "store/keys.h"
#include "store/verify_grants.h"
#include "touchstone/storage/v1/ledger.pb.h"

namespace touchstone::store {
namespace {

using storage::BudgetUse;
using storage::Claim;
using storage::Code;
using storage::OpeningUse;
using storage::Reservation;
using storage::StoredSale;

std::string PlaceOf(absl::string_view transaction_id) {
  return absl::StrCat("transactions/", transaction_id);
}

// What claims amount to.
struct Sum {
  int64_t reserved_count = 0;
  int64_t reserved_minor = 0;
  int64_t sold_count = 0;
  int64_t sold_minor = 0;
  std::vector<uint64_t> holders;  // of a grant: who holds what is reserved
};

bool IsSumOf(const BudgetUse& use, const Sum& sum) {
  return use.reserved_count() == sum.reserved_count && use.reserved_minor() == sum.reserved_minor &&
         use.committed_count() + use.overrun_count() == sum.sold_count &&
         use.committed_minor() + use.overrun_minor() == sum.sold_minor &&
         use.committed_count() >= 0 && use.committed_minor() >= 0 && use.overrun_count() >= 0 &&
         use.overrun_minor() >= 0;
}

bool IsSumOf(const Code& code, const Sum& sum) {
  return code.reserved() == sum.reserved_count &&
         code.committed() + code.overrun() == sum.sold_count && code.committed() >= 0 &&
         code.overrun() >= 0 &&
         std::is_permutation(code.holders().begin(), code.holders().end(), sum.holders.begin(),
                             sum.holders.end());
}

// Enough to find a code by, too little to use it. A grant is no secret.
std::string PlaceOfCode(absl::string_view code) {
  if (IsGrantId(code)) return absl::StrCat("grants/", code);
  return absl::StrCat("codes/*", code.substr(code.size() - std::min<size_t>(4, code.size() / 3)));
}

bool HasCode(const Reservation& reservation, absl::string_view text) {
  return std::any_of(reservation.claims().begin(), reservation.claims().end(),
                     [text](const Claim& claim) { return IsOfCode(claim) && claim.id() == text; });
}

class LedgerVerifier {
 public:
  explicit LedgerVerifier(RowWalk* rows) : rows_(*rows), database_(rows->database()) {}

  absl::Status Run() {
    for (const auto step :
         {&LedgerVerifier::Reservations, &LedgerVerifier::DueRows, &LedgerVerifier::HeldRows,
          &LedgerVerifier::Sales, &LedgerVerifier::CustomerSales, &LedgerVerifier::OpeningUses,
          &LedgerVerifier::Budgets, &LedgerVerifier::CodeRows, &LedgerVerifier::CodeHolds,
          &LedgerVerifier::CustomerCodes, &LedgerVerifier::OpenGrants}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  // Every row of a kind; `visit` gets its key without the letter of the kind.
  absl::Status ForEach(Family family, char kind, RowWalk::Visit visit) {
    return rows_.ForEach(family, absl::string_view(&kind, 1),
                         [&visit](absl::string_view key, absl::string_view value) {
                           return visit(key.substr(1), value);
                         });
  }

  absl::Status Expect(Family family, absl::string_view key, Fault fault, const std::string& place) {
    const absl::StatusOr<bool> found = database_.Contains(family, key);
    if (!found.ok()) return found.status();
    if (!*found) rows_.Found(fault, place);
    return absl::OkStatus();
  }

  void Add(const google::protobuf::RepeatedPtrField<Claim>& claims, bool is_sold) {
    for (const Claim& claim : claims) {
      if (IsOfCode(claim)) AddTo(CodeRow(claim.id()), claim, is_sold);
      if (claim.kind() != Claim::KIND_BUDGET) continue;
      AddTo(BudgetRow(claim.id()), claim, is_sold);
      if (claim.by_day()) AddTo(BudgetDayRow(claim.id(), claim.day()), claim, is_sold);
    }
  }
  void AddTo(const std::string& row, const Claim& claim, bool is_sold) {
    Sum& sum = sums_[row];
    (is_sold ? sum.sold_count : sum.reserved_count) += claim.count();
    (is_sold ? sum.sold_minor : sum.reserved_minor) += claim.amount_minor();
  }

  absl::Status Reservations() {
    return ForEach(Family::kLedger, kReservationPrefix,
                   [this](absl::string_view transaction_id, absl::string_view value) {
                     ++rows_.report().reservations;
                     Reservation reservation;
                     if (!IsValidId(transaction_id) || !Parses(value, &reservation) ||
                         reservation.state() == Reservation::STATE_UNSPECIFIED) {
                       rows_.DamagedRow(Family::kLedger, "reservation");
                       return absl::OkStatus();
                     }
                     return OneReservation(transaction_id, reservation);
                   });
  }

  absl::Status OneReservation(absl::string_view transaction_id, const Reservation& reservation) {
    absl::Status status = Expect(Family::kLedger, DueRow(reservation.expire_us(), transaction_id),
                                 Fault::kUnlistedReservation, PlaceOf(transaction_id));
    if (status.ok() && !reservation.customer_id().empty()) {
      status = Expect(Family::kLedger, HeldRow(reservation.customer_id(), transaction_id),
                      Fault::kUnlistedReservation, PlaceOf(transaction_id));
    }
    if (status.ok() && IsHeld(reservation)) status = Held(transaction_id, reservation);
    if (!status.ok()) return status;
    const absl::StatusOr<bool> is_sold =
        database_.Contains(Family::kSales, SaleRow(transaction_id));
    if (!is_sold.ok()) return is_sold.status();
    if (*is_sold) rows_.Found(Fault::kSoldReservation, PlaceOf(transaction_id));
    return absl::OkStatus();
  }

  absl::Status Held(absl::string_view transaction_id, const Reservation& reservation) {
    Add(reservation.claims(), /*is_sold=*/false);
    for (const Claim& claim : reservation.claims()) {
      if (!IsOfCode(claim)) continue;
      if (claim.kind() == Claim::KIND_GRANT) {
        sums_[CodeRow(claim.id())].holders.push_back(reservation.transaction());
      }
      absl::Status status = Expect(Family::kLedger, CodeHoldRow(claim.id(), transaction_id),
                                   Fault::kUnlistedCode, PlaceOfCode(claim.id()));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Whether the row of a message says so. One that cannot be read is told where its kind is read,
  // and is taken to.
  template <typename Message, typename Says>
  absl::Status ExpectThat(Family family, absl::string_view key, Fault fault,
                          const std::string& place, Says says) {
    const absl::StatusOr<std::optional<std::string>> bytes = database_.GetCopy(family, key);
    if (!bytes.ok()) return bytes.status();
    Message message;
    const bool is_good = bytes->has_value() && (!Parses(**bytes, &message) || says(message));
    if (!is_good) rows_.Found(fault, place);
    return absl::OkStatus();
  }

  absl::Status DueRows() {
    return ForEach(
        Family::kLedger, kDuePrefix, [this](absl::string_view key, absl::string_view /*value*/) {
          if (key.size() <= sizeof(uint64_t)) {
            rows_.DamagedRow(Family::kLedger, "due");
            return absl::OkStatus();
          }
          const int64_t time_us = ReadOrderedSigned(key.data());
          const absl::string_view transaction_id = key.substr(sizeof(uint64_t));
          return ExpectThat<Reservation>(Family::kLedger, ReservationRow(transaction_id),
                                         Fault::kLostReservation, PlaceOf(transaction_id),
                                         [time_us](const Reservation& reservation) {
                                           return reservation.expire_us() == time_us;
                                         });
        });
  }

  absl::Status HeldRows() {
    return ForEach(
        Family::kLedger, kHeldPrefix, [this](absl::string_view key, absl::string_view /*value*/) {
          const size_t end = key.find('\0');
          if (end == absl::string_view::npos) {
            rows_.DamagedRow(Family::kLedger, "held");
            return absl::OkStatus();
          }
          const absl::string_view customer_id = key.substr(0, end);
          const absl::string_view transaction_id = key.substr(end + 1);
          return ExpectThat<Reservation>(Family::kLedger, ReservationRow(transaction_id),
                                         Fault::kLostReservation, PlaceOf(transaction_id),
                                         [customer_id](const Reservation& reservation) {
                                           return reservation.customer_id() == customer_id;
                                         });
        });
  }

  absl::Status Sales() {
    return ForEach(
        Family::kSales, kSalePrefix,
        [this](absl::string_view transaction_id, absl::string_view value) {
          ++rows_.report().sales;
          StoredSale sale;
          if (!IsValidId(transaction_id) || !Parses(value, &sale) || sale.version() == 0) {
            rows_.DamagedRow(Family::kSales, "sale");
            return absl::OkStatus();
          }
          Add(sale.claims(), /*is_sold=*/true);
          for (const storage::GivenCoupon& coupon : sale.coupons()) {
            absl::Status status = Expect(Family::kLedger, CodeRow(coupon.id()), Fault::kLostCode,
                                         PlaceOf(transaction_id));
            if (!status.ok()) return status;
          }
          if (sale.customer_id().empty()) return absl::OkStatus();
          return Expect(Family::kSales,
                        CustomerSaleRow(sale.customer_id(), sale.time_us(), transaction_id),
                        Fault::kUnlistedSale, PlaceOf(transaction_id));
        });
  }

  absl::Status CustomerSales() {
    return ForEach(
        Family::kSales, kCustomerSalePrefix,
        [this](absl::string_view key, absl::string_view /*value*/) {
          const size_t end = key.find('\0');
          if (end == absl::string_view::npos || key.size() <= end + 1 + sizeof(uint64_t)) {
            rows_.DamagedRow(Family::kSales, "sale of a customer");
            return absl::OkStatus();
          }
          const absl::string_view customer_id = key.substr(0, end);
          const int64_t time_us = ReadOrderedSigned(key.data() + end + 1);
          const absl::string_view transaction_id = key.substr(end + 1 + sizeof(uint64_t));
          return ExpectThat<StoredSale>(Family::kSales, SaleRow(transaction_id), Fault::kLostSale,
                                        PlaceOf(transaction_id), [&](const StoredSale& sale) {
                                          return sale.customer_id() == customer_id &&
                                                 sale.time_us() == time_us;
                                        });
        });
  }

  absl::Status OpeningUses() {
    return ForEach(
        Family::kLedger, kOpeningUsePrefix, [this](absl::string_view key, absl::string_view value) {
          const size_t end = key.find('\0');
          OpeningUse use;
          if (end == absl::string_view::npos || !IsValidId(key.substr(end + 1)) ||
              !Parses(value, &use) || use.budget_id() != key.substr(0, end)) {
            rows_.DamagedRow(Family::kLedger, "opening use");
            return absl::OkStatus();
          }
          Sum& in_all = sums_[BudgetRow(use.budget_id())];
          in_all.sold_count += use.count();
          in_all.sold_minor += use.amount_minor();
          if (use.by_day()) {
            sums_[BudgetDayRow(use.budget_id(), use.day())].sold_minor += use.day_minor();
          }
          return absl::OkStatus();
        });
  }

  absl::Status Budgets() {
    for (const char kind : {kBudgetPrefix, kBudgetDayPrefix}) {
      absl::Status status = ForEach(
          Family::kLedger, kind, [this, kind](absl::string_view key, absl::string_view value) {
            BudgetUse use;
            if (!IsBudgetKey(kind, key) || !Parses(value, &use)) {
              rows_.DamagedRow(Family::kLedger, "budget");
              return absl::OkStatus();
            }
            const auto sum = sums_.extract(absl::StrCat(absl::string_view(&kind, 1), key));
            if (!IsSumOf(use, sum.empty() ? Sum() : sum.mapped())) FoundBudget(kind, key);
            return absl::OkStatus();
          });
      if (!status.ok()) return status;
    }
    for (const auto& [row, sum] : sums_) {
      if (row[0] != kCodePrefix && !IsSumOf(BudgetUse(), sum))
        FoundBudget(row[0], absl::string_view(row).substr(1));
    }
    return absl::OkStatus();
  }

  absl::Status CodeRows() {
    absl::Status status = ForEach(
        Family::kLedger, kCodePrefix, [this](absl::string_view text, absl::string_view value) {
          ++(IsGrantId(text) ? rows_.report().grants : rows_.report().codes);
          Code code;
          if (!IsValidId(text) || !Parses(value, &code) || code.most_uses() < 1 ||
              code.is_grant() != IsGrantId(text)) {
            rows_.DamagedRow(Family::kLedger, "code");
            return absl::OkStatus();
          }
          const auto sum = sums_.extract(CodeRow(text));
          if (!IsSumOf(code, sum.empty() ? Sum() : sum.mapped())) {
            rows_.Found(Fault::kCodeDiffers, PlaceOfCode(text));
          }
          if (code.customer_id().empty()) return absl::OkStatus();
          absl::Status listed = Expect(Family::kLedger, CustomerCodeRow(code.customer_id(), text),
                                       Fault::kUnlistedCode, PlaceOfCode(text));
          if (!listed.ok() || !code.is_grant()) return listed;
          listed = VerifyGrantIsListed(text, code, &rows_);
          if (!listed.ok()) return listed;
          return VerifyGrantIsShown(text, code, &rows_);
        });
    if (!status.ok()) return status;
    for (const auto& [row, sum] : sums_) {
      if (row[0] != kCodePrefix) continue;
      rows_.Found(Fault::kCodeDiffers, PlaceOfCode(absl::string_view(row).substr(1)));
    }
    return absl::OkStatus();
  }

  absl::Status OpenGrants() {
    return rows_.ForEach(Family::kLedger, absl::string_view(&kOpenGrantPrefix, 1),
                         [this](absl::string_view row, absl::string_view /*value*/) {
                           return VerifyListedGrant(row, &rows_);
                         });
  }

  absl::Status CodeHolds() {
    return ForEach(Family::kLedger, kCodeHoldPrefix,
                   [this](absl::string_view key, absl::string_view /*value*/) {
                     const size_t end = key.find('\0');
                     if (end == absl::string_view::npos) {
                       rows_.DamagedRow(Family::kLedger, "hold of a code");
                       return absl::OkStatus();
                     }
                     const absl::string_view text = key.substr(0, end);
                     return ExpectThat<Reservation>(
                         Family::kLedger, ReservationRow(key.substr(end + 1)), Fault::kLostCode,
                         PlaceOfCode(text), [text](const Reservation& reservation) {
                           return IsHeld(reservation) && HasCode(reservation, text);
                         });
                   });
  }

  absl::Status CustomerCodes() {
    return ForEach(Family::kLedger, kCustomerCodePrefix,
                   [this](absl::string_view key, absl::string_view /*value*/) {
                     const size_t end = key.find('\0');
                     if (end == absl::string_view::npos) {
                       rows_.DamagedRow(Family::kLedger, "code of a customer");
                       return absl::OkStatus();
                     }
                     const absl::string_view customer_id = key.substr(0, end);
                     const absl::string_view text = key.substr(end + 1);
                     return ExpectThat<Code>(Family::kLedger, CodeRow(text), Fault::kLostCode,
                                             PlaceOfCode(text), [customer_id](const Code& code) {
                                               return code.customer_id() == customer_id;
                                             });
                   });
  }

  static bool IsBudgetKey(char kind, absl::string_view key) {
    if (kind == kBudgetPrefix) return IsValidId(key);
    const size_t end = key.find('\0');
    return end != absl::string_view::npos && key.size() == end + 1 + sizeof(uint64_t);
  }

  // The key without the letter of its kind.
  void FoundBudget(char kind, absl::string_view key) {
    std::string place = absl::StrCat("budgets/", key.substr(0, key.find('\0')));
    if (kind == kBudgetDayPrefix) {
      absl::StrAppend(&place, ", day ",
                      ReadOrderedSigned(key.data() + key.size() - sizeof(uint64_t)));
    }
    rows_.Found(Fault::kBudgetDiffers, std::move(place));
  }

  RowWalk& rows_;
  const Database& database_;
  std::map<std::string, Sum> sums_;  // by the row's key
};

}  // namespace

absl::Status VerifyLedger(RowWalk* rows) { return LedgerVerifier(rows).Run(); }

}  // namespace touchstone::store
