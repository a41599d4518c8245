#pragma once

// Whether a history of calls of several threads could have been made one after the other.
//
// Source: Wing and Gong, Testing and Verifying Concurrent Objects (1993), with the memory of states
// that were tried already of Lowe, Testing for Linearizability (2017).
// Thread safety: for one thread. Cost: in the worst case exponential in the threads; a state that
// leads nowhere is tried once.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace touchstone::store {

template <typename Operation>
struct Call {
  uint64_t invoked = 0;  // both by one clock that never stands still
  uint64_t responded = 0;
  Operation operation;
};

// By thread, in its order.
template <typename Operation>
using History = std::vector<std::vector<Call<Operation>>>;

// `step(state, operation)`: the state after it; nullopt when it cannot have had its result there.
template <typename Operation, typename State, typename Step>
bool IsLinearizable(const History<Operation>& history, const State& initial, const Step& step) {
  using Positions = std::vector<size_t>;  // how many calls of each thread have taken effect
  struct Frame {
    Positions at;
    State state;
    size_t next_thread = 0;  // to try
  };
  std::set<std::pair<Positions, State>> tried;
  std::vector<Frame> path = {{Positions(history.size()), initial}};
  while (!path.empty()) {
    Frame& frame = path.back();
    // No call takes effect before it is made, nor after another one that had its answer by then.
    uint64_t first_response = std::numeric_limits<uint64_t>::max();
    for (size_t i = 0; i < history.size(); ++i) {
      if (frame.at[i] == history[i].size()) continue;
      first_response = std::min(first_response, history[i][frame.at[i]].responded);
    }
    if (first_response == std::numeric_limits<uint64_t>::max()) return true;
    std::optional<Frame> next;
    while (!next.has_value() && frame.next_thread < history.size()) {
      const size_t thread = frame.next_thread++;
      if (frame.at[thread] == history[thread].size()) continue;
      const Call<Operation>& call = history[thread][frame.at[thread]];
      if (call.invoked > first_response) continue;
      const std::optional<State> after = step(frame.state, call.operation);
      if (!after.has_value()) continue;
      Positions positions = frame.at;
      ++positions[thread];
      if (tried.emplace(positions, *after).second) next = Frame{std::move(positions), *after};
    }
    if (next.has_value()) {
      path.push_back(*std::move(next));
    } else {
      path.pop_back();
    }
  }
  return false;
}

}  // namespace touchstone::store
