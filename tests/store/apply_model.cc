#include "tests/store/apply_model.h"

#include "store/record.h"

namespace touchstone::store {

using storage::EntryResult;

std::set<std::string> ApplyModel::MembersOf(const std::string& household) const {
  std::set<std::string> members;
  for (const auto& [id, record] : customers_) {
    if (!household.empty() && record.household == household) members.insert(id);
  }
  return members;
}

std::string ApplyModel::SurvivorOf(std::string id) const {
  for (auto at = survivors_.find(id); at != survivors_.end(); at = survivors_.find(id)) {
    id = at->second;
  }
  return id;
}

std::string ApplyModel::HolderOf(const std::string& identity) const {
  for (const auto& [id, record] : customers_) {
    if (record.identities.contains(identity)) return id;
  }
  return "";
}

int64_t ApplyModel::VisitsOf(const std::string& id) const {
  const auto journal = journals_.find(id);
  if (journal == journals_.end()) return 0;
  int64_t visits = 0;
  for (const auto& [event_id, event] : journal->second.events) {
    visits += event.reverses.empty() ? 1 : -1;
  }
  return visits;
}

bool ApplyModel::IsReversed(const Journal& journal, const std::string& event_id) {
  for (const auto& [id, event] : journal.events) {
    if (event.reverses == event_id) return true;
  }
  return false;
}

EntryResult::Refusal ApplyModel::Update(std::string id, const Patch& patch,
                                        const storage::UpdateRecord& command) {
  id = SurvivorOf(std::move(id));
  const bool exists = customers_.contains(id);
  if (!command.household_id().empty() && !MembersOf(command.household_id()).contains(id) &&
      MembersOf(command.household_id()).size() >= kMaxMembers) {
    return EntryResult::REFUSAL_TOO_MANY;
  }
  if (command.existence() == storage::UpdateRecord::EXISTENCE_MUST_EXIST && !exists) {
    return EntryResult::REFUSAL_NOT_FOUND;
  }
  if (command.existence() == storage::UpdateRecord::EXISTENCE_MUST_NOT_EXIST && exists) {
    return EntryResult::REFUSAL_ALREADY_EXISTS;
  }
  std::set<std::string> identities = exists ? customers_[id].identities : std::set<std::string>();
  for (const std::string& identity : command.unlink()) identities.erase(identity);
  for (const std::string& identity : command.identities()) {
    const std::string holder = HolderOf(identity);
    if (!holder.empty() && holder != id) return EntryResult::REFUSAL_IDENTITY_TAKEN;
    identities.insert(identity);
  }
  if (identities.size() > kMaxIdentities) return EntryResult::REFUSAL_TOO_MANY;
  Record& record = customers_[id];
  record.identities = std::move(identities);
  if (command.leave_household()) record.household.clear();
  if (!command.household_id().empty()) record.household = command.household_id();
  for (const auto& [attribute, value] : patch.attributes) record.attributes[attribute] = value;
  for (const auto& [purpose, time, granted] : patch.consents) {
    const auto held = record.consents.find(purpose);
    if (held != record.consents.end() && held->second.first > time) continue;
    record.consents[purpose] = {time, granted};
  }
  for (const auto& contact : patch.contacts) record.contacts.insert(contact);
  return EntryResult::REFUSAL_UNSPECIFIED;
}

EntryResult::Refusal ApplyModel::Append(std::string id, const std::string& event_id,
                                        const std::string& reverses, bool must_exist) {
  id = SurvivorOf(std::move(id));
  const auto journal = journals_.find(id);
  if (journal != journals_.end() && journal->second.events.contains(event_id)) {
    return EntryResult::REFUSAL_UNSPECIFIED;
  }
  if (must_exist && !customers_.contains(id)) return EntryResult::REFUSAL_NOT_FOUND;
  if (!reverses.empty() && IsReversed(journals_[id], reverses)) {
    return EntryResult::REFUSAL_ALREADY_EXISTS;
  }
  customers_[id];
  journals_[id].events[event_id].reverses = reverses;
  return EntryResult::REFUSAL_UNSPECIFIED;
}

void ApplyModel::AddOutcome(std::string id, const std::string& outcome_id, uint64_t transaction,
                            int64_t time) {
  id = SurvivorOf(std::move(id));
  for (const auto& [customer, journal] : journals_) {
    if (journal.outcomes.contains(outcome_id)) return;
  }
  const auto customer = customers_.find(id);
  if (customer == customers_.end()) {
    journals_[""].outcomes[outcome_id];
    return;
  }
  journals_[id].outcomes[outcome_id];
  customer->second.contacts.emplace(transaction, time);
}

void ApplyModel::Move(const std::string& from, const std::string& to, bool undo) {
  const Journal source = journals_[from];
  const auto moved = [&](std::vector<std::string> path) -> std::vector<std::string> {
    if (undo) {
      path.pop_back();
    } else {
      path.push_back(from);
    }
    return path;
  };
  const auto is_hers = [&](const std::vector<std::string>& path) {
    return !undo || (!path.empty() && path.back() == to);
  };
  for (const auto& [id, event] : source.events) {
    Journal& target = journals_[to];
    const bool has_already = target.events.contains(id) ||
                             (!event.reverses.empty() && IsReversed(target, event.reverses));
    if (has_already || !is_hers(event.path)) continue;
    target.events[id] = {event.reverses, moved(event.path)};
    journals_[from].events.erase(id);
  }
  for (const auto& [id, path] : source.outcomes) {
    if (!is_hers(path)) continue;
    journals_[to].outcomes[id] = moved(path);
    journals_[from].outcomes.erase(id);
  }
}

EntryResult::Refusal ApplyModel::Merge(const std::string& surviving, const std::string& merged,
                                       bool latest_wins) {
  if (surviving == merged) return EntryResult::REFUSAL_INVALID;
  if (!customers_.contains(surviving) || !customers_.contains(merged)) {
    return EntryResult::REFUSAL_NOT_FOUND;
  }
  Record& ours = customers_[surviving];
  const Record theirs = customers_[merged];
  if (ours.identities.size() + theirs.identities.size() > kMaxIdentities) {
    return EntryResult::REFUSAL_TOO_MANY;
  }
  merges_[{surviving, merged}] = {ours, theirs};
  survivors_[merged] = surviving;
  for (const auto& [id, value] : theirs.attributes) {
    const auto held = ours.attributes.find(id);
    if (held == ours.attributes.end() || (latest_wins && value.second > held->second.second)) {
      ours.attributes[id] = value;
    }
  }
  for (const auto& [purpose, said] : theirs.consents) {
    const auto held = ours.consents.find(purpose);
    if (held == ours.consents.end() || said.first > held->second.first) {
      ours.consents[purpose] = said;
    }
  }
  ours.contacts.insert(theirs.contacts.begin(), theirs.contacts.end());
  ours.identities.insert(theirs.identities.begin(), theirs.identities.end());
  if (ours.household.empty()) ours.household = theirs.household;
  customers_.erase(merged);
  Move(merged, surviving, /*undo=*/false);
  return EntryResult::REFUSAL_UNSPECIFIED;
}

EntryResult::Refusal ApplyModel::Undo(const std::string& surviving, const std::string& merged) {
  if (surviving == merged) return EntryResult::REFUSAL_INVALID;
  const auto kept = merges_.find({surviving, merged});
  if (kept == merges_.end() || !customers_.contains(surviving)) {
    return EntryResult::REFUSAL_NOT_MERGED;
  }
  const Record before = kept->second.surviving;
  Record theirs = kept->second.merged;
  Record& now = customers_[surviving];
  for (const auto& [id, value] : theirs.attributes) {
    const auto held = now.attributes.find(id);
    const auto ours = before.attributes.find(id);
    if (held == now.attributes.end() || held->second != value) continue;
    if (ours == before.attributes.end()) {
      now.attributes.erase(id);
    } else {
      now.attributes[id] = ours->second;
    }
  }
  for (const auto& [purpose, said] : theirs.consents) {
    const auto held = now.consents.find(purpose);
    const auto ours = before.consents.find(purpose);
    if (held == now.consents.end() || held->second != said) continue;
    if (ours == before.consents.end()) {
      now.consents.erase(purpose);
    } else {
      now.consents[purpose] = ours->second;
    }
  }
  for (const auto& contact : theirs.contacts) {
    if (!before.contacts.contains(contact)) now.contacts.erase(contact);
  }
  now.contacts.insert(before.contacts.begin(), before.contacts.end());
  std::set<std::string> back;
  for (const std::string& identity : theirs.identities) {
    if (now.identities.erase(identity) > 0) back.insert(identity);
  }
  theirs.identities = std::move(back);
  if (before.household.empty() && now.household == theirs.household) now.household.clear();
  if (!theirs.household.empty() && MembersOf(theirs.household).size() >= kMaxMembers) {
    theirs.household.clear();
  }
  customers_[merged] = std::move(theirs);
  survivors_.erase(merged);
  merges_.erase(kept);
  Move(surviving, merged, /*undo=*/true);
  return EntryResult::REFUSAL_UNSPECIFIED;
}

void ApplyModel::EraseMerged(const std::string& id) {
  std::vector<std::string> merged;
  for (const auto& [pair, kept] : merges_) {
    if (pair.first == id) merged.push_back(pair.second);
  }
  for (const std::string& each : merged) {
    merges_.erase({id, each});
    survivors_.erase(each);
    journals_.erase(each);
    EraseMerged(each);
  }
}

EntryResult::Refusal ApplyModel::Erase(const std::string& id) {
  if (SurvivorOf(id) != id) return EntryResult::REFUSAL_NOT_FOUND;
  const auto journal = journals_.find(id);
  const bool has_journal = journal != journals_.end() &&
                           !(journal->second.events.empty() && journal->second.outcomes.empty());
  if (!customers_.contains(id) && !has_journal) return EntryResult::REFUSAL_NOT_FOUND;
  customers_.erase(id);
  journals_.erase(id);
  EraseMerged(id);
  return EntryResult::REFUSAL_UNSPECIFIED;
}

}  // namespace touchstone::store
