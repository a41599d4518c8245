#pragma once

// How far an import has come, on standard error: a bar that is drawn again on a terminal, a line
// every ten seconds otherwise.
//
// Thread safety: for one thread.

#include <chrono>
#include <cstdint>
#include <string>

namespace touchstone::server {

// Whether standard error is a terminal.
bool IsTerminal();

class Progress {
 public:
  // `terminal`: as IsTerminal says.
  explicit Progress(bool terminal) : terminal_(terminal) {}

  // After each row: looks at the clock now and then only.
  void Update(int64_t rows, double fraction);
  // Clears the line.
  void End();

  // "[#########           ]": `fraction` of it.
  static std::string Bar(double fraction);
  // " 45%  123456 rows  51200/s  2m10s left".
  static std::string Line(int64_t rows, double fraction, double seconds);

 private:
  using Clock = std::chrono::steady_clock;

  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  bool drawn_ = false;
};

}  // namespace touchstone::server
