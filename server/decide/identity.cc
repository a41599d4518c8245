#include "server/decide/identity.h"

#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace touchstone::server {
namespace {

using rules::IdentityForm;

constexpr size_t kMaxNamespaceBytes = 64;
constexpr size_t kMaxValueBytes = 128;

bool IsNamespace(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxNamespaceBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool IsValue(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxValueBytes && text.find('\0') == text.npos;
}

namespace phonenumbers = ::i18n::phonenumbers;
using phonenumbers::PhoneNumberUtil;

std::optional<std::string> ToE164(absl::string_view value, const std::string& country) {
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  phonenumbers::PhoneNumber number;
  // Without a country, numbers that do not name theirs cannot be parsed.
  const PhoneNumberUtil::ErrorType parsed =
      util.Parse(std::string(value), country.empty() ? "ZZ" : country, &number);
  // A number that can be dialled only inside its own town is nobody's.
  if (parsed != PhoneNumberUtil::NO_PARSING_ERROR ||
      util.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) {
    return std::nullopt;
  }
  std::string text;
  util.Format(number, PhoneNumberUtil::E164, &text);
  return text;
}

// Mailboxes are told apart by capitals in theory only; people write them either way.
std::optional<std::string> ToEmail(absl::string_view value) {
  value = absl::StripAsciiWhitespace(value);
  const size_t at = value.find('@');
  const bool is_address = at != absl::string_view::npos && at > 0 && at + 1 < value.size() &&
                          value.find('@', at + 1) == absl::string_view::npos &&
                          value.find_first_of(" \t\r\n") == absl::string_view::npos;
  if (!is_address) return std::nullopt;
  return absl::AsciiStrToLower(value);
}

std::optional<std::string> ToHex(absl::string_view value) {
  value = absl::StripAsciiWhitespace(value);
  const bool is_hex = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (!is_hex) return std::nullopt;
  return absl::AsciiStrToLower(value);
}

absl::string_view FormRule(const rules::IdentitySpec& spec) {
  switch (spec.form) {
    case IdentityForm::kPhone:
      return spec.country.empty() ? "must be a phone number with its country, such as +49 30 123456"
                                  : "must be a phone number";
    case IdentityForm::kEmail:
      return "must be an e-mail address";
    case IdentityForm::kHex:
      return "must be of digits and a to f";
    case IdentityForm::kAsGiven:
      break;
  }
  return "";
}

}  // namespace

bool IsIdentity(const v1::Identity& identity) {
  return IsNamespace(identity.namespace_()) && IsValue(identity.value());
}

void CheckIdentity(const v1::Identity& identity, absl::string_view field,
                   std::vector<Violation>* violations) {
  if (!IsNamespace(identity.namespace_())) {
    violations->push_back({absl::StrCat(field, ".namespace"), "must be 1 to 64 of [a-z0-9_]"});
  }
  if (!IsValue(identity.value())) {
    violations->push_back(
        {absl::StrCat(field, ".value"), "must be 1 to 128 bytes, none of them zero"});
  }
}

void CheckNewIdentity(IdentitySpecs declared, const v1::Identity& identity, absl::string_view field,
                      std::vector<Violation>* violations) {
  const size_t before = violations->size();
  CheckIdentity(identity, field, violations);
  if (violations->size() > before || declared.empty()) return;
  const rules::IdentitySpec* const spec = FindNamespace(declared, identity.namespace_());
  if (spec == nullptr) {
    violations->push_back({absl::StrCat(field, ".namespace"),
                           "is not a namespace that the schema of the active revision declares",
                           v1::ERROR_REASON_NAME_NOT_DECLARED});
  } else if (!InForm(*spec, identity.value()).has_value()) {
    violations->push_back({absl::StrCat(field, ".value"), std::string(FormRule(*spec)),
                           v1::ERROR_REASON_VALUE_INVALID});
  }
}

const rules::IdentitySpec* FindNamespace(IdentitySpecs declared, absl::string_view name) {
  const auto found =
      std::find_if(declared.begin(), declared.end(),
                   [name](const rules::IdentitySpec& spec) { return spec.name == name; });
  return found == declared.end() ? nullptr : &*found;
}

std::optional<std::string> InForm(const rules::IdentitySpec& spec, absl::string_view value) {
  switch (spec.form) {
    case IdentityForm::kPhone:
      return ToE164(value, spec.country);
    case IdentityForm::kEmail:
      return ToEmail(value);
    case IdentityForm::kHex:
      return ToHex(value);
    case IdentityForm::kAsGiven:
      break;
  }
  return std::string(value);
}

void AppendIdentityKey(IdentitySpecs declared, const v1::Identity& identity, std::string* key) {
  key->append(identity.namespace_());
  key->push_back(':');
  const rules::IdentitySpec* const spec =
      declared.empty() ? nullptr : FindNamespace(declared, identity.namespace_());
  if (spec != nullptr && spec->form != IdentityForm::kAsGiven) {
    if (const std::optional<std::string> in_form = InForm(*spec, identity.value())) {
      key->append(*in_form);
      return;
    }
  }
  key->append(identity.value());
}

std::string IdentityKey(IdentitySpecs declared, const v1::Identity& identity) {
  std::string key;
  AppendIdentityKey(declared, identity, &key);
  return key;
}

v1::Identity ParseIdentityKey(absl::string_view key) {
  v1::Identity identity;
  const size_t colon = key.find(':');
  if (colon != absl::string_view::npos) {
    identity.set_namespace_(std::string(key.substr(0, colon)));
    key.remove_prefix(colon + 1);
  }
  identity.set_value(std::string(key));
  return identity;
}

}  // namespace touchstone::server
