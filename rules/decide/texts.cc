#include "rules/decide/texts.h"

#include <charconv>
#include <string>

#include "absl/strings/match.h"
#include "absl/time/civil_time.h"
#include "rules/decide/verdict.h"
#include "rules/expr/amounts.h"
#include "rules/facts/layout.h"
#include "rules/money/fixed_point.h"

namespace touchstone::rules {
namespace {

using expr::Kind;
using expr::Value;

absl::string_view Language(absl::string_view tag) { return tag.substr(0, tag.find('-')); }

template <typename Number>
void AppendNumber(Number number, std::string& text) {
  char digits[32];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), number);
  text.append(digits, end.ptr);
}

void AppendPadded(int number, int width, std::string& text) {
  char digits[16];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), number);
  for (auto length = end.ptr - digits; length < width; ++length) text.push_back('0');
  text.append(digits, end.ptr);
}

void AppendDate(absl::CivilDay day, std::string& text) {
  AppendPadded(static_cast<int>(day.year()), 4, text);
  text.push_back('-');
  AppendPadded(day.month(), 2, text);
  text.push_back('-');
  AppendPadded(day.day(), 2, text);
}

void AppendClock(absl::CivilMinute local, std::string& text) {
  text.push_back(' ');
  AppendPadded(local.hour(), 2, text);
  text.push_back(':');
  AppendPadded(local.minute(), 2, text);
}

// Dates are kept as midnight UTC; any other moment is read off the rule set's clock.
void AppendTime(absl::Time time, bool is_date, const DecisionContext& context, std::string& text) {
  if (is_date) return AppendDate(absl::ToCivilDay(time, absl::UTCTimeZone()), text);
  const absl::CivilMinute local = absl::ToCivilMinute(time, context.rules.schema.zone);
  AppendDate(absl::CivilDay(local), text);
  AppendClock(local, text);
}

bool IsDate(expr::Slot slot, const DecisionContext& context) {
  const Schema& schema = context.rules.schema;
  const FactLayout& layout = *context.rules.layout;
  for (size_t i = 0; i < schema.customer.size(); ++i) {
    if (layout.customer_slot(i) == slot.index) return schema.customer[i].form == ValueForm::kDate;
  }
  for (size_t i = 0; i < schema.request.size(); ++i) {
    if (layout.request_slot(i) == slot.index) return schema.request[i].form == ValueForm::kDate;
  }
  for (size_t i = 0; i < schema.store.columns.size(); ++i) {
    if (layout.store_slot(i) == slot.index) {
      return schema.store.columns[i].form == ValueForm::kDate;
    }
  }
  return false;
}

void AppendFact(expr::Slot slot, const DecisionContext& context, std::string& text) {
  const Value& value = context.state.facts[slot.index];
  switch (value.kind()) {
    case Kind::kBool:
      text.append(value.bool_value() ? "true" : "false");
      return;
    case Kind::kInt:
      return AppendNumber(value.int_value(), text);
    case Kind::kUint:
      return AppendNumber(value.uint_value(), text);
    case Kind::kDouble:
      return AppendNumber(value.double_value(), text);
    case Kind::kString:
      text.append(value.string_value().data(), value.string_value().size());
      return;
    case Kind::kMoney: {
      // An amount of no currency is one of whatever currency it stands beside: here the decision's.
      const Value amount =
          expr::AddMoney(value.money_value(), {0, value.money_value().currency.is_none()
                                                      ? context.currency()
                                                      : value.money_value().currency});
      if (amount.IsError()) return;  // more decimals than the currency has
      const Money money = amount.money_value();
      text.append(FormatAmount(money));
      text.push_back(' ');
      text.append(money.currency.code().data(), money.currency.code().size());
      return;
    }
    case Kind::kDecimal:
      text.append(Format(value.decimal_value()));
      return;
    case Kind::kTimestamp:
      return AppendTime(value.timestamp_value(), IsDate(slot, context), context, text);
    default:
      return;  // absent, or of a kind that no text can carry
  }
}

// `near`: null in the text of a treatment.
void AppendBenefitAmount(uint32_t offer, const NearMiss* near, const DecisionContext& context,
                         std::string& text) {
  const OfferOutcome& outcome = context.state.outcomes[offer];
  if (near != nullptr && near->taken.amount_minor > 0) {
    return void(text.append(FormatAmount(near->taken)));
  }
  if (outcome.applied) return void(text.append(FormatAmount(outcome.taken)));
  const std::optional<BenefitSpec>& benefit = context.rules.offers[offer].benefit;
  if (!benefit.has_value() || benefit->off.kind != BenefitKind::kAmountOff) return;
  const std::optional<int64_t> amount = AmountIn(benefit->off.amount, context.currency());
  if (amount.has_value()) text.append(FormatAmount({*amount, context.currency()}));
}

void AppendBenefitPercent(uint32_t offer, const DecisionContext& context, std::string& text) {
  const std::optional<BenefitSpec>& benefit = context.rules.offers[offer].benefit;
  if (!benefit.has_value() || benefit->off.kind != BenefitKind::kPercentOff) return;
  constexpr int kPercentDecimals = 4;  // of parts per million
  text.append(
      FormatFixedPoint(benefit->off.parts_per_million, kPercentDecimals, TrailingZeros::kTrim));
}

// The day alone where it begins with it.
void AppendLocal(absl::CivilMinute local, std::string& text) {
  AppendDate(absl::CivilDay(local), text);
  if (local != absl::CivilMinute(absl::CivilDay(local))) AppendClock(local, text);
}

void Render(const TextTemplate& form, uint32_t offer, const NearMiss* near,
            DecisionContext& context, std::string& text) {
  text.clear();
  for (const TextTemplate::Piece& piece : form.pieces) {
    text.append(piece.literal);
    if (!piece.placeholder.has_value()) continue;
    switch (*piece.placeholder) {
      case TextTemplate::Placeholder::kBenefitAmount:
        AppendBenefitAmount(offer, near, context, text);
        break;
      case TextTemplate::Placeholder::kBenefitPercent:
        AppendBenefitPercent(offer, context, text);
        break;
      case TextTemplate::Placeholder::kFact:
        AppendFact(piece.slot, context, text);
        break;
      case TextTemplate::Placeholder::kNearMissCard:
        break;
      case TextTemplate::Placeholder::kNearMissSpend:
        text.append(FormatAmount({near->change.spend_minor, context.currency()}));
        break;
      case TextTemplate::Placeholder::kNearMissUnits:
        text.append(Format(near->change.quantity));
        break;
      case TextTemplate::Placeholder::kNearMissFrom:
        AppendLocal(near->change.local, text);
        break;
    }
  }
}

std::optional<NearMissChange::Kind> ChangeNamedBy(
    std::optional<TextTemplate::Placeholder> placeholder) {
  if (!placeholder.has_value()) return std::nullopt;
  switch (*placeholder) {
    case TextTemplate::Placeholder::kNearMissCard:
      return NearMissChange::Kind::kIdentify;
    case TextTemplate::Placeholder::kNearMissSpend:
      return NearMissChange::Kind::kSpend;
    case TextTemplate::Placeholder::kNearMissUnits:
      return NearMissChange::Kind::kUnits;
    case TextTemplate::Placeholder::kNearMissFrom:
      return NearMissChange::Kind::kFrom;
    default:
      return std::nullopt;
  }
}

// The first `characters` code points of UTF-8 text.
absl::string_view FirstCharacters(absl::string_view text, int characters) {
  if (text.size() <= static_cast<size_t>(characters)) return text;  // none is less than a byte
  size_t end = 0;
  while (end < text.size()) {
    const bool begins_character = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins_character && characters-- == 0) break;
    ++end;
  }
  return text.substr(0, end);
}

}  // namespace

size_t ChooseLocale(absl::Span<const std::string> locales, absl::string_view asked) {
  for (absl::string_view tag = asked; !tag.empty();
       tag = tag.substr(0, tag.rfind('-') == absl::string_view::npos ? 0 : tag.rfind('-'))) {
    for (size_t i = 0; i < locales.size(); ++i) {
      if (absl::EqualsIgnoreCase(locales[i], tag)) return i;
    }
  }
  for (size_t i = 0; i < locales.size(); ++i) {
    if (!asked.empty() && absl::EqualsIgnoreCase(Language(locales[i]), Language(asked))) return i;
  }
  return 0;
}

absl::Span<const absl::string_view> RenderTexts(uint32_t offer, uint16_t placement, size_t locale,
                                                DecisionContext& context) {
  const TreatmentSpec& treatment = *context.rules.offers[offer].treatments[placement];
  const std::vector<PlacementSpec::Field>& fields = context.rules.placements[placement].fields;
  expr::Arena& arena = context.state.expr.arena();
  absl::string_view* texts = arena.NewArray<absl::string_view>(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    Render(treatment.texts[i][locale], offer, nullptr, context, context.state.text);
    texts[i] = arena.Copy(FirstCharacters(context.state.text, fields[i].max_characters));
  }
  return absl::MakeConstSpan(texts, fields.size());
}

absl::Span<const FieldText> RenderNearMiss(const NearMiss& near, uint16_t placement,
                                           const TreatmentSpec& treatment, size_t locale,
                                           DecisionContext& context) {
  const std::vector<PlacementSpec::Field>& fields = context.rules.placements[placement].fields;
  expr::Arena& arena = context.state.expr.arena();
  auto* texts = arena.NewArray<FieldText>(fields.size());
  size_t count = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (treatment.texts[i].empty()) continue;
    Render(treatment.texts[i][locale], near.offer, &near, context, context.state.text);
    texts[count++] = {static_cast<uint16_t>(i),
                      arena.Copy(FirstCharacters(context.state.text, fields[i].max_characters))};
  }
  return absl::MakeConstSpan(texts, count);
}

bool SpeaksOf(const TreatmentSpec& treatment, size_t locale, NearMissChange::Kind kind) {
  for (const std::vector<TextTemplate>& by_locale : treatment.texts) {
    if (by_locale.empty()) continue;
    for (const TextTemplate::Piece& piece : by_locale[locale].pieces) {
      const std::optional<NearMissChange::Kind> named = ChangeNamedBy(piece.placeholder);
      if (named.has_value() && *named != kind) return false;
    }
  }
  return true;
}

bool TextsNeedMissing(const TreatmentSpec& treatment, size_t locale,
                      const DecisionContext& context) {
  for (const std::vector<TextTemplate>& by_locale : treatment.texts) {
    if (by_locale.empty()) continue;  // a near miss that leaves the field out
    for (const TextTemplate::Piece& piece : by_locale[locale].pieces) {
      if (piece.placeholder != TextTemplate::Placeholder::kFact) continue;
      const Value& fact = context.state.facts[piece.slot.index];
      if (fact.IsError() && IsMissing(fact.error())) return true;
    }
  }
  return false;
}

}  // namespace touchstone::rules
