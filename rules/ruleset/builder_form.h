#pragma once

// Conditions as a visual builder shows them (proto/touchstone/v1/builder_form.proto), and back to
// text.
//
// The form is given when and only when it says exactly what the condition says: of a form that
// ToBuilderForm gives, BuilderFormText makes a text that parses to the same tree. Whatever the form
// has no place for (functions, arithmetic, macros, a literal before its fact...) is text only.
// Thread safety: pure functions. Cost: linear; for authoring, never on the way to an answer.

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rules/expr/ast.h"
#include "touchstone/v1/builder_form.pb.h"

namespace touchstone::rules {

// Levels of BuilderCondition in one another. Twice as many messages must stay below the 100 levels
// that protobuf reads.
inline constexpr int kMaxBuilderDepth = 32;

// nullopt: text only. REQUIRES: `checked` has passed Check, since what a name stands for decides
// whether it is a fact.
std::optional<v1::BuilderCondition> ToBuilderForm(const expr::Expr& checked);

// Canonical CEL of a form. InvalidArgument with the path of what is wrong
// ("all.conditions[2].comparison.fact") when the form is incomplete or holds what no expression
// can. Whether its facts exist and the types fit is the checker's to say, of the text.
absl::StatusOr<std::string> BuilderFormText(const v1::BuilderCondition& form);

// An error of BuilderFormText in its parts. The path is empty where it is about the whole form.
struct BuilderFormError {
  std::string path;
  std::string message;
};
BuilderFormError BuilderFormErrorOf(const absl::Status& error);

}  // namespace touchstone::rules
