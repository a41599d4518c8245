#include "rules/expr/compiled_texts.h"

#include "rules/expr/ast.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {

template <typename Compiled>
typename CompiledTexts::Recent<Compiled>::Entry& CompiledTexts::Recent<Compiled>::Find(
    absl::string_view text, bool& is_new) {
  Entry* oldest = entries.data();
  ++uses;
  for (Entry& entry : entries) {
    if (entry.last_use != 0 && entry.text == text) {
      entry.last_use = uses;
      is_new = false;
      return entry;
    }
    if (entry.last_use < oldest->last_use) oldest = &entry;
  }
  is_new = true;
  oldest->text.assign(text.data(), text.size());
  oldest->compiled = Compiled();
  oldest->last_use = uses;
  return *oldest;
}

const RE2* CompiledTexts::Pattern(absl::string_view source) {
  bool is_new = false;
  auto& entry = patterns_.Find(source, is_new);
  if (is_new) {
    auto regex =
        std::make_unique<const RE2>(re2::StringPiece(source.data(), source.size()), RE2::Quiet);
    if (regex->ok() && regex->ProgramSize() <= limits::kMaxRegexProgramSize) {
      entry.compiled = std::move(regex);
    }
  }
  return entry.compiled.get();
}

const absl::TimeZone* CompiledTexts::Zone(absl::string_view name) {
  // Too long for any: not worth keeping.
  if (name.size() > kMaxZoneNameBytes) return nullptr;
  bool is_new = false;
  auto& entry = zones_.Find(name, is_new);
  absl::TimeZone zone;
  if (is_new && FindZone(name, &zone)) entry.compiled = zone;
  return entry.compiled.has_value() ? &*entry.compiled : nullptr;
}

}  // namespace touchstone::rules::expr
