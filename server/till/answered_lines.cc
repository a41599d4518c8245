#include "server/till/answered_lines.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <utility>

#include "rules/facts/sip_hash.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr rules::SipKey kLineKey = {0x746f756368737430, 0x6c696e6573000001};
constexpr size_t kLongLength = 2;

// Calls `field` with the number of each field, its bytes, and of a submessage its content.
template <typename Function>
void ForEachField(absl::string_view bytes, const Function& field) {
  const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
  CodedInputStream input(begin, static_cast<int>(bytes.size()));
  while (true) {
    const auto from = static_cast<size_t>(input.CurrentPosition());
    const uint32_t tag = input.ReadTag();
    if (tag == 0) return;
    auto content = static_cast<size_t>(input.CurrentPosition());
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      uint32_t length = 0;
      if (!input.ReadVarint32(&length)) return;
      content = static_cast<size_t>(input.CurrentPosition());
      if (!input.Skip(static_cast<int>(length))) return;
    } else if (!WireFormatLite::SkipField(&input, tag)) {
      return;
    }
    const auto to = static_cast<size_t>(input.CurrentPosition());
    field(WireFormatLite::GetTagFieldNumber(tag), bytes.substr(from, to - from),
          bytes.substr(content, to - content));
  }
}

}  // namespace

void AnsweredLines::Write(absl::string_view transaction_id, absl::string_view response, bool whole,
                          WireWriter* out) {
  before_.clear();
  if (!whole && transaction_id == transaction_id_) std::swap(before_, lines_);
  lines_.clear();
  transaction_id_.assign(transaction_id.data(), transaction_id.size());
  ForEachField(response, [&](int number, absl::string_view bytes, absl::string_view content) {
    if (number == v1::DecideResponse::kBasketFieldNumber) {
      WriteBasket(content, out);
    } else {
      out->Raw(bytes);
    }
  });
}

void AnsweredLines::WriteBasket(absl::string_view basket, WireWriter* out) {
  const WireWriter::Submessage written =
      out->Begin(v1::DecideResponse::kBasketFieldNumber, kLongLength);
  ForEachField(basket, [&](int number, absl::string_view bytes, absl::string_view /*content*/) {
    if (number == v1::BasketResult::kLinesFieldNumber) {
      const uint64_t line = rules::SipHash64(kLineKey, bytes);
      lines_.insert(line);
      if (before_.contains(line)) return;
    }
    out->Raw(bytes);
  });
  out->End(written);
}

void AnsweredLines::Forget() {
  transaction_id_.clear();
  lines_.clear();
}

}  // namespace touchstone::server
