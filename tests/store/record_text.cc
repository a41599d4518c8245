#include "tests/store/record_text.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace touchstone::store {
namespace {

std::string ListText(const StringListView& list) {
  std::string text = "[";
  for (size_t i = 0; i < list.size(); ++i) absl::StrAppend(&text, absl::CHexEscape(list[i]), ",");
  return text + "]";
}

std::string ValueText(const ValueView& value) {
  switch (value.type()) {
    case ValueType::kBool:
      return value.bool_value() ? "true" : "false";
    case ValueType::kDouble:
      return absl::StrCat("double ", value.double_value());
    case ValueType::kMoney:
      return absl::StrCat(value.money_amount_minor(), absl::CHexEscape(value.currency_code()));
    case ValueType::kString:
      return absl::StrCat("\"", absl::CHexEscape(value.string_value()), "\"");
    case ValueType::kStringList:
      return ListText(value.string_list());
    case ValueType::kRecordList: {
      std::string text = "{";
      const RecordListView records = value.record_list();
      for (size_t i = 0; i < records.size(); ++i) {
        const FieldsView fields = records[i];
        for (size_t j = 0; j < fields.size(); ++j) {
          absl::StrAppend(&text, fields.id(j), "=", ValueText(fields.value(j)), ";");
        }
        text += "|";
      }
      return text + "}";
    }
    default:
      break;
  }
  const int type = static_cast<int>(value.type());
  if (IsHeapType(static_cast<uint8_t>(type))) {
    return absl::StrCat(type, ":", absl::CHexEscape(value.heap_payload()));
  }
  return absl::StrCat(type, ":", value.inline_payload());
}

std::string AggregateText(const AggregateView& a) {
  std::string text;
  switch (a.kind()) {
    case AggregateView::Kind::kBuckets:
      absl::StrAppend(&text, " ", a.first_us(), "..", a.last_us());
      for (size_t i = 0; i < a.bucket_count(); ++i) {
        const Bucket b = a.bucket(i);
        absl::StrAppend(&text, " ", b.number, ":", b.count, "/", b.sum);
      }
      break;
    case AggregateView::Kind::kCells:
      absl::StrAppend(&text, " rule ", static_cast<int>(a.rule()));
      for (size_t i = 0; i < a.cell_count(); ++i) {
        const CellView c = a.cell(i);
        absl::StrAppend(&text, " ", c.bucket, ":", c.time_us, "/", c.number, "/", c.closed, "/",
                        ValueText(c.value));
      }
      break;
    case AggregateView::Kind::kDistinct:
      absl::StrAppend(&text, a.is_sketch() ? " sketch" : " values");
      for (size_t i = 0; i < a.entry_count(); ++i) {
        const DistinctEntry e = a.entry(i);
        absl::StrAppend(&text, " ", e.hash, "/", e.reg, "/", static_cast<int>(e.rank), "/",
                        e.bucket);
      }
      break;
  }
  return text;
}

}  // namespace

std::string RecordText(const RecordView& record) {
  std::string text = absl::StrCat("version ", record.version(), "\n");
  for (size_t i = 0; i < record.attribute_count(); ++i) {
    const AttributeView a = record.attribute(i);
    absl::StrAppend(&text, "attribute ", a.id, " ", ValueText(a.value), " from ", a.source, " at ",
                    a.as_of_s, "\n");
  }
  for (size_t i = 0; i < record.aggregate_count(); ++i) {
    const std::optional<AggregateView> a = record.aggregate(i);
    if (!a.has_value()) continue;
    absl::StrAppend(&text, "aggregate ", a->id(), a->stale() ? " stale" : "",
                    a->incomplete() ? " incomplete" : "", AggregateText(*a), "\n");
  }
  for (size_t i = 0; i < record.contact_count(); ++i) {
    const ContactView c = record.contact(i);
    absl::StrAppend(&text, "contact ", c.offer, " ", c.transaction, " ", c.time_us, " ", c.channel,
                    " ", static_cast<int>(c.kind), " ", static_cast<int>(c.direction));
    for (size_t j = 0; j < c.limit_count; ++j) absl::StrAppend(&text, " ", c.limit(j));
    text += "\n";
  }
  absl::StrAppend(&text, "dropped ", record.contacts_dropped(), "\n");
  absl::StrAppend(&text, "identities ", ListText(record.identities()), "\n");
  for (size_t i = 0; i < record.consent_count(); ++i) {
    const ConsentView c = record.consent(i);
    absl::StrAppend(&text, "consent ", absl::CHexEscape(c.purpose), " ", c.granted, " ", c.time_us,
                    " from ", c.source, "\n");
  }
  for (size_t i = 0; i < record.grant_count(); ++i) {
    const GrantView g = record.grant(i);
    absl::StrAppend(&text, "grant ", absl::CHexEscape(g.id), " ", g.offer, "/", g.terms, " ",
                    g.start_us, "..", g.end_us, " ", g.uses_left);
    for (size_t j = 0; j < g.holder_count; ++j) absl::StrAppend(&text, " ", g.holder(j));
    text += "\n";
  }
  return text;
}

}  // namespace touchstone::store
