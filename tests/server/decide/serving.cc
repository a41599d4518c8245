#include "tests/server/decide/serving.h"

#include <grpcpp/generic/generic_stub.h>

#include <cstdlib>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "store/apply.h"
#include "store/record_patch.h"

namespace touchstone::server {
namespace {

void Require(bool fine) {
  if (!fine) std::abort();
}

store::storage::Entry NewEntry() {
  store::storage::Entry entry;
  entry.set_format_version(store::kEntryFormatVersion);
  entry.set_time_us(absl::ToUnixMicros(WorldNow()));
  return entry;
}

// A patch that makes an empty record into this one.
std::string PatchOf(const std::string& bytes) {
  const store::RecordView record = store::RecordView::Parse(bytes).value();
  store::RecordPatch patch;
  for (size_t i = 0; i < record.attribute_count(); ++i) {
    const store::AttributeView cell = record.attribute(i);
    const store::ValueView value = cell.value;
    switch (value.type()) {
      case store::ValueType::kString:
        patch.SetAttribute(cell.id, store::Value::String(value.string_value()), 1, 0);
        break;
      case store::ValueType::kInt64:
        patch.SetAttribute(cell.id, store::Value::Int64(value.int64_value()), 1, 0);
        break;
      case store::ValueType::kDouble:
        patch.SetAttribute(cell.id, store::Value::Double(value.double_value()), 1, 0);
        break;
      case store::ValueType::kDate:
        patch.SetAttribute(cell.id, store::Value::DateDays(value.date_days()), 1, 0);
        break;
      default:
        break;  // not needed here
    }
  }
  for (size_t i = 0; i < record.aggregate_count(); ++i) {
    const std::optional<store::AggregateView> aggregate = record.aggregate(i);
    const bool of_cells = aggregate->kind() == store::AggregateView::Kind::kCells;
    for (size_t c = 0; of_cells && c < aggregate->cell_count(); ++c) {
      const store::CellView cell = aggregate->cell(c);
      const store::Value value = store::Value::TimestampUs(cell.value.timestamp_us());
      patch.AddToCells({.aggregate = aggregate->id(),
                        .rule = aggregate->rule(),
                        .bucket = cell.bucket,
                        .time_us = cell.time_us,
                        .number = cell.number,
                        .closes = cell.closed,
                        .value = &value});
    }
    for (size_t b = 0; !of_cells && b < aggregate->bucket_count(); ++b) {
      store::RecordPatch::Increment increment = {};
      increment.aggregate = aggregate->id();
      increment.bucket = aggregate->bucket(b).number;
      increment.count = aggregate->bucket(b).count;
      increment.sum = aggregate->bucket(b).sum;
      increment.event_us = store::AggregateView::kNever;
      patch.AddToAggregate(increment);
    }
  }
  return patch.bytes();
}

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  Require(details.ParseFromString(status.error_details()));
  return details;
}

}  // namespace

Serving::Serving(DecideServerOptions options, std::shared_ptr<rocksdb::FileSystem> files,
                 const StreamHandlerFactory& streams)
    : token_key_("a key of the tests, 32 bytes long..") {
  store::StoreOptions store_options;
  store_options.path = directory_.Sub("store");
  store_options.file_system = files;
  const auto open = [&] {
    auto opened = store::Store::Open(store_options);
    Require(opened.ok());
    store_ = *std::move(opened);
    writer_ = std::make_unique<store::Writer>(store_.get(), store::WriterOptions());
  };
  open();
  live_.Set(WorldState(1, 1));
  AddCustomer("c-loyal", "loyalty_card:1", LoyalRecord());
  AddCustomer("c-new", "loyalty_card:2", NewRecord());
  if (files != nullptr) {
    // Opening again moves what was written from the log to tables, which no read has touched.
    writer_.reset();
    store_.reset();
    open();
  }

  DecideServerRooms rooms;
  rooms.live = &live_;
  rooms.budgets = &budgets_;
  rooms.store = store_.get();
  rooms.token_key = &token_key_;
  rooms.limit = &limit_;
  rooms.submit = [this](store::storage::Entry entry, store::Writer::Done done,
                        store::Urgency urgency) {
    return writer_->Submit(std::move(entry), std::move(done), urgency);
  };
  rooms.append_receipt = [this](absl::string_view id, absl::Time, absl::string_view bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (receipt_status_.ok()) receipts_[std::string(id)] = std::string(bytes);
    return receipt_status_;
  };
  rooms.find_receipt = [this](absl::string_view id) -> absl::StatusOr<std::string> {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = receipts_.find(std::string(id));
    if (found == receipts_.end()) return absl::NotFoundError("no receipt");
    return found->second;
  };
  rooms.resolver = [](uint64_t revision, uint64_t reference_version, const std::vector<TermsKey>&) {
    return absl::StatusOr<std::shared_ptr<const LiveState>>(
        WorldState(revision, reference_version));
  };
  rooms.clock = [this] {
    std::lock_guard<std::mutex> lock(mutex_);
    return now_;
  };
  rooms.log = [this](absl::string_view line) {
    std::lock_guard<std::mutex> lock(mutex_);
    log_.emplace_back(line);
  };
  server_ = std::make_unique<DecideServer>(options, std::move(rooms));
  if (streams) streams_ = streams(server_->decide_handler());
  if (streams_ != nullptr) server_->ServeStream(streams_.get());
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  server_->Register(builder);
  grpc_ = builder.BuildAndStart();
  Require(grpc_ != nullptr);
  server_->Start();
  address_ = "127.0.0.1:" + std::to_string(port);
  channel_ = grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
  decisions_ = v1::DecisionService::NewStub(channel_);
  outcomes_ = v1::OutcomeService::NewStub(channel_);
}

Serving::~Serving() {
  grpc_->Shutdown();
  server_->Stop();
  writer_->Stop();
}

void Serving::AddCustomer(const std::string& id, const std::string& identity,
                          const std::string& record) {
  store::storage::Entry update = NewEntry();
  update.mutable_update_record()->mutable_record()->set_kind(
      store::storage::RecordName::KIND_CUSTOMER);
  update.mutable_update_record()->mutable_record()->set_id(id);
  update.mutable_update_record()->set_patch(PatchOf(record));
  Require(writer_->Write(update)->refusal() == 0);
  store::storage::Entry link = NewEntry();
  link.mutable_link_identities()->set_customer_id(id);
  link.mutable_link_identities()->add_identities(identity);
  Require(writer_->Write(link)->refusal() == 0);
}

std::string Serving::Record(const std::string& customer_id) {
  // Entries are applied in order: this one comes after what is on its way.
  store::storage::Entry last = NewEntry();
  last.mutable_resume_offer()->set_offer_id("none");
  writer_->Write(last).IgnoreError();
  store::PinnedValue record;
  Require(store_
              ->GetRecord({store::RecordKind::kCustomer, customer_id}, store::ReadTier::kMayBlock,
                          &record)
              .ok());
  return std::string(record.bytes());
}

int Serving::LoyalContacts(store::ContactKind kind) {
  const std::string bytes = Record("c-loyal");
  const store::RecordView record = store::RecordView::Parse(bytes).value();
  int count = 0;
  for (size_t i = 0; i < record.contact_count(); ++i) count += record.contact(i).kind == kind;
  return count;
}

grpc::Status Serving::Decide(const v1::DecideRequest& request, v1::DecideResponse* response,
                             absl::Duration deadline) {
  grpc::ClientContext context;
  if (deadline != absl::InfiniteDuration()) {
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(deadline));
  }
  return decisions_->Decide(&context, request, response);
}

grpc::Status Serving::DecideRaw(const std::string& bytes, std::string* response) {
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::Slice slice(bytes);
  grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer answer;
  grpc::Status status;
  auto call =
      stub.PrepareUnaryCall(&context, "/touchstone.v1.DecisionService/Decide", request, &queue);
  call->StartCall();
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  Require(queue.Next(&tag, &ok) && ok);
  if (status.ok() && answer.DumpToSingleSlice(&slice).ok()) {
    response->assign(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return status;
}

grpc::Status Serving::Record(const v1::RecordOutcomesRequest& request,
                             v1::RecordOutcomesResponse* response) {
  grpc::ClientContext context;
  return outcomes_->RecordOutcomes(&context, request, response);
}

std::string Serving::Receipt(const std::string& decision_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  return receipts_[decision_id];
}

void Serving::FailReceipts(absl::Status status) {
  std::lock_guard<std::mutex> lock(mutex_);
  receipt_status_ = std::move(status);
}

std::vector<std::string> Serving::log() {
  std::lock_guard<std::mutex> lock(mutex_);
  return log_;
}

void Serving::set_clock(absl::Time now) {
  std::lock_guard<std::mutex> lock(mutex_);
  now_ = now;
}

std::string ReasonOf(const grpc::Status& status) {
  const google::rpc::Status details = DetailsOf(status);
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) return info.domain() == "touchstone" ? info.reason() : "";
  }
  return "";
}

std::vector<std::string> ViolatedFields(const grpc::Status& status) {
  std::vector<std::string> fields;
  const google::rpc::Status details = DetailsOf(status);
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::BadRequest bad;
    if (!detail.UnpackTo(&bad)) continue;
    for (const auto& violation : bad.field_violations()) fields.push_back(violation.field());
  }
  return fields;
}

}  // namespace touchstone::server
