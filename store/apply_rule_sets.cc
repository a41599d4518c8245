// Commands on what head office owns: revisions, the active pointer, paused offers, reference
// tables.

#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/apply_commands.h"
#include "store/grants.h"
#include "store/keys.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

absl::Status MarkRolledBack(uint64_t revision, PendingWrites* writes) {
  const std::string row = NumberRow(kRevisionInfoPrefix, revision);
  auto info = ReadMessage<storage::RevisionInfo>(Family::kRevisions, row, writes);
  if (!info.ok()) return info.status();
  if (!info->has_value()) return absl::OkStatus();
  (*info)->set_rolled_back(true);
  writes->Put(Family::kRevisions, row, (*info)->SerializeAsString());
  return absl::OkStatus();
}

EntryResult NoSuchRevision() { return Refuse(EntryResult::REFUSAL_NOT_FOUND, "no such revision"); }

}  // namespace

AppliedOr ApplyImportReference(const storage::ImportReference& command, PendingWrites* writes) {
  if (!IsValidId(command.table())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "table: 1-64 bytes of [A-Za-z0-9._-]");
  }
  const uint64_t version = writes->progress().last_reference_version() + 1;
  writes->progress().set_last_reference_version(version);
  writes->Put(Family::kReference, ReferenceRow(command.table(), version), command.snapshot());
  EntryResult result;
  result.set_reference_version(version);
  return result;
}

AppliedOr ApplyCreateRevision(const storage::CreateRevision& command, int64_t time_us,
                              PendingWrites* writes) {
  const uint64_t last = writes->progress().last_revision();
  EntryResult result;
  auto latest = ReadMessage<storage::RevisionInfo>(Family::kRevisions,
                                                   NumberRow(kRevisionInfoPrefix, last), writes);
  if (!latest.ok()) return latest.status();
  if (latest->has_value() && !command.content_hash().empty() &&
      (*latest)->content_hash() == command.content_hash()) {
    result.set_revision(last);
    return result;
  }
  storage::RevisionInfo info;
  info.set_revision(last + 1);
  info.set_content_hash(command.content_hash());
  info.set_author(command.author());
  info.set_note(command.note());
  info.set_created_time_us(time_us);
  info.set_offer_count(command.offer_count());
  writes->progress().set_last_revision(info.revision());
  writes->Put(Family::kRevisions, NumberRow(kRevisionInfoPrefix, info.revision()),
              info.SerializeAsString());
  writes->Put(Family::kRevisions, NumberRow(kRuleSetPrefix, info.revision()), command.rule_set());
  result.set_revision(info.revision());
  result.set_created(true);
  return result;
}

AppliedOr ApplyApproveRevision(const storage::ApproveRevision& command, int64_t time_us,
                               PendingWrites* writes) {
  if (command.approver().empty()) {
    return Refuse(EntryResult::REFUSAL_INVALID, "approver: must be named");
  }
  const std::string row = NumberRow(kRevisionInfoPrefix, command.revision());
  auto info = ReadMessage<storage::RevisionInfo>(Family::kRevisions, row, writes);
  if (!info.ok()) return info.status();
  if (!info->has_value()) return NoSuchRevision();
  if ((*info)->author() == command.approver()) {
    return Refuse(EntryResult::REFUSAL_AUTHOR_MAY_NOT_APPROVE,
                  "the author of a revision cannot approve it");
  }
  (*info)->set_approver(command.approver());
  (*info)->set_approved_time_us(time_us);
  writes->Put(Family::kRevisions, row, (*info)->SerializeAsString());
  EntryResult result;
  result.set_revision(command.revision());
  return result;
}

namespace {

using TermsById = std::map<std::pair<uint32_t, uint32_t>, storage::KeptTerms>;

std::pair<uint32_t, uint32_t> KeyOf(const storage::KeptTerms& terms) {
  return {static_cast<uint32_t>(terms.offer()), terms.id()};
}

bool IsWellFormed(const storage::KeptTerms& terms) {
  return IsValidId(terms.offer_id()) && terms.offer() != 0 &&
         terms.offer() <= std::numeric_limits<uint32_t>::max() && terms.id() != 0 &&
         !terms.body().empty() && !terms.live();
}

absl::StatusOr<TermsById> ReadKeptTerms(const PendingWrites& writes) {
  TermsById stored;
  const std::string prefix(1, kKeptTermsPrefix);
  Database::PrefixIterator rows = writes.committed().Iterate(Family::kRevisions, prefix, prefix);
  for (; rows.Valid(); rows.Next()) {
    storage::KeptTerms terms;
    if (!terms.ParseFromArray(rows.value().data(), static_cast<int>(rows.value().size()))) {
      return absl::DataLossError("revisions: malformed terms");
    }
    const std::pair<uint32_t, uint32_t> key = KeyOf(terms);
    stored.emplace(key, std::move(terms));
  }
  if (!rows.status().ok()) return rows.status();
  return stored;
}

AppliedOr CheckTerms(const storage::PublishRevision& command, const TermsById& stored,
                     int64_t time_us, const PendingWrites& writes) {
  std::set<std::pair<uint32_t, uint32_t>> named;
  for (const storage::KeptTerms& terms : command.terms()) {
    if (!IsWellFormed(terms) || !named.insert(KeyOf(terms)).second) {
      return Refuse(EntryResult::REFUSAL_INVALID, "terms: of an offer, each once");
    }
    const auto known = stored.find(KeyOf(terms));
    if (known == stored.end()) continue;
    if (known->second.offer_id() != terms.offer_id() || known->second.body() != terms.body()) {
      return Refuse(EntryResult::REFUSAL_INVALID,
                    absl::StrCat("the terms of the offer ", terms.offer_id(),
                                 " have the id of other terms that grants keep: change its title"));
    }
  }
  const auto open = OpenTerms(writes.committed(), time_us);
  if (!open.ok()) return open.status();
  for (const std::pair<uint32_t, uint32_t>& terms : *open) {
    if (terms.second == 0 || named.contains(terms)) continue;
    return Refuse(EntryResult::REFUSAL_TERMS_MISSING, "open grants keep terms that are not named");
  }
  return EntryResult();
}

void WriteTerms(const storage::PublishRevision& command, TermsById stored, PendingWrites* writes) {
  const auto put = [writes](storage::KeptTerms terms, bool live) {
    terms.set_live(live);
    const auto [offer, id] = KeyOf(terms);
    writes->Put(Family::kRevisions, KeptTermsRow(offer, id), terms.SerializeAsString());
  };
  for (const storage::KeptTerms& terms : command.terms()) {
    const auto known = stored.find(KeyOf(terms));
    if (known == stored.end() || !known->second.live()) put(terms, true);
    if (known != stored.end()) stored.erase(known);
  }
  for (const auto& [key, terms] : stored) {
    if (terms.live()) put(terms, false);
  }
}

}  // namespace

AppliedOr ApplyPublishRevision(const storage::PublishRevision& command, int64_t time_us,
                               PendingWrites* writes) {
  auto info = ReadMessage<storage::RevisionInfo>(
      Family::kRevisions, NumberRow(kRevisionInfoPrefix, command.revision()), writes);
  if (!info.ok()) return info.status();
  if (!info->has_value()) return NoSuchRevision();
  if (command.require_approval() && (*info)->approver().empty()) {
    return Refuse(EntryResult::REFUSAL_NOT_APPROVED, "the revision has not been approved");
  }
  if (command.rollback() && (*info)->published_epoch() == 0) {
    return Refuse(EntryResult::REFUSAL_NEVER_PUBLISHED, "the revision was never active");
  }
  const absl::StatusOr<storage::ActiveRevision> before = ReadActive(writes);
  if (!before.ok()) return before.status();
  if (command.expected_epoch() != 0 && command.expected_epoch() != before->epoch()) {
    return Refuse(EntryResult::REFUSAL_EPOCH_CHANGED, "another revision was published meanwhile");
  }
  absl::StatusOr<TermsById> terms = ReadKeptTerms(*writes);
  if (!terms.ok()) return terms.status();
  if (AppliedOr checked = CheckTerms(command, *terms, time_us, *writes); IsRefused(checked)) {
    return checked;
  }
  WriteTerms(command, *std::move(terms), writes);
  storage::ActiveRevision next;
  next.set_revision(command.revision());
  next.set_epoch(before->epoch() + 1);
  next.set_published_time_us(time_us);
  next.set_publisher(command.publisher());
  next.set_previous_revision(before->revision());
  next.set_rollout(command.rollout());
  writes->Put(Family::kMeta, kActiveRevisionRow, next.SerializeAsString());
  if (command.rollback()) {
    if (absl::Status marked = MarkRolledBack(before->revision(), writes); !marked.ok()) {
      return marked;
    }
  }
  if (absl::Status begun = BeginBackfill(command, time_us, writes); !begun.ok()) return begun;
  (*info)->set_published_time_us(time_us);
  (*info)->set_published_epoch(next.epoch());
  (*info)->set_rolled_back(false);
  writes->Put(Family::kRevisions, NumberRow(kRevisionInfoPrefix, command.revision()),
              (*info)->SerializeAsString());
  EntryResult result;
  result.set_revision(next.revision());
  result.set_epoch(next.epoch());
  result.set_previous_revision(next.previous_revision());
  result.set_answer(command.answer());
  return result;
}

AppliedOr ApplyPauseOffer(const storage::PauseOffer& command, int64_t time_us,
                          PendingWrites* writes) {
  if (!IsValidId(command.offer_id())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "offer_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  storage::PausedOffer paused;
  paused.set_offer_id(command.offer_id());
  paused.set_principal(command.principal());
  paused.set_reason(command.reason());
  paused.set_time_us(time_us);
  writes->Put(Family::kMeta, PausedOfferRow(command.offer_id()), paused.SerializeAsString());
  return EntryResult();
}

AppliedOr ApplyResumeOffer(const storage::ResumeOffer& command, PendingWrites* writes) {
  const std::string row = PausedOfferRow(command.offer_id());
  absl::StatusOr<std::optional<std::string>> paused = writes->Get(Family::kMeta, row);
  if (!paused.ok()) return paused.status();
  if (!paused->has_value()) {
    return Refuse(EntryResult::REFUSAL_NOT_FOUND, "the offer was not paused");
  }
  writes->Delete(Family::kMeta, row);
  return EntryResult();
}

}  // namespace touchstone::store
