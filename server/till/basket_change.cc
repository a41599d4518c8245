#include "server/till/basket_change.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rules/facts/sip_hash.h"
#include "rules/ruleset/message_hash.h"
#include "server/decide/request_check.h"

namespace touchstone::server {
namespace {

constexpr rules::SipKey kChangeKey = {0x746f756368737430, 0x6368616e67650001};
constexpr int kGone = -1;

std::string At(absl::string_view list, int index) {
  return absl::StrCat("change.", list, "[", index, "]");
}

void CheckChange(const v1::BasketChange& change, std::vector<Violation>* violations) {
  if (!IsId(change.transaction_id())) {
    violations->push_back(
        {"change.transaction_id", "must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_', '-'"});
  }
  if (change.step() < 1) violations->push_back({"change.step", "must be 1 or more"});
  if (!change.tenders().empty() && !change.sets_tenders()) {
    violations->push_back({"change.tenders", "count only with sets_tenders"});
  }
}

// Removes what `gone` marks, in order.
template <typename Field>
void Remove(const std::vector<bool>& gone, Field* field) {
  int kept = 0;
  for (int i = 0; i < field->size(); ++i) {
    if (!gone[static_cast<size_t>(i)]) field->SwapElements(i, kept++);
  }
  field->DeleteSubrange(kept, field->size() - kept);
}

void ChangeLines(const v1::BasketChange& change, v1::Basket* basket,
                 std::vector<Violation>* violations) {
  absl::flat_hash_map<absl::string_view, int> at;
  for (int i = 0; i < basket->lines_size(); ++i) at[basket->lines(i).line_id()] = i;
  std::vector<bool> gone(static_cast<size_t>(basket->lines_size()));
  for (int i = 0; i < change.removed_lines_size(); ++i) {
    const auto found = at.find(change.removed_lines(i));
    if (found == at.end() || found->second == kGone) {
      violations->push_back({At("removed_lines", i), "is not a line of the open transaction"});
      continue;
    }
    gone[static_cast<size_t>(found->second)] = true;
    found->second = kGone;
  }
  absl::flat_hash_set<absl::string_view> named;
  for (int i = 0; i < change.lines_size(); ++i) {
    const v1::BasketLine& line = change.lines(i);
    const auto found = at.find(line.line_id());
    if (!named.insert(line.line_id()).second || (found != at.end() && found->second == kGone)) {
      violations->push_back({At("lines", i) + ".line_id", "is named twice in this change"});
    } else if (found != at.end()) {
      *basket->mutable_lines(found->second) = line;
    } else {
      *basket->add_lines() = line;
      gone.push_back(false);
    }
  }
  if (change.removed_lines_size() > 0) Remove(gone, basket->mutable_lines());
}

void ChangeCodes(const v1::BasketChange& change, v1::DecisionContext* context,
                 std::vector<Violation>* violations) {
  std::vector<bool> gone(static_cast<size_t>(context->codes_size()));
  for (int i = 0; i < change.removed_codes_size(); ++i) {
    int at = 0;
    while (at < context->codes_size() &&
           (gone[static_cast<size_t>(at)] || context->codes(at) != change.removed_codes(i))) {
      ++at;
    }
    if (at == context->codes_size()) {
      violations->push_back({At("removed_codes", i), "is not a code of the open transaction"});
    } else {
      gone[static_cast<size_t>(at)] = true;
    }
  }
  Remove(gone, context->mutable_codes());
  context->mutable_codes()->MergeFrom(change.codes());
}

// "12" of "[12].sku", which becomes ".sku"; false when there is none.
bool TakeIndex(absl::string_view* path, int* index) {
  const size_t end = path->find(']');
  if (!absl::ConsumePrefix(path, "[") || end == absl::string_view::npos) return false;
  if (!absl::SimpleAtoi(path->substr(0, end - 1), index)) return false;
  path->remove_prefix(end);
  return true;
}

// A field of a list to whose end the change added so many; empty when it was there before.
std::string FieldOfAdded(absl::string_view list, int size, int added, absl::string_view path) {
  int index = 0;
  if (!TakeIndex(&path, &index)) return absl::StrCat("change.", list, path);
  const int first = size - added;
  return index < first ? "" : absl::StrCat(At(list, index - first), path);
}

std::string FieldOfLine(const v1::BasketChange& change, const v1::DecideRequest& request,
                        absl::string_view path) {
  int index = 0;
  if (!TakeIndex(&path, &index)) return absl::StrCat("change.lines", path);
  if (index >= request.basket().lines_size()) return "";
  const std::string& line_id = request.basket().lines(index).line_id();
  for (int i = 0; i < change.lines_size(); ++i) {
    if (change.lines(i).line_id() == line_id) return absl::StrCat(At("lines", i), path);
  }
  return "";
}

bool HasAttribute(const v1::BasketChange& change, absl::string_view path) {
  if (!absl::ConsumePrefix(&path, "[")) return true;  // of all of them
  return change.attributes().contains(std::string(path.substr(0, path.find(']'))));
}

v1::DecideRequest StateAlone(const v1::DecideRequest& request) {
  v1::DecideRequest state = request;
  state.clear_placements();
  state.mutable_context()->clear_budget();
  return state;
}

}  // namespace

void ApplyChange(const v1::BasketChange& change, v1::DecideRequest* request,
                 std::vector<Violation>* violations) {
  CheckChange(change, violations);
  v1::DecisionContext* context = request->mutable_context();
  context->set_step(change.step());
  context->clear_occurred_at();
  if (change.has_occurred_at()) *context->mutable_occurred_at() = change.occurred_at();
  context->mutable_identities()->MergeFrom(change.identities());
  ChangeCodes(change, context, violations);
  if (change.lines_size() > 0 || change.removed_lines_size() > 0) {
    ChangeLines(change, request->mutable_basket(), violations);
  }
  if (change.sets_tenders()) *request->mutable_basket()->mutable_tenders() = change.tenders();
  for (const auto& [name, value] : change.attributes()) {
    (*request->mutable_attributes())[name] = value;
  }
  request->clear_placements();
}

bool AsksMore(const v1::BasketChange& change) {
  return change.placements_size() > 0 || change.has_budget();
}

void AskMore(const v1::BasketChange& change, v1::DecideRequest* request) {
  *request->mutable_placements() = change.placements();
  if (change.has_budget()) *request->mutable_context()->mutable_budget() = change.budget();
}

uint64_t ChangeHash(const v1::BasketChange& change) {
  v1::BasketChange lasting = change;
  lasting.clear_placements();
  lasting.clear_budget();
  lasting.clear_whole_answer();
  return rules::SipHash64(kChangeKey, rules::DeterministicBytes(lasting));
}

std::string FieldOfChange(const v1::BasketChange& change, const v1::DecideRequest& request,
                          absl::string_view field) {
  absl::string_view path = field;
  std::string changed;
  if (absl::ConsumePrefix(&path, "basket.lines")) {
    changed = FieldOfLine(change, request, path);
  } else if (absl::ConsumePrefix(&path, "basket.tenders")) {
    if (change.sets_tenders()) changed = absl::StrCat("change.tenders", path);
  } else if (absl::ConsumePrefix(&path, "context.identities")) {
    changed = FieldOfAdded("identities", request.context().identities_size(),
                           change.identities_size(), path);
  } else if (absl::ConsumePrefix(&path, "context.codes")) {
    changed = FieldOfAdded("codes", request.context().codes_size(), change.codes_size(), path);
  } else if (absl::ConsumePrefix(&path, "attributes")) {
    if (HasAttribute(change, path)) changed = absl::StrCat("change.attributes", path);
  } else if (absl::ConsumePrefix(&path, "placements")) {
    changed = absl::StrCat("change.placements", path);
  } else if (path == "context.occurred_at" || (path == "context.budget" && change.has_budget())) {
    changed = absl::StrCat("change.", absl::StripPrefix(path, "context."));
  }
  return changed.empty() ? std::string(field) : changed;
}

bool IsSameState(const v1::DecideRequest& one, const v1::DecideRequest& other) {
  return rules::DeterministicBytes(StateAlone(one)) == rules::DeterministicBytes(StateAlone(other));
}

}  // namespace touchstone::server
