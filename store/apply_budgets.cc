// The command on budgets: what was used of them elsewhere is booked.

#include <optional>
#include <string>

#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/budgets.h"
#include "store/holdings.h"
#include "store/keys.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;
using storage::OpeningUse;

absl::string_view OpeningUseFault(const storage::AddOpeningUses::Item& item) {
  const OpeningUse& use = item.use();
  if (!IsValidId(use.budget_id())) return "use: budget_id: 1-64 bytes of [A-Za-z0-9._-]";
  if (use.count() < 0 || use.count() > kMaxOpeningCount || use.amount_minor() < 0 ||
      use.amount_minor() > kMaxClaimMinor || use.count() + use.amount_minor() == 0) {
    return "use: uses or money, up to 10^12 uses and 10^15 minor units";
  }
  if (use.currency().empty() != (use.amount_minor() == 0)) return "use: an amount has a currency";
  if (use.day_minor() < 0 || use.day_minor() > use.amount_minor()) {
    return "use: of a day, no more than in all";
  }
  if (!use.by_day() && (use.day() != 0 || use.day_minor() != 0)) return "use: without a day";
  if (item.most_uses() < 0 || item.most_minor() < 0 || item.most_minor_a_day() < 0) {
    return "use: no bound below zero";
  }
  return "";
}

absl::string_view OpeningUsesFault(const storage::AddOpeningUses& command) {
  if (!IsValidId(command.batch())) return "batch: 1-64 bytes of [A-Za-z0-9._-]";
  if (command.items().empty() || command.items_size() > kMaxOpeningUses) return "items: 1 to 1,000";
  for (const storage::AddOpeningUses::Item& item : command.items()) {
    if (const absl::string_view fault = OpeningUseFault(item); !fault.empty()) return fault;
  }
  return "";
}

}  // namespace

AppliedOr ApplyAddOpeningUses(const storage::AddOpeningUses& command, PendingWrites* writes) {
  const absl::string_view fault = OpeningUsesFault(command);
  if (!fault.empty()) return Refuse(EntryResult::REFUSAL_INVALID, fault);
  EntryResult result;
  Budgets budgets(writes);
  for (int i = 0; i < command.items_size(); ++i) {
    const storage::AddOpeningUses::Item& item = command.items(i);
    const std::string key = OpeningUseRow(item.use().budget_id(), command.batch());
    const std::string row = item.use().SerializeAsString();
    const absl::StatusOr<std::optional<std::string>> there = writes->Get(Family::kLedger, key);
    if (!there.ok()) return there.status();
    EntryResult::RefusedItem refused;
    if (there->has_value()) {
      if (**there == row) {
        result.add_duplicate_items(static_cast<uint32_t>(i));
        continue;
      }
      refused.set_refusal(EntryResult::REFUSAL_ALREADY_EXISTS);
    } else {
      absl::StatusOr<EntryResult::RefusedItem> opened = budgets.Open(item);
      if (!opened.ok()) return opened.status();
      refused = *std::move(opened);
    }
    if (refused.refusal() == EntryResult::REFUSAL_UNSPECIFIED) {
      writes->Put(Family::kLedger, key, row);
      result.set_applied(result.applied() + 1);
      continue;
    }
    refused.set_index(static_cast<uint32_t>(i));
    *result.add_refused_items() = std::move(refused);
  }
  budgets.Flush(&result);
  return result;
}

}  // namespace touchstone::store
