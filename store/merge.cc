#include "store/merge.h"

#include "absl/container/inlined_vector.h"
#include "store/keys.h"
#include "store/record_layout.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

thread_local bool presence_only = false;

absl::string_view View(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

}  // namespace

PresenceRead::PresenceRead() { presence_only = true; }

PresenceRead::~PresenceRead() { presence_only = false; }

bool RecordMergeOperator::FullMergeV2(const MergeOperationInput& in,
                                      MergeOperationOutput* out) const {
  if (presence_only) {
    out->existing_operand = in.operand_list.back();
    return true;
  }
  absl::InlinedVector<absl::string_view, 16> patches;
  for (const rocksdb::Slice& operand : in.operand_list) patches.push_back(View(operand));
  absl::StatusOr<std::string> merged = ApplyPatches(
      in.existing_value == nullptr ? absl::string_view() : View(*in.existing_value), patches);
  if (!merged.ok()) return false;
  out->new_value = *std::move(merged);
  return true;
}

bool RecordMergeOperator::PartialMergeMulti(const rocksdb::Slice& /*key*/,
                                            const std::deque<rocksdb::Slice>& operands,
                                            std::string* merged,
                                            rocksdb::Logger* /*logger*/) const {
  for (const rocksdb::Slice& operand : operands) merged->append(operand.data(), operand.size());
  return true;
}

RequestHead RequestHead::Read(absl::string_view value) {
  return RequestHead{LoadNumber<uint64_t>(value.data()), LoadNumber<int64_t>(value.data() + 8)};
}

void RequestHead::AppendTo(std::string* value) const {
  layout::AppendNumber(value, body_hash);
  layout::AppendNumber(value, time_us);
}

absl::StatusOr<std::optional<storage::EntryResult>> RecalledResult(absl::string_view row,
                                                                   uint64_t body_hash,
                                                                   int64_t newest_us) {
  storage::EntryResult first;
  if (row.size() < RequestHead::kBytes ||
      !first.ParseFromArray(row.data() + RequestHead::kBytes,
                            static_cast<int>(row.size() - RequestHead::kBytes))) {
    return absl::DataLossError("remembered request: malformed");
  }
  const RequestHead head = RequestHead::Read(row);
  if (head.ExpiredAt(newest_us)) return std::nullopt;
  if (head.body_hash != body_hash) {
    storage::EntryResult reused;
    reused.set_refusal(storage::EntryResult::REFUSAL_REQUEST_ID_REUSED);
    reused.set_refusal_detail("this request_id was used in the last 24 hours with another body");
    return reused;
  }
  first.set_replayed(true);
  return first;
}

bool RequestExpiry::Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& value,
                           std::string* /*new_value*/, bool* /*value_changed*/) const {
  if (key.empty() || key[0] != kRequestPrefix || value.size() < RequestHead::kBytes) return false;
  return RequestHead::Read(View(value)).ExpiredAt(newest_us_.load(std::memory_order_relaxed));
}

}  // namespace touchstone::store
