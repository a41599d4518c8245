// Writes docs/rules/diagnostics.md to standard output.

#include <iostream>

#include "rules/ruleset/diagnostic_codes.h"

int main() {
  std::cout << touchstone::rules::DiagnosticCodesPage();
  return std::cout.good() ? 0 : 2;
}
