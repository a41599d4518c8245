#pragma once

// Two elementary functions that give the same bits on every machine: those of the C library differ
// between its versions, and a decision must not.
//
// Thread safety: pure functions. Accuracy: within 4 units in the last place of the true value (the
// tests hold them to a vector of bits). Cost: about 20 multiplications.

namespace touchstone::rules {

// 2 to the power of minus x. REQUIRES: 0 <= x <= 1000.
double HalfToThe(double x);

// The natural logarithm. REQUIRES: x is finite and at least 1.
double NaturalLogarithm(double x);

}  // namespace touchstone::rules
