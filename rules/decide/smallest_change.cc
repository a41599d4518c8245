#include "rules/decide/smallest_change.h"

#include <algorithm>

namespace touchstone::rules {
namespace {

// Guesses that may come of guesses that were too little.
constexpr int kMostNextGuesses = 3;

// Between an amount that is too little and one that is enough.
class Bracket {
 public:
  Bracket(int64_t too_little, int64_t most,
          absl::FunctionRef<std::optional<Trial>(int64_t)> try_amount)
      : too_little_(too_little), most_(most), try_amount_(try_amount) {}

  std::optional<int64_t> Narrow(absl::Span<const int64_t> guesses) {
    if (most_ <= too_little_) return std::nullopt;
    for (const int64_t guess : guesses) {
      if (!enough_.has_value()) TryGuess(guess);
    }
    for (int i = 0; i < kMostNextGuesses && !enough_.has_value(); ++i) TryGuess(next_guess_);
    if (enough_.has_value()) {
      // A good guess is right, or nearly so.
      for (int64_t step = 1; Open() && !down_; step *= 2) {
        down_ = !Try(std::max(*enough_ - step, too_little_ + 1));
      }
    } else if (!Try(most_)) {
      return std::nullopt;
    }
    while (Open()) Try(too_little_ + (*enough_ - too_little_) / 2);
    return stopped_ ? std::nullopt : enough_;
  }

 private:
  bool Open() const { return !stopped_ && *enough_ - too_little_ > 1; }

  void TryGuess(int64_t guess) {
    if (guess > too_little_ && guess <= most_) Try(guess);
  }

  bool Try(int64_t amount) {
    const std::optional<Trial> trial = stopped_ ? std::nullopt : try_amount_(amount);
    stopped_ = !trial.has_value();
    if (stopped_) return false;
    next_guess_ = trial->next_guess;
    if (trial->reached) {
      enough_ = amount;
    } else {
      too_little_ = amount;
    }
    return trial->reached;
  }

  int64_t too_little_;
  const int64_t most_;
  absl::FunctionRef<std::optional<Trial>(int64_t)> try_amount_;
  std::optional<int64_t> enough_;
  int64_t next_guess_ = 0;
  bool down_ = false;     // something less than a guess was too little
  bool stopped_ = false;  // no more trials
};

}  // namespace

std::optional<int64_t> SmallestChange(int64_t too_little, int64_t most,
                                      absl::Span<const int64_t> guesses,
                                      absl::FunctionRef<std::optional<Trial>(int64_t)> try_amount) {
  return Bracket(too_little, most, try_amount).Narrow(guesses);
}

}  // namespace touchstone::rules
