// Commands on codes and grants: they are added, withdrawn, and forgotten with the customer whose
// they are.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/codes.h"
#include "store/grant_adder.h"
#include "store/grants.h"
#include "store/holdings.h"
#include "store/keys.h"
#include "store/links.h"

namespace touchstone::store {
namespace {

using storage::Code;
using storage::EntryResult;

absl::string_view CodeTermsFault(const Code& terms) {
  if (terms.is_grant() || terms.offer() != 0) return "terms: of a code, not of a grant";
  return TermsFault(terms);
}

absl::string_view GrantsFault(
    const google::protobuf::RepeatedPtrField<storage::AddGrants::Item>& items) {
  if (items.empty() || items.size() > kMaxItems) return "items: 1 to 10,000";
  for (const storage::AddGrants::Item& item : items) {
    if (const absl::string_view fault = GrantFault(item); !fault.empty()) return fault;
  }
  return "";
}

absl::string_view CodesFault(const google::protobuf::RepeatedPtrField<std::string>& codes) {
  if (codes.empty() || codes.size() > kMaxItems) return "codes: 1 to 10,000";
  for (const std::string& code : codes) {
    if (!IsValidId(code)) return "codes: each 1-64 bytes of [A-Za-z0-9._-]";
  }
  return "";
}

absl::string_view NewCodesFault(const google::protobuf::RepeatedPtrField<std::string>& codes) {
  if (const absl::string_view fault = CodesFault(codes); !fault.empty()) return fault;
  if (std::any_of(codes.begin(), codes.end(), IsGrantId)) {
    return "codes: in upper case, lower case is of grants";
  }
  return "";
}

void RefuseItem(uint32_t index, EntryResult::Refusal refusal, EntryResult* result) {
  EntryResult::RefusedItem& item = *result->add_refused_items();
  item.set_index(index);
  item.set_refusal(refusal);
}

// Adds those that are new, and lists the others.
absl::Status AddEach(const google::protobuf::RepeatedPtrField<std::string>& codes,
                     const Code& terms, EntryResult* result, PendingWrites* writes) {
  const std::string row = terms.SerializeAsString();
  absl::flat_hash_set<absl::string_view> listed;
  listed.reserve(static_cast<size_t>(codes.size()));
  for (int i = 0; i < codes.size(); ++i) {
    const std::string& code = codes[i];
    const auto index = static_cast<uint32_t>(i);
    if (!listed.insert(code).second) {
      RefuseItem(index, EntryResult::REFUSAL_ALREADY_EXISTS, result);
      continue;
    }
    const std::string key = CodeRow(code);
    const absl::StatusOr<std::optional<Code>> there =
        ReadMessage<Code>(Family::kLedger, key, writes);
    if (!there.ok()) return there.status();
    if (there->has_value()) {
      const absl::StatusOr<bool> is_same = HasTerms(**there, terms, writes);
      if (!is_same.ok()) return is_same.status();
      if (*is_same) {
        result->add_duplicate_items(index);
      } else {
        RefuseItem(index, EntryResult::REFUSAL_ALREADY_EXISTS, result);
      }
      continue;
    }
    result->set_applied(result->applied() + 1);
    writes->Put(Family::kLedger, key, row);
    if (terms.customer_id().empty()) continue;
    writes->Put(Family::kLedger, CustomerCodeRow(terms.customer_id(), code), "");
  }
  return absl::OkStatus();
}

void ListGrant(uint32_t index, GrantAdder::Added added, EntryResult* result) {
  switch (added) {
    case GrantAdder::Added::kNew:
      result->set_applied(result->applied() + 1);
      return;
    case GrantAdder::Added::kThere:
      result->add_duplicate_items(index);
      return;
    case GrantAdder::Added::kThereOtherwise:
      return RefuseItem(index, EntryResult::REFUSAL_ALREADY_EXISTS, result);
    case GrantAdder::Added::kNoCustomer:
      return RefuseItem(index, EntryResult::REFUSAL_NOT_FOUND, result);
    case GrantAdder::Added::kNoRoom:
      return RefuseItem(index, EntryResult::REFUSAL_TOO_MANY, result);
  }
}

}  // namespace

AppliedOr ApplyAddCodes(const storage::AddCodes& command, int64_t time_us, PendingWrites* writes) {
  absl::string_view fault = CodeTermsFault(command.terms());
  if (fault.empty()) fault = NewCodesFault(command.codes());
  if (!fault.empty()) return Refuse(EntryResult::REFUSAL_INVALID, fault);
  absl::StatusOr<std::string> customer = CustomerNow(command.terms().customer_id(), writes);
  if (!customer.ok()) return customer.status();
  if (customer->empty() && !command.terms().customer_id().empty()) {
    return Refuse(EntryResult::REFUSAL_NOT_FOUND, "no such customer");
  }
  Code terms = command.terms();
  terms.set_customer_id(*std::move(customer));
  terms.set_time_us(time_us);
  EntryResult result;
  absl::Status added = AddEach(command.codes(), terms, &result, writes);
  if (!added.ok()) return added;
  if (command.all_or_none() && static_cast<int>(result.applied()) < command.codes_size()) {
    return Refuse(EntryResult::REFUSAL_ALREADY_EXISTS, "one of the codes is there already");
  }
  return result;
}

AppliedOr ApplyAddGrants(const storage::AddGrants& command, int64_t time_us,
                         PendingWrites* writes) {
  const absl::string_view fault = GrantsFault(command.items());
  if (!fault.empty()) return Refuse(EntryResult::REFUSAL_INVALID, fault);
  EntryResult result;
  GrantAdder adder(time_us, writes);
  for (int i = 0; i < command.items_size(); ++i) {
    const absl::StatusOr<GrantAdder::Added> added = adder.Add(command.items(i));
    if (!added.ok()) return added.status();
    ListGrant(static_cast<uint32_t>(i), *added, &result);
  }
  adder.Flush();
  return result;
}

AppliedOr ApplyRevokeCodes(const storage::RevokeCodes& command, PendingWrites* writes) {
  const absl::string_view fault = CodesFault(command.codes());
  if (!fault.empty()) return Refuse(EntryResult::REFUSAL_INVALID, fault);
  EntryResult result;
  GrantSections sections(writes);
  for (const std::string& text : command.codes()) {
    const std::string key = CodeRow(text);
    absl::StatusOr<std::optional<Code>> code = ReadMessage<Code>(Family::kLedger, key, writes);
    if (!code.ok()) return code.status();
    if (!code->has_value()) {
      return Refuse(EntryResult::REFUSAL_NOT_FOUND, "one of the codes is not there");
    }
    if ((*code)->revoked()) continue;
    (*code)->set_revoked(true);
    writes->Put(Family::kLedger, key, (*code)->SerializeAsString());
    result.set_applied(result.applied() + 1);
    if (!(*code)->is_grant()) continue;
    if (absl::Status shown = sections.Update(text, **code); !shown.ok()) return shown;
  }
  sections.Flush();
  return result;
}

absl::Status ForgetCodes(absl::Span<const std::string> customer_ids,
                         storage::PendingErasure* erasure, PendingWrites* writes) {
  for (const std::string& customer_id : customer_ids) {
    const std::string prefix = CustomerCodeRow(customer_id, "");
    Database::PrefixIterator rows = writes->committed().Iterate(Family::kLedger, prefix, prefix);
    for (; rows.Valid(); rows.Next()) {
      std::string text(rows.key().substr(prefix.size()));
      const std::string key = CodeRow(text);
      // As the entry has left it: what was held for her came back.
      absl::StatusOr<std::optional<Code>> code = ReadMessage<Code>(Family::kLedger, key, writes);
      if (!code.ok()) return code.status();
      if (!code->has_value()) return absl::DataLossError("ledger: a listed code is not there");
      (*code)->clear_customer_id();
      (*code)->set_revoked(true);
      if ((*code)->is_grant()) ListOpenGrant(text, **code, writes);
      writes->Put(Family::kLedger, key, (*code)->SerializeAsString());
      writes->Delete(Family::kLedger, rows.key());
      erasure->add_codes(std::move(text));
    }
    if (!rows.status().ok()) return rows.status();
  }
  return absl::OkStatus();
}

}  // namespace touchstone::store
