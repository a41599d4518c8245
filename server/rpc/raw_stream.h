#pragma once

// A bidirectional stream that is served from a completion queue: each message as a call is.
//
// One message is read, handled, answered with one message, and then the next is read: a stream has
// one request under way, and what its caller sends meanwhile waits in the flow control of HTTP/2. A
// stream holds no thread, so that thousands may be open; an idle one costs its memory.
// Its end: OK once the caller has ended its side and has all answers, an error where the handler
// says so (FinishWithError), UNAVAILABLE NOT_READY when the server drains.
//
// Thread safety: as RawCall. Lifetime: slots live as long as the server and are reused; what the
// handler keeps of a stream goes when the stream ends.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>

#include "server/rpc/raw_server.h"

namespace touchstone::server {

// What a handler keeps of one stream.
class RawStreamState {
 public:
  virtual ~RawStreamState() = default;
};

// Handle and HandleDeadline are called with RawStreams.
class RawStreamHandler : public RawHandler {
 public:
  // Of a stream that begins. On its polling thread.
  virtual std::unique_ptr<RawStreamState> Begin() = 0;
};

class RawStream final : public RawCall {
 public:
  RawStream(RawServer* server, RawPoller* poller, size_t thread, size_t method)
      : RawCall(server, poller, thread, method), end_(this) {}

  // What Begin gave. Of whoever has the right to answer.
  RawStreamState& state() { return *state_; }

  void FinishWithError(const grpc::Status& status) override;
  void Happened(bool ok, MonotonicTime now) override;

 private:
  friend class RawServer;
  using ReaderWriter = grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;
  // Which operation is under way, if any.
  enum class Step : uint8_t { kAccepting, kReading, kServing, kWriting };
  // Of the end, which may overtake a read that waits.
  class EndTag : public RawTag {
   public:
    explicit EndTag(RawStream* stream) : stream_(stream) {}
    void Happened(bool ok, MonotonicTime now) override;

   private:
    RawStream* stream_;
  };

  void Accept(const RawServer::RequestStreamFunction& request);
  void Accepted();
  void Read();
  void WasRead(bool ok, MonotonicTime now);
  void WasWritten(bool ok);
  void Send(const grpc::Slice& answer) override;
  void End(const grpc::Status& status);
  // Of a server that goes down.
  void EndIfIdle();
  void Close();

  std::unique_ptr<ReaderWriter> messages_;
  std::unique_ptr<RawStreamState> state_;
  EndTag end_;
  // Handed over with release, taken with acquire.
  std::atomic<Step> step_{Step::kAccepting};
  std::atomic<bool> ending_{false};
  std::atomic<bool> sending_{false};  // somebody is inside of the write under way
  bool ended_ = false;                // of the polling thread
};

}  // namespace touchstone::server
