#include "tests/server/till/terminal.h"

#include <utility>

#include "gtest/gtest.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {

Terminal::Terminal(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = v1::DecisionService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  stream_ = stub_->DecideStream(&context_);
}

v1::DecideStreamResponse Terminal::Ask(v1::DecideStreamRequest request) {
  v1::DecideStreamResponse response;
  const bool sent = Send(std::move(request));
  EXPECT_TRUE(sent && Receive(&response)) << "the stream has ended";
  EXPECT_EQ(response.sequence(), sequence_);
  return response;
}

bool Terminal::Send(v1::DecideStreamRequest request) {
  return SendAs(sequence_ + 1, std::move(request));
}

bool Terminal::SendAs(int64_t sequence, v1::DecideStreamRequest request) {
  sequence_ = sequence;
  request.set_sequence(sequence);
  return stream_->Write(request);
}

grpc::Status Terminal::End() {
  stream_->WritesDone();
  return Ended();
}

grpc::Status Terminal::Ended() {
  v1::DecideStreamResponse response;
  while (stream_->Read(&response)) {
  }
  return stream_->Finish();
}

v1::DecideStreamRequest Whole(const v1::DecideRequest& request) {
  v1::DecideStreamRequest message;
  *message.mutable_decide() = request;
  return message;
}

v1::DecideStreamRequest Change(const v1::BasketChange& change) {
  v1::DecideStreamRequest message;
  *message.mutable_change() = change;
  return message;
}

v1::DecideStreamRequest Resume(const std::string& transaction) {
  v1::DecideStreamRequest message;
  message.mutable_resume()->set_transaction_id(transaction);
  return message;
}

grpc::Status ErrorOf(const v1::DecideStreamResponse& response) {
  EXPECT_TRUE(response.has_error()) << response.ShortDebugString();
  return response.has_error() ? RpcError(response.error()) : grpc::Status::OK;
}

}  // namespace touchstone::server
