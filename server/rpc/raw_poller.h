#pragma once

// A polling thread of RawServer with its completion queue and what waits on it. Of the room only.
//
// Thread safety: everything but the alarms belongs to the polling thread once it runs.

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <thread>
#include <vector>

#include "server/rpc/raw_server.h"

namespace touchstone::server {

struct RawPoller {
  struct Deadline {
    MonotonicTime when;
    RawCall* call = nullptr;
    uint64_t generation = 0;
  };

  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  std::vector<RawCall*> arrived;    // requests that wait for their handler
  std::vector<RawCall*> answered;   // requests whose answers wait to be sent
  std::vector<Deadline> deadlines;  // a heap, the earliest first
  std::vector<std::unique_ptr<RawCall>> calls;
  std::vector<std::unique_ptr<RawStream>> streams;
  std::vector<RawStream*> closed_streams;  // of them, those that are free
  size_t open_streams = 0;                 // accepted, and not closed yet
  grpc::Alarm drain;                       // their own addresses are their tags
  grpc::Alarm stop;
  bool stopping = false;   // no more calls are waited for
  bool shut_down = false;  // the queue
  std::thread thread;
};

}  // namespace touchstone::server
