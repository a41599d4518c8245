#include "rules/eligibility/probe.h"

namespace touchstone::rules {

ValueKey Ask(const Subject& subject, EligibilityProbe& probe) {
  if (subject.slot.has_value()) {
    const expr::Value value = ReadSlot(probe.frame, *subject.slot);
    return subject.kind == Subject::Kind::kPresence ? KeyOf(KeyKind::kBool, PresenceOf(value))
                                                    : KeyOf(subject.key_kind, value);
  }
  const expr::Value value = subject.program->Evaluate(probe.frame, probe.expr);
  if (value.IsError() && value.error() == expr::ErrorCode::kStepLimit) {
    probe.step_limit_reached = true;
  }
  return KeyOf(subject.key_kind, value);
}

}  // namespace touchstone::rules
