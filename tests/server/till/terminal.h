#pragma once

// One end of DecideStream, as a till has it: a connection of its own, sequences counted.
//
// Thread safety: one thread. Errors: fails the test.

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "touchstone/v1/decision_service.grpc.pb.h"

namespace touchstone::server {

class Terminal {
 public:
  // At the address of a server.
  explicit Terminal(const std::string& address);

  // Sends with the next sequence, and waits for the answer.
  v1::DecideStreamResponse Ask(v1::DecideStreamRequest request);
  // The same in two steps. False: the stream has ended.
  bool Send(v1::DecideStreamRequest request);
  bool SendAs(int64_t sequence, v1::DecideStreamRequest request);
  bool Receive(v1::DecideStreamResponse* response) { return stream_->Read(response); }

  // Ends this side and waits for the other.
  grpc::Status End();
  // Waits until the server has ended the stream, answers aside.
  grpc::Status Ended();
  // As when the network goes.
  void Cut() { context_.TryCancel(); }

 private:
  std::unique_ptr<v1::DecisionService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::DecideStreamRequest, v1::DecideStreamResponse>>
      stream_;
  int64_t sequence_ = 0;
};

v1::DecideStreamRequest Whole(const v1::DecideRequest& request);
v1::DecideStreamRequest Change(const v1::BasketChange& change);
v1::DecideStreamRequest Resume(const std::string& transaction);

// An error answer as the error of a call.
grpc::Status ErrorOf(const v1::DecideStreamResponse& response);

}  // namespace touchstone::server
