#include "server/decide/request_reader.h"

#include <cstring>
#include <limits>
#include <string>

#include "absl/base/attributes.h"
#include "server/rpc/parse.h"

namespace touchstone::server {
namespace {

// One field of bytes that are a message.
struct Field {
  int number = 0;
  bool is_text = false;     // else a varint
  uint64_t value = 0;       // of a varint
  absl::string_view text;   // of a string or submessage
  absl::string_view whole;  // with its tag
};

// Walks over the fields of a message. Ordinary are fields 1 to 15 that are varints or have a
// length, their tags in one byte as everybody writes them.
class FieldWalk {
 public:
  explicit FieldWalk(absl::string_view bytes)
      : at_(reinterpret_cast<const uint8_t*>(bytes.data())), end_(at_ + bytes.size()) {}

  bool done() const { return at_ == end_; }

  // False: not ordinary, perhaps not even a message. REQUIRES: not done.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool Next(Field* field) {
    const uint8_t* begin = at_;
    const uint8_t tag = *at_++;
    field->number = tag >> 3;
    if (tag >= 0x80 || field->number == 0 || !Varint(&field->value)) return false;
    const int type = tag & 7;
    if (type == kDelimited) {
      const auto left = static_cast<uint64_t>(end_ - at_);
      if (at_ - begin > kMaxHeadBytes || field->value > left) return false;
      field->text = View(at_, at_ + field->value);
      at_ += field->value;
    } else if (type != kVarint) {
      return false;
    }
    field->is_text = type == kDelimited;
    field->whole = View(begin, at_);
    return true;
  }

 private:
  static constexpr int kVarint = 0;
  static constexpr int kDelimited = 2;
  // protobuf takes no length of more than five bytes.
  static constexpr int kMaxHeadBytes = 1 + 5;

  static absl::string_view View(const uint8_t* begin, const uint8_t* end) {
    return absl::string_view(reinterpret_cast<const char*>(begin),
                             static_cast<size_t>(end - begin));
  }

  bool Varint(uint64_t* value) {
    if (at_ == end_ || *at_ >= 0x80) return LongVarint(value);
    *value = *at_++;
    return true;
  }

  // Of up to nine bytes; a tenth, of numbers below zero, may hold one bit.
  bool LongVarint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const uint8_t byte = *at_++;
      if (shift == 63 && byte > 1) return false;
      *value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
};

template <typename Word>
uint64_t WordAt(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// Which is UTF-8, whatever it says. The last word overlaps the one before it.
bool IsAscii(absl::string_view text) {
  uint64_t seen = 0;
  const char* at = text.data();
  const size_t size = text.size();
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8) seen |= WordAt<uint64_t>(at + i);
    seen |= WordAt<uint64_t>(at + size - 8);
  } else if (size >= 4) {
    seen = WordAt<uint32_t>(at) | WordAt<uint32_t>(at + size - 4);
  } else {
    for (size_t i = 0; i < size; ++i) seen |= static_cast<unsigned char>(at[i]);
  }
  return (seen & 0x8080808080808080u) == 0;
}

bool TakeText(const Field& field, absl::string_view* text) {
  *text = field.text;
  return field.is_text && IsAscii(field.text);
}

bool TakeNumber(const Field& field, int64_t* number) {
  *number = static_cast<int64_t>(field.value);
  return !field.is_text;
}

template <typename Enum>
bool TakeEnum(const Field& field, Enum* value) {
  *value = static_cast<Enum>(field.value);
  return !field.is_text &&
         field.value <= static_cast<uint64_t>(std::numeric_limits<int32_t>::max());
}

// False: the line says more than a view holds, or is not ordinary.
bool TakePlainLine(absl::string_view bytes, LineView* line) {
  using Line = v1::BasketLine;
  Field field;
  for (FieldWalk walk(bytes); !walk.done();) {
    if (!walk.Next(&field)) return false;
    bool taken = false;
    switch (field.number) {
      case Line::kLineIdFieldNumber:
        taken = TakeText(field, &line->line_id);
        break;
      case Line::kSkuFieldNumber:
        taken = TakeText(field, &line->sku);
        break;
      case Line::kQuantityThousandthsFieldNumber:
        taken = TakeNumber(field, &line->quantity_thousandths);
        break;
      case Line::kUnitFieldNumber:
        taken = TakeText(field, &line->unit);
        break;
      case Line::kUnitPriceE4FieldNumber:
        taken = TakeNumber(field, &line->unit_price_e4);
        break;
      case Line::kPriceSourceFieldNumber:
        taken = TakeEnum(field, &line->price_source);
        break;
      case Line::kParentLineIdFieldNumber:
        taken = TakeText(field, &line->parent_line_id);
        break;
      case Line::kTaxCodeFieldNumber:
        taken = TakeText(field, &line->tax_code);
        break;
      case Line::kKindFieldNumber:
        taken = TakeEnum(field, &line->kind);
        break;
      default:
        break;
    }
    if (!taken) return false;
  }
  return true;
}

bool Merge(absl::string_view bytes, google::protobuf::MessageLite* message) {
  return bytes.empty() || !MergeRequest(bytes, message).has_value();
}

}  // namespace

LineView ViewLine(const v1::BasketLine& line) {
  LineView view;
  view.line_id = line.line_id();
  view.sku = line.sku();
  view.unit = line.unit();
  view.parent_line_id = line.parent_line_id();
  view.tax_code = line.tax_code();
  view.quantity_thousandths = line.quantity_thousandths();
  view.unit_price_e4 = line.unit_price_e4();
  view.price_source = line.price_source();
  view.kind = line.kind();
  view.message = &line;
  return view;
}

RequestView ViewRequest(const v1::DecideRequest& request, std::vector<LineView>* lines) {
  lines->clear();
  for (const v1::BasketLine& line : request.basket().lines()) lines->push_back(ViewLine(line));
  return {&request, *lines};
}

std::optional<Violation> RequestReader::Read(absl::string_view bytes) {
  if (ReadOrdinary(bytes)) return std::nullopt;
  read_whole_ = true;
  if (std::optional<Violation> wrong = ParseRequest(bytes, &request_)) return wrong;
  ViewRequest(request_, &lines_);
  return std::nullopt;
}

bool RequestReader::ReadOrdinary(absl::string_view bytes) {
  absl::string_view basket;  // with its tag
  absl::string_view basket_content;
  bool has_context = false;
  Field field;
  for (FieldWalk walk(bytes); !walk.done();) {
    if (!walk.Next(&field) || field.number > v1::DecideRequest::kAttributesFieldNumber)
      return false;
    has_context |= field.number == v1::DecideRequest::kContextFieldNumber;
    if (field.number != v1::DecideRequest::kBasketFieldNumber) continue;
    if (!field.is_text || basket.data() != nullptr) return false;
    basket = field.whole;
    basket_content = field.text;
  }
  const bool has_basket = basket.data() != nullptr;
  ClearForReuse(has_context, has_basket);
  lines_.clear();
  if (!has_basket) return Merge(bytes, &request_);
  const auto before = static_cast<size_t>(basket.data() - bytes.data());
  return Merge(bytes.substr(0, before), &request_) &&
         Merge(bytes.substr(before + basket.size()), &request_) && ReadBasket(basket_content);
}

bool RequestReader::ReadBasket(absl::string_view bytes) {
  v1::Basket& basket = *request_.mutable_basket();
  Field field;
  for (FieldWalk walk(bytes); !walk.done();) {
    if (!walk.Next(&field)) return false;
    if (field.is_text && field.number == v1::Basket::kLinesFieldNumber) {
      if (!ReadLine(field.text)) return false;
    } else if (field.is_text && field.number == v1::Basket::kCurrencyCodeFieldNumber &&
               IsAscii(field.text)) {
      basket.mutable_currency_code()->assign(field.text.data(), field.text.size());
    } else if (!Merge(field.whole, &basket)) {
      return false;
    }
  }
  return true;
}

bool RequestReader::ReadLine(absl::string_view bytes) {
  LineView line;
  if (TakePlainLine(bytes, &line)) {
    lines_.push_back(line);
    return true;
  }
  v1::BasketLine& message = *request_.mutable_basket()->add_lines();
  if (!Merge(bytes, &message)) return false;
  lines_.push_back(ViewLine(message));
  return true;
}

// Clear frees submessages, to make them again at once. What the coming request holds too is emptied
// and kept instead.
void RequestReader::ClearForReuse(bool has_context, bool has_basket) {
  if (read_whole_) request_.Clear();
  read_whole_ = false;
  request_.clear_placements();
  request_.clear_attributes();
  if (has_context && request_.has_context()) {
    request_.mutable_context()->Clear();
  } else {
    request_.clear_context();
  }
  if (has_basket && request_.has_basket()) {
    request_.mutable_basket()->Clear();
  } else {
    request_.clear_basket();
  }
}

}  // namespace touchstone::server
