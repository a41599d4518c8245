#include "server/import/grant_row.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/import/row_subject.h"
#include "server/import/row_value.h"

namespace touchstone::server {
namespace {

// Nothing when the mapping or the row says none.
absl::StatusOr<std::optional<absl::Time>> GivenTime(const std::optional<ValueSource>& source,
                                                    absl::string_view name, const Mapping& mapping,
                                                    const Row& row) {
  if (!source.has_value()) return std::nullopt;
  const absl::StatusOr<absl::Time> time = TimeOf(*source, mapping, row);
  if (!time.ok()) return Named(name, time.status());
  if (*time == absl::InfinitePast()) return std::nullopt;
  return *time;
}

absl::Status MapUses(const Mapping& mapping, const Row& row, v1::GrantItem* to) {
  if (!mapping.uses.has_value()) return absl::OkStatus();
  const absl::StatusOr<v1::AttributeValue> uses = ValueOf(*mapping.uses, mapping, row);
  if (!uses.ok()) return Named("uses", uses.status());
  if (uses->kind_case() == v1::AttributeValue::KIND_NOT_SET) return absl::OkStatus();
  // The server takes 0 as once: what was used up elsewhere must not come to life here.
  if (uses->int_value() < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("uses: `", uses->int_value(), "` is not 1 or more"));
  }
  to->set_max_uses(uses->int_value());
  return absl::OkStatus();
}

}  // namespace

absl::Status MapGrantRow(const Mapping& mapping, const Row& row, v1::GrantItem* to) {
  if (absl::Status set = SetSubject(mapping, row, to); !set.ok()) return set;
  absl::StatusOr<std::string> offer = NeededText(mapping.offer, "offer", mapping, row);
  if (!offer.ok()) return offer.status();
  to->set_offer_id(*std::move(offer));
  const auto start = GivenTime(mapping.start, "start", mapping, row);
  if (!start.ok()) return start.status();
  if (start->has_value()) SetTime(**start, to->mutable_start_time());
  const auto end = GivenTime(mapping.end, "end", mapping, row);
  if (!end.ok()) return end.status();
  if (end->has_value()) SetTime(**end, to->mutable_end_time());
  return MapUses(mapping, row, to);
}

}  // namespace touchstone::server
