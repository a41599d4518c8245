#pragma once

// Transactions that tills have open, in memory: what each was at its last step.
//
// Bounded in bytes and in age: those used last stay. In shards by transaction id, each with its
// part of the room; the one that was used last in a shard stays whatever its size. One step of a
// transaction is under way at a time: whoever takes it holds its turn until the step is kept or
// given up; a second one is told so and does not wait. Thread safety: any thread; a Turn belongs to
// one. Lifetime: turns must not outlive it. Cost: a hash lookup under a short lock, and the copy of
// what is kept.

#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/rpc/raw_server.h"
#include "touchstone/v1/context.pb.h"

namespace touchstone::server {

// A transaction at its last step.
struct OpenState {
  std::string request;  // serialized DecideRequest, without placements
  int32_t step = 0;
  uint64_t change = 0;  // ChangeHash of the change that led to it; 0: it was given whole
  v1::DecisionMode mode = v1::DECISION_MODE_UNSPECIFIED;
};

class OpenTransactions {
 private:
  struct Entry;

 public:
  static constexpr size_t kShards = 16;

  // `hold`: for so long after its last step a transaction stays, if there is room.
  OpenTransactions(size_t bytes, absl::Duration hold);
  OpenTransactions(const OpenTransactions&) = delete;
  OpenTransactions& operator=(const OpenTransactions&) = delete;

  // The right to take a transaction one step on. Given up with its end, unless Keep was called.
  class Turn {
   public:
    Turn() = default;
    ~Turn() { GiveUp(); }
    Turn(Turn&& other) noexcept { *this = std::move(other); }
    Turn& operator=(Turn&& other) noexcept;

    // What the transaction was; nothing: it is new. REQUIRES: the turn is held.
    const OpenState* state() const;
    // What it is from now on.
    void Keep(OpenState state, MonotonicTime now);
    // It stays as it was.
    void GiveUp();

   private:
    friend class OpenTransactions;
    OpenTransactions* transactions_ = nullptr;  // null: no turn is held
    std::list<Entry>::iterator entry_;
  };

  enum class Taken : uint8_t {
    kTurn,     // of an open transaction, or of a new one
    kBusy,     // another step of it is under way
    kNotOpen,  // and it may not be opened
  };
  Taken Take(absl::string_view id, MonotonicTime now, bool may_open, Turn* turn);

  std::optional<OpenState> Find(absl::string_view id, MonotonicTime now) const;
  // It is over. A step that is under way is not kept.
  void Close(absl::string_view id);

  size_t size() const;
  size_t bytes() const;

 private:
  struct Entry {
    std::string id;
    OpenState state;
    MonotonicTime used;
    bool open = false;    // there is a state
    bool taken = false;   // a turn is held
    bool closed = false;  // while it was taken
  };
  using Entries = std::list<Entry>;
  struct Shard {
    mutable std::mutex mutex;  // guards what follows; a taken entry's state is its turn's to read
    Entries entries;           // used last first
    absl::flat_hash_map<absl::string_view, Entries::iterator> index;
    size_t bytes = 0;
  };

  static size_t BytesOf(const Entry& entry);
  Shard& ShardOf(absl::string_view id) const;
  void Keep(Entries::iterator entry, OpenState state, MonotonicTime now);
  void GiveUp(Entries::iterator entry);
  static void Erase(Shard& shard, Entries::iterator entry);
  void DropOld(Shard& shard, MonotonicTime now) const;
  void MakeRoom(Shard& shard) const;

  const size_t shard_bytes_;
  const std::chrono::nanoseconds hold_;
  mutable std::array<Shard, kShards> shards_;
};

}  // namespace touchstone::server
