#include "server/import/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace touchstone::server {
namespace {

constexpr int64_t kRowsBetweenLooks = 256;
constexpr int kBarCells = 20;
constexpr std::chrono::milliseconds kTerminalInterval(200);
constexpr std::chrono::seconds kPlainInterval(10);

}  // namespace

bool IsTerminal() { return isatty(fileno(stderr)) != 0; }

std::string Progress::Bar(double fraction) {
  const int cells = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBarCells);
  return absl::StrFormat("[%-*s]", kBarCells, std::string(static_cast<size_t>(cells), '#'));
}

std::string Progress::Line(int64_t rows, double fraction, double seconds) {
  std::string line = absl::StrFormat("%3.0f%%  %d rows", fraction * 100, rows);
  if (seconds <= 0) return line;
  absl::StrAppendFormat(&line, "  %.0f/s", static_cast<double>(rows) / seconds);
  if (fraction > 0.001 && fraction < 1) {
    const absl::Duration left = absl::Seconds(seconds * (1 - fraction) / fraction);
    absl::StrAppend(&line, "  ", absl::FormatDuration(absl::Ceil(left, absl::Seconds(1))), " left");
  }
  return line;
}

void Progress::Update(int64_t rows, double fraction) {
  if (rows % kRowsBetweenLooks != 0) return;
  const Clock::time_point now = Clock::now();
  if (now - last_ <
      (terminal_ ? Clock::duration(kTerminalInterval) : Clock::duration(kPlainInterval))) {
    return;
  }
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const std::string line = Line(rows, fraction, seconds);
  if (terminal_) {
    // Trailing blanks cover what a longer line left.
    std::fprintf(stderr, "\r%s %s   ", Bar(fraction).c_str(), line.c_str());
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  drawn_ = terminal_;
}

void Progress::End() {
  if (drawn_) std::fprintf(stderr, "\r%90s\r", "");
  drawn_ = false;
}

}  // namespace touchstone::server
