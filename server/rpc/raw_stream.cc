#include "server/rpc/raw_stream.h"

#include <thread>
#include <utility>

#include "server/rpc/raw_poller.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {
namespace {

// Somebody has to go first: a till that closes, or a connection that is found dead.
constexpr absl::Duration kRetryWhenFull = absl::Seconds(5);

grpc::Status GoingDown() {
  return RpcError(grpc::StatusCode::UNAVAILABLE, v1::ERROR_REASON_NOT_READY,
                  "the server is going down: requests without an answer were not taken");
}

}  // namespace

void RawStream::Accept(const RawServer::RequestStreamFunction& request) {
  context_ = std::make_unique<grpc::ServerContext>();
  messages_ = std::make_unique<ReaderWriter>(context_.get());
  ending_.store(false, std::memory_order_release);
  ended_ = false;
  step_.store(Step::kAccepting, std::memory_order_release);
  request(context_.get(), messages_.get(), poller_->queue.get(), poller_->queue.get(),
          static_cast<RawTag*>(this));
}

void RawStream::Happened(bool ok, MonotonicTime now) {
  switch (step_.load(std::memory_order_acquire)) {
    case Step::kAccepting:
      // Else the server shuts down: this slot gets no more streams.
      if (ok && !poller_->shut_down) Accepted();
      break;
    case Step::kWriting:
      WasWritten(ok);
      break;
    case Step::kReading:
      WasRead(ok, now);
      break;
    case Step::kServing:
      break;  // nothing is under way
  }
}

void RawStream::Accepted() {
  ++poller_->open_streams;
  const size_t open = server_->open_streams_.fetch_add(1, std::memory_order_relaxed) + 1;
  server_->WaitForStream(*poller_, thread(), method());
  if (open > server_->max_streams_) {
    End(Overloaded(kRetryWhenFull, "too many streams are open"));
  } else if (server_->draining_.load(std::memory_order_acquire)) {
    End(GoingDown());
  } else {
    state_ = server_->stream_handler_->Begin();
    Read();
  }
}

void RawStream::Read() {
  received_.Clear();
  step_.store(Step::kReading, std::memory_order_release);
  messages_->Read(&received_, static_cast<RawTag*>(this));
}

void RawStream::WasRead(bool ok, MonotonicTime now) {
  step_.store(Step::kServing, std::memory_order_release);
  if (ending_.load(std::memory_order_acquire)) {
    // What came after the end was not taken.
    if (ended_) Close();
    return;
  }
  if (!ok) {
    // The caller has ended its side, or has gone.
    End(grpc::Status::OK);
    return;
  }
  generation_.fetch_add(1, std::memory_order_acq_rel);
  server_->Arrive(*this, now);
}

void RawStream::Send(const grpc::Slice& answer) {
  grpc::ByteBuffer buffer(&answer, 1);
  ReaderWriter* messages = messages_.get();
  sending_.store(true, std::memory_order_relaxed);
  // The slot is the polling thread's from here on, which waits for this thread to be back.
  step_.store(Step::kWriting, std::memory_order_release);
  messages->Write(buffer, static_cast<RawTag*>(this));
  sending_.store(false, std::memory_order_release);
}

void RawStream::WasWritten(bool ok) {
  // The next write goes through the same operation of gRPC's, which may have reported the end of
  // this one before its caller was back from it.
  while (sending_.load(std::memory_order_acquire)) std::this_thread::yield();
  server_->Leave();
  step_.store(Step::kServing, std::memory_order_release);
  if (!ok) {
    End(grpc::Status::CANCELLED);
  } else if (server_->draining_.load(std::memory_order_acquire)) {
    End(GoingDown());
  } else {
    Read();
  }
}

void RawStream::FinishWithError(const grpc::Status& status) {
  server_->Leave();
  End(status);
}

void RawStream::EndIfIdle() {
  const bool idle = step_.load(std::memory_order_acquire) == Step::kReading;
  if (idle && !ending_.load(std::memory_order_acquire)) End(GoingDown());
}

void RawStream::End(const grpc::Status& status) {
  ReaderWriter* messages = messages_.get();
  ending_.store(true, std::memory_order_release);
  messages->Finish(status, static_cast<RawTag*>(&end_));
}

void RawStream::EndTag::Happened(bool /*ok*/, MonotonicTime /*now*/) {
  // It is true; only the order counts. Whoever called End, perhaps a thread of the handler's, left
  // step_ as this thread had stored it: this alone puts what it did with the slot before Close.
  stream_->ending_.load(std::memory_order_acquire);
  stream_->ended_ = true;
  // A read that waited comes back too, before or after.
  if (stream_->step_.load(std::memory_order_acquire) != Step::kReading) stream_->Close();
}

void RawStream::Close() {
  state_.reset();
  messages_.reset();
  context_.reset();
  Forget();
  server_->open_streams_.fetch_sub(1, std::memory_order_relaxed);
  --poller_->open_streams;
  poller_->closed_streams.push_back(this);
}

}  // namespace touchstone::server
