#include "rules/expr/environment.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace touchstone::rules::expr {
namespace {

bool IsInside(absl::string_view name, absl::string_view prefix) {
  return absl::ConsumePrefix(&name, prefix) && !name.empty() && name.front() == '.';
}

}  // namespace

absl::Status Environment::Declare(VariableDecl variable) {
  if (constant_by_name_.contains(variable.name) || variable_by_name_.contains(variable.name)) {
    return absl::AlreadyExistsError(absl::StrCat("\"", variable.name, "\" is already declared"));
  }
  variable_by_name_.emplace(variable.name, static_cast<uint32_t>(variables_.size()));
  variables_.push_back(std::move(variable));
  return absl::OkStatus();
}

absl::Status Environment::Declare(ConstantDecl constant) {
  if (constant_by_name_.contains(constant.name) || variable_by_name_.contains(constant.name)) {
    return absl::AlreadyExistsError(absl::StrCat("\"", constant.name, "\" is already declared"));
  }
  constant_by_name_.emplace(constant.name, static_cast<uint32_t>(constants_.size()));
  constants_.push_back(std::move(constant));
  return absl::OkStatus();
}

const VariableDecl* Environment::FindVariable(absl::string_view name) const {
  const auto found = variable_by_name_.find(name);
  return found == variable_by_name_.end() ? nullptr : &variables_[found->second];
}

std::optional<uint32_t> Environment::FindConstant(absl::string_view name) const {
  const auto found = constant_by_name_.find(name);
  if (found == constant_by_name_.end()) return std::nullopt;
  return found->second;
}

bool Environment::IsNamespace(absl::string_view prefix) const {
  for (const VariableDecl& variable : variables_) {
    if (IsInside(variable.name, prefix)) return true;
  }
  for (const ConstantDecl& constant : constants_) {
    if (IsInside(constant.name, prefix)) return true;
  }
  return false;
}

}  // namespace touchstone::rules::expr
