#pragma once

// What the services work with. Everything must outlive them and the calls under way.

#include "server/live/live.h"
#include "server/live/loader.h"
#include "server/services/proposer.h"
#include "server/services/worker_pool.h"
#include "store/store.h"

namespace touchstone::server {

struct Backend {
  store::Store* store = nullptr;
  const Proposer* proposer = nullptr;
  Live* live = nullptr;
  LiveLoader* loader = nullptr;
  WorkerPool* workers = nullptr;
};

}  // namespace touchstone::server
