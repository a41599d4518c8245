// Commands on codes and grants: they are added, withdrawn, and forgotten with the customer whose
// they are.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/grants.h"
#include "store/holdings.h"
#include "store/keys.h"
#include "store/links.h"

namespace touchstone::store {
namespace {

using storage::Code;
using storage::EntryResult;

// "" when these terms are fine.
absl::string_view TermsFault(const Code& terms) {
  if (!IsValidId(terms.offer_id())) return "terms.offer_id: 1-64 bytes of [A-Za-z0-9._-]";
  if (!terms.customer_id().empty() && !IsValidId(terms.customer_id())) {
    return "terms.customer_id: empty, or a valid id";
  }
  if (!terms.batch().empty() && !IsValidId(terms.batch())) {
    return "terms.batch: 0-64 bytes of [A-Za-z0-9._-]";
  }
  if (terms.most_uses() < 1 || terms.most_uses() > kMaxClaimCount) {
    return "terms.most_uses: 1 to 1,000,000,000";
  }
  if (terms.end_us() != 0 && terms.end_us() <= terms.start_us()) {
    return "terms.end_us: behind the start";
  }
  if (terms.revoked() || terms.committed() != 0 || terms.reserved() != 0 || terms.overrun() != 0 ||
      !terms.holders().empty()) {
    return "terms: of a code that nobody has used";
  }
  return "";
}

absl::string_view CodeTermsFault(const Code& terms) {
  if (terms.is_grant() || terms.offer() != 0) return "terms: of a code, not of a grant";
  return TermsFault(terms);
}

static_assert(kMaxIdBytes <= kMaxGrantIdBytes, "a record has room for the id of every grant");

absl::string_view GrantFault(const storage::AddGrants::Item& item) {
  if (!IsGrantId(item.grant_id())) {
    return "grant_id: 1-64 bytes of [A-Za-z0-9._-], one of them a lower-case letter";
  }
  if (!item.terms().is_grant()) return "terms.is_grant: of a grant";
  if (item.terms().customer_id().empty()) return "terms.customer_id: a grant is a customer's";
  if (item.terms().offer() == 0) return "terms.offer: as contact state names it";
  return TermsFault(item.terms());
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

// Whether a code that is there says what the terms, whose customer stands for herself, say.
absl::StatusOr<bool> HasTerms(const Code& code, const Code& terms, PendingWrites* writes) {
  if (code.offer_id() != terms.offer_id() || code.offer() != terms.offer() ||
      code.start_us() != terms.start_us() || code.end_us() != terms.end_us() ||
      code.most_uses() != terms.most_uses() || code.batch() != terms.batch() ||
      code.customer_id().empty() != terms.customer_id().empty()) {
    return false;
  }
  if (terms.customer_id().empty()) return true;
  const absl::StatusOr<std::string> owner = SurvivorOf(code.customer_id(), writes);
  if (!owner.ok()) return owner.status();
  return *owner == terms.customer_id();
}

void RefuseItem(uint32_t index, EntryResult::Refusal refusal, EntryResult* result) {
  EntryResult::RefusedItem& item = *result->add_refused_items();
  item.set_index(index);
  item.set_refusal(refusal);
}

// Lists one that is there already, as a duplicate or as refused.
absl::Status ListThere(uint32_t index, const Code& there, const Code& terms, EntryResult* result,
                       PendingWrites* writes) {
  const absl::StatusOr<bool> is_same = HasTerms(there, terms, writes);
  if (!is_same.ok()) return is_same.status();
  if (*is_same) {
    result->add_duplicate_items(index);
  } else {
    RefuseItem(index, EntryResult::REFUSAL_ALREADY_EXISTS, result);
  }
  return absl::OkStatus();
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
      absl::Status listed_there = ListThere(index, **there, terms, result, writes);
      if (!listed_there.ok()) return listed_there;
      continue;
    }
    result->set_applied(result->applied() + 1);
    writes->Put(Family::kLedger, key, row);
    if (terms.customer_id().empty()) continue;
    writes->Put(Family::kLedger, CustomerCodeRow(terms.customer_id(), code), "");
  }
  return absl::OkStatus();
}

// Adds grants one by one, and knows how many each of their customers has by then.
class GrantAdder {
 public:
  GrantAdder(int64_t time_us, EntryResult* result, PendingWrites* writes)
      : time_us_(time_us), result_(*result), writes_(*writes), sections_(writes) {}

  absl::Status Add(uint32_t index, const storage::AddGrants::Item& item) {
    absl::StatusOr<std::string> customer = CustomerNow(item.terms().customer_id(), &writes_);
    if (!customer.ok()) return customer.status();
    if (customer->empty()) {
      RefuseItem(index, EntryResult::REFUSAL_NOT_FOUND, &result_);
      return absl::OkStatus();
    }
    Code grant = item.terms();
    grant.set_customer_id(*std::move(customer));
    const std::string key = CodeRow(item.grant_id());
    const absl::StatusOr<std::optional<Code>> there =
        ReadMessage<Code>(Family::kLedger, key, &writes_);
    if (!there.ok()) return there.status();
    if (there->has_value()) return ListThere(index, **there, grant, &result_, &writes_);
    const absl::StatusOr<bool> has_room = TakeRoom(item.grant_id(), grant);
    if (!has_room.ok()) return has_room.status();
    if (!*has_room) {
      RefuseItem(index, EntryResult::REFUSAL_TOO_MANY, &result_);
      return absl::OkStatus();
    }
    grant.set_time_us(time_us_);
    writes_.Put(Family::kLedger, key, grant.SerializeAsString());
    writes_.Put(Family::kLedger, CustomerCodeRow(grant.customer_id(), item.grant_id()), "");
    result_.set_applied(result_.applied() + 1);
    return sections_.Update(item.grant_id(), grant);
  }

  void Flush() { sections_.Flush(); }

 private:
  int64_t now_us() const { return writes_.progress().time_us(); }

  // False: the customer has as many as she may have. One that has ended needs no room.
  absl::StatusOr<bool> TakeRoom(absl::string_view id, const Code& grant) {
    if (ShownGrant(id, grant).end_us <= now_us()) return true;
    auto at = open_.find(grant.customer_id());
    if (at == open_.end()) {
      const auto record = Read(kCustomer, grant.customer_id(), &writes_);
      if (!record.ok()) return record.status();
      int open = 0;
      for (size_t i = 0; i < (*record)->view.grant_count(); ++i) {
        if ((*record)->view.grant(i).end_us > now_us()) ++open;
      }
      at = open_.emplace(grant.customer_id(), open).first;
    }
    if (at->second >= kMaxOpenGrants) return false;
    ++at->second;
    return true;
  }

  int64_t time_us_;
  EntryResult& result_;
  PendingWrites& writes_;
  GrantSections sections_;
  absl::flat_hash_map<std::string, int> open_;  // by customer; those of this entry too
};

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
  GrantAdder adder(time_us, &result, writes);
  for (int i = 0; i < command.items_size(); ++i) {
    absl::Status added = adder.Add(static_cast<uint32_t>(i), command.items(i));
    if (!added.ok()) return added;
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
      writes->Put(Family::kLedger, key, (*code)->SerializeAsString());
      writes->Delete(Family::kLedger, rows.key());
      erasure->add_codes(std::move(text));
    }
    if (!rows.status().ok()) return rows.status();
  }
  return absl::OkStatus();
}

}  // namespace touchstone::store
