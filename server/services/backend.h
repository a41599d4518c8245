#pragma once

// What the services work with. Everything must outlive them and the calls under way.

#include <atomic>

#include "absl/time/time.h"
#include "server/live/live.h"
#include "server/live/loader.h"
#include "server/rpc/rpc_service.h"
#include "server/services/eraser.h"
#include "server/services/proposer.h"
#include "store/receipts.h"
#include "store/store.h"

namespace touchstone::server {

class AggregateFiller;

struct Backend {
  store::Store* store = nullptr;
  const Proposer* proposer = nullptr;
  Live* live = nullptr;
  LiveLoader* loader = nullptr;
  CallLimit* limit = nullptr;
  AggregateFiller* filler = nullptr;
  store::ReceiptLog* receipts = nullptr;
  Eraser* eraser = nullptr;
  // The server goes down and takes nothing new on streams that are open; null: never.
  const std::atomic<bool>* draining = nullptr;
  // Events that are older are dropped, and no longer taken.
  absl::Duration event_retention = absl::InfiniteDuration();
  // Events that lie further ahead of the clock are refused.
  absl::Duration max_event_ahead = absl::InfiniteDuration();
};

// Makes what was written live; an error, also logged, leaves what was live.
grpc::Status MakeLive(const Backend& backend);
// The same after a publish, whose new aggregates are then filled.
grpc::Status MakePublishLive(const Backend& backend);

}  // namespace touchstone::server
