#include "tests/store/ledger_entries.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "store/record_patch.h"

namespace touchstone::store {

using storage::Claim;
using storage::ClaimRequest;
using storage::Entry;

namespace {

ClaimRequest ClaimOf(Claim::Kind kind, absl::string_view id, int64_t count) {
  ClaimRequest request;
  Claim& claim = *request.mutable_claim();
  claim.set_kind(kind);
  claim.set_id(std::string(id));
  claim.set_offer_id("beans-20");
  claim.set_count(count);
  return request;
}

std::string Redeemed(absl::string_view transaction_id, const std::vector<uint64_t>& offers) {
  RecordPatch patch;
  for (const uint64_t offer : offers) {
    patch.AddContact({.offer = offer,
                      .transaction = ContactTransaction(transaction_id),
                      .time_us = kTestTimeUs,
                      .channel = 1,
                      .kind = ContactKind::kRedeemed,
                      .direction = 0,
                      .limits = {}});
  }
  return patch.bytes();
}

}  // namespace

uint64_t ContactTransaction(absl::string_view transaction_id) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : transaction_id)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

ClaimRequest UsesClaim(absl::string_view budget, int64_t count, int64_t most_uses) {
  ClaimRequest request = ClaimOf(Claim::KIND_BUDGET, budget, count);
  request.set_most_uses(most_uses);
  return request;
}

ClaimRequest MoneyClaim(absl::string_view budget, int64_t minor, int64_t most_minor) {
  ClaimRequest request = ClaimOf(Claim::KIND_BUDGET, budget, 1);
  request.mutable_claim()->set_amount_minor(minor);
  request.mutable_claim()->set_currency("EUR");
  request.set_most_minor(most_minor);
  return request;
}

ClaimRequest DayClaim(absl::string_view budget, int64_t minor, int32_t day, int64_t most_minor,
                      int64_t most_minor_a_day) {
  ClaimRequest request = MoneyClaim(budget, minor, most_minor);
  request.mutable_claim()->set_by_day(true);
  request.mutable_claim()->set_day(day);
  request.set_most_minor_a_day(most_minor_a_day);
  return request;
}

ClaimRequest LimitClaim(absl::string_view limit, uint64_t offer, int64_t at_most, int64_t from_us) {
  ClaimRequest request = ClaimOf(Claim::KIND_LIMIT, limit, 1);
  request.mutable_claim()->set_offer_id(absl::StrCat("offer-", offer));
  request.mutable_claim()->set_offer(offer);
  request.set_at_most(at_most);
  request.set_from_us(from_us);
  return request;
}

ClaimRequest CodeClaim(absl::string_view code, absl::string_view offer_id) {
  ClaimRequest request = ClaimOf(Claim::KIND_CODE, code, 1);
  request.mutable_claim()->set_offer_id(std::string(offer_id));
  return request;
}

ClaimRequest GrantClaim(absl::string_view grant_id, absl::string_view offer_id) {
  ClaimRequest request = ClaimOf(Claim::KIND_GRANT, grant_id, 1);
  request.mutable_claim()->set_offer_id(std::string(offer_id));
  return request;
}

Entry AddGrantsEntry(const std::vector<std::string>& grant_ids, absl::string_view customer_id,
                     int64_t most_uses) {
  Entry entry = EmptyEntry();
  for (const std::string& id : grant_ids) {
    storage::AddGrants::Item& item = *entry.mutable_add_grants()->add_items();
    item.set_grant_id(id);
    storage::Code& terms = *item.mutable_terms();
    terms.set_offer_id("beans-20");
    terms.set_offer(20);
    terms.set_customer_id(std::string(customer_id));
    terms.set_most_uses(most_uses);
    terms.set_is_grant(true);
  }
  return entry;
}

Entry AddCodesEntry(const std::vector<std::string>& codes, int64_t most_uses,
                    absl::string_view customer_id) {
  Entry entry = EmptyEntry();
  storage::AddCodes& command = *entry.mutable_add_codes();
  command.mutable_terms()->set_offer_id("beans-20");
  command.mutable_terms()->set_customer_id(std::string(customer_id));
  command.mutable_terms()->set_most_uses(most_uses);
  for (const std::string& code : codes) command.add_codes(code);
  return entry;
}

Entry RevokeEntry(const std::vector<std::string>& codes) {
  Entry entry = EmptyEntry();
  for (const std::string& code : codes) entry.mutable_revoke_codes()->add_codes(code);
  return entry;
}

Entry ReserveEntry(absl::string_view transaction_id, int32_t step, const Claims& claims,
                   absl::string_view customer_id) {
  Entry entry = EmptyEntry();
  storage::Reserve& reserve = *entry.mutable_reserve();
  reserve.set_transaction_id(std::string(transaction_id));
  reserve.set_step(step);
  reserve.set_expire_us(kTestExpireUs);
  reserve.set_customer_id(std::string(customer_id));
  reserve.set_transaction(ContactTransaction(transaction_id));
  for (const ClaimRequest& claim : claims) *reserve.add_claims() = claim;
  reserve.set_body("body");
  reserve.set_answer(absl::StrCat("answer of ", step));
  reserve.set_time_us(kTestTimeUs);
  reserve.set_channel(1);
  return entry;
}

Entry CommitEntry(absl::string_view transaction_id, int32_t step, absl::string_view customer_id,
                  const std::vector<uint64_t>& offers) {
  Entry entry = EmptyEntry();
  storage::Commit& commit = *entry.mutable_commit();
  commit.set_transaction_id(std::string(transaction_id));
  commit.set_step(step);
  commit.mutable_sale()->set_sale("sale");
  commit.mutable_sale()->set_body("body");
  commit.mutable_sale()->set_customer_id(std::string(customer_id));
  commit.mutable_sale()->set_time_us(kTestTimeUs);
  commit.set_customer_patch(Redeemed(transaction_id, offers));
  return entry;
}

Entry ReleaseEntry(absl::string_view transaction_id, int32_t step) {
  Entry entry = EmptyEntry();
  entry.mutable_release()->set_transaction_id(std::string(transaction_id));
  entry.mutable_release()->set_step(step);
  return entry;
}

Entry SuspendEntry(absl::string_view transaction_id, int32_t step, int64_t expire_us) {
  Entry entry = EmptyEntry();
  entry.mutable_suspend()->set_transaction_id(std::string(transaction_id));
  entry.mutable_suspend()->set_step(step);
  entry.mutable_suspend()->set_expire_us(expire_us);
  return entry;
}

Entry ExpireEntry(const std::vector<std::string>& transaction_ids, int64_t time_us) {
  Entry entry = At(EmptyEntry(), time_us);
  storage::Expire& expire = *entry.mutable_expire();
  for (const std::string& id : transaction_ids) expire.add_transaction_ids(id);
  return entry;
}

Entry PostEntry(absl::string_view transaction_id, const Claims& claims,
                absl::string_view customer_id) {
  Entry entry = EmptyEntry();
  storage::PostSale& post = *entry.mutable_post_sale();
  post.set_transaction_id(std::string(transaction_id));
  post.set_step(1);
  post.mutable_sale()->set_sale("sale");
  post.mutable_sale()->set_body("body");
  post.mutable_sale()->set_customer_id(std::string(customer_id));
  post.mutable_sale()->set_time_us(kTestTimeUs);
  post.mutable_sale()->set_transaction(ContactTransaction(transaction_id));
  std::vector<uint64_t> offers;
  for (const ClaimRequest& claim : claims) {
    *post.add_claims() = claim;
    if (claim.claim().kind() == Claim::KIND_LIMIT) offers.push_back(claim.claim().offer());
  }
  post.set_customer_patch(Redeemed(transaction_id, offers));
  post.set_answer("posted");
  return entry;
}

Entry ReturnEntry(absl::string_view sale, uint32_t expected_version,
                  const std::vector<Claim>& restored) {
  Entry entry = EmptyEntry();
  storage::ReturnSale& command = *entry.mutable_return_sale();
  command.set_sale_transaction_id(std::string(sale));
  command.set_expected_version(expected_version);
  command.set_sale(absl::StrCat("sale after return ", expected_version));
  for (const Claim& claim : restored) *command.add_restored() = claim;
  command.set_answer("returned");
  return entry;
}

Entry OpenEntry(absl::string_view batch, const Claims& claims) {
  Entry entry = EmptyEntry();
  storage::AddOpeningUses& command = *entry.mutable_add_opening_uses();
  command.set_batch(std::string(batch));
  for (const storage::ClaimRequest& request : claims) {
    const storage::Claim& claim = request.claim();
    storage::AddOpeningUses::Item& item = *command.add_items();
    item.set_most_uses(request.most_uses());
    item.set_most_minor(request.most_minor());
    item.set_most_minor_a_day(request.most_minor_a_day());
    storage::OpeningUse& use = *item.mutable_use();
    use.set_budget_id(claim.id());
    use.set_count(claim.count());
    use.set_amount_minor(claim.amount_minor());
    use.set_currency(claim.amount_minor() == 0 ? "" : claim.currency());
    if (!claim.by_day()) continue;
    use.set_by_day(true);
    use.set_day(claim.day());
    use.set_day_minor(claim.amount_minor());
  }
  return entry;
}

Entry MergeEntry(absl::string_view surviving, absl::string_view merged, bool undo) {
  Entry entry = EmptyEntry();
  entry.mutable_merge_customers()->set_surviving(std::string(surviving));
  entry.mutable_merge_customers()->set_merged(std::string(merged));
  entry.mutable_merge_customers()->set_undo(undo);
  return entry;
}

Entry EraseEntry(absl::string_view customer_id) {
  Entry entry = EmptyEntry();
  entry.mutable_delete_customer()->set_customer_id(std::string(customer_id));
  return entry;
}

Entry At(Entry entry, int64_t time_us) {
  entry.set_time_us(time_us);
  return entry;
}

}  // namespace touchstone::store
