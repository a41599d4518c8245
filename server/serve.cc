#include "server/serve.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "server/data_dir.h"
#include "server/decide/service.h"
#include "server/live/live.h"
#include "server/live/loader.h"
#include "server/rpc/health_service.h"
#include "server/services/aggregate_filler.h"
#include "server/services/backend.h"
#include "server/services/budget_service.h"
#include "server/services/customer_service.h"
#include "server/services/eraser.h"
#include "server/services/event_retention.h"
#include "server/services/grant_service.h"
#include "server/services/maintenance_service.h"
#include "server/services/reference_service.h"
#include "server/services/report_service.h"
#include "server/services/rule_set_service.h"
#include "server/till/till_stream.h"
#include "server/transactions/reservation_expiry.h"
#include "server/transactions/transaction_service.h"
#include "store/backup.h"
#include "store/receipts.h"
#include "store/store.h"
#include "store/writer.h"

namespace touchstone::server {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
// A rule set as files travels in one message.
constexpr int kMaxMessageBytes = 64 << 20;
// Threads that wait for a call of a rare method; more are made while they all work.
constexpr int kWaitingThreads = 8;
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kLeastPingIntervalMs = 10'000;
constexpr int kExitFine = 0;
constexpr int kExitEnvironment = 2;

}  // namespace

class RunningServer::Impl {
 public:
  Impl(const ServerConfig& config, std::function<absl::Time()> clock)
      : config_(config), clock_(clock ? std::move(clock) : [] { return absl::Now(); }) {}

  ~Impl() { Stop(); }

  absl::Status Start() {
    if (absl::Status opened = OpenData(); !opened.ok()) return opened;
    proposer_.emplace(store_.get(), writer_.get(), clock_, &budgets_);
    loader_.emplace(store_.get(), &live_);
    if (absl::Status loaded = loader_->Reload(); !loaded.ok()) return loaded;
    limit_.emplace(config_.worker_threads);
    eraser_.emplace(store_.get(), receipts_.get(), &*proposer_, &live_);
    if (absl::Status started = eraser_->Start(); !started.ok()) return started;
    const absl::Duration event_retention = config_.event_retention == 0
                                               ? absl::InfiniteDuration()
                                               : absl::Hours(24) * config_.event_retention;
    event_retention_.emplace(store_.get(), &*proposer_, event_retention);
    event_retention_->Start();
    backend_.store = store_.get();
    backend_.proposer = &*proposer_;
    backend_.live = &live_;
    backend_.loader = &*loader_;
    backend_.limit = &*limit_;
    backend_.receipts = receipts_.get();
    backend_.eraser = &*eraser_;
    backend_.draining = &draining_;
    backend_.event_retention = event_retention;
    backend_.max_event_ahead = absl::Seconds(config_.max_event_ahead);
    absl::StatusOr<std::vector<ChangedBudget>> budgets = store_->ListBudgets();
    if (!budgets.ok()) return budgets.status();
    budgets_.Update(store_->progress().position(), {budgets->begin(), budgets->end()});
    expiry_.emplace(&backend_);
    filler_.emplace(backend_);
    backend_.filler = &*filler_;
    rule_sets_.emplace(backend_);
    customers_.emplace(backend_);
    references_.emplace(backend_);
    reports_.emplace(backend_);
    budget_service_.emplace(backend_);
    grants_.emplace(backend_, CodeMaker(token_key_->for_codes()));
    maintenance_.emplace(backend_, BackupPlace{.backups = backups_.get(),
                                               .data_dir = config_.data_dir,
                                               .files = {kReceiptsPart, kTokenKeyPart}});
    filler_->Start();
    expiry_->Start();
    return Listen();
  }

  const std::string& address() const { return address_; }

 private:
  absl::Status OpenData() {
    std::error_code error;
    std::filesystem::create_directories(config_.data_dir, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot make the data folder ", config_.data_dir, ": ", error.message()));
    }
    store::StoreOptions store_options;
    store_options.path = PathIn(config_.data_dir, kStorePart);
    store_options.cache_bytes = config_.cache_mib * kMiB;
    store_options.options_file = config_.store_options;
    absl::StatusOr<std::unique_ptr<store::Store>> store = store::Store::Open(store_options);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    writer_ = std::make_unique<store::Writer>(store_.get(), store::WriterOptions());

    store::ReceiptLogOptions receipt_options;
    receipt_options.path = PathIn(config_.data_dir, kReceiptsPart);
    receipt_options.buffer_bytes = config_.receipt_buffer_mib * kMiB;
    receipt_options.retention_age = absl::Hours(24) * config_.receipt_days;
    receipt_options.retention_bytes = uint64_t{config_.receipt_gib} << 30;
    absl::StatusOr<std::unique_ptr<store::ReceiptLog>> receipts =
        store::ReceiptLog::Open(receipt_options);
    if (!receipts.ok()) return receipts.status();
    receipts_ = *std::move(receipts);

    absl::StatusOr<TokenKey> key = TokenKey::LoadOrCreate(PathIn(config_.data_dir, kTokenKeyPart));
    if (!key.ok()) return key.status();
    token_key_.emplace(*std::move(key));
    if (config_.backup_dir.empty()) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<store::Backups>> backups =
        store::Backups::Open(config_.backup_dir);
    if (!backups.ok()) return backups.status();
    backups_ = *std::move(backups);
    return absl::OkStatus();
  }

  DecideServerRooms Rooms() {
    DecideServerRooms rooms;
    rooms.live = &live_;
    rooms.budgets = &budgets_;
    rooms.store = store_.get();
    rooms.token_key = &*token_key_;
    rooms.limit = &*limit_;
    rooms.submit = [this](storage::Entry entry, store::Writer::Done done, store::Urgency urgency) {
      return writer_->Submit(std::move(entry), std::move(done), urgency);
    };
    rooms.append_receipt = [this](absl::string_view decision_id, absl::Time time,
                                  absl::string_view bytes) {
      return eraser_->AppendReceipt(decision_id, time, bytes);
    };
    rooms.find_receipt = [this](absl::string_view decision_id) {
      return receipts_->Find(decision_id);
    };
    rooms.resolver = [this](uint64_t revision, uint64_t reference_version,
                            const std::vector<TermsKey>& kept_terms) {
      return loader_->Resolve(revision, reference_version, kept_terms);
    };
    rooms.clock = clock_;
    rooms.methods.push_back({.request = customers_->append_events(),
                             .handler = &customers_->append_handler(),
                             .max_request_bytes = kMaxMessageBytes});
    rooms.log = [](absl::string_view line) {
      Log(LogLevel::kWarning, "decide", {{"message", line}});
    };
    return rooms;
  }

  absl::Status Listen() {
    DecideServerOptions options;
    options.threads = config_.polling_threads;
    options.decide_slots = config_.in_flight;
    options.read_threads = config_.io_threads;
    options.open_streams = config_.open_streams;
    options.step_limit = config_.step_limit;
    options.allow_as_of = config_.allow_as_of;
    decide_.emplace(options, Rooms());

    transactions_.emplace(PricerRooms{.backend = &backend_,
                                      .reader = &decide_->reader(),
                                      .budgets = &budgets_,
                                      .step_limit = config_.step_limit,
                                      .allow_as_of = config_.allow_as_of,
                                      .process = decide_->process()},
                          CodeMaker(token_key_->for_codes()));
    TillOptions tills;
    tills.polling_threads = config_.polling_threads;
    tills.open_bytes = config_.open_transactions_mib * kMiB;
    tills.open_hold = absl::Minutes(config_.open_transaction_hold);
    tills_.emplace(
        tills, TillRooms{.decide = &decide_->decide_handler(), .transactions = &*transactions_});
    decide_->ServeStream(&*tills_);

    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(config_.listen, grpc::InsecureServerCredentials(), &port);
    decide_->Register(builder);
    builder.RegisterService(&*rule_sets_);
    builder.RegisterService(&*customers_);
    builder.RegisterService(&*references_);
    builder.RegisterService(&*grants_);
    builder.RegisterService(&*budget_service_);
    builder.RegisterService(&*maintenance_);
    builder.RegisterService(&*reports_);
    builder.RegisterService(&*transactions_);
    health_.emplace(
        std::vector<std::string>{"touchstone.v1.DecisionService", "touchstone.v1.OutcomeService",
                                 rule_sets_->full_name(), customers_->full_name(),
                                 references_->full_name(), maintenance_->full_name(),
                                 reports_->full_name(), transactions_->full_name(),
                                 grants_->full_name(), budget_service_->full_name()},
        &*limit_);
    builder.RegisterService(&*health_);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    // A till that has lost its power or its network says nothing: its streams end when the
    // connection is found dead. Tills look for themselves too, and may do so between sales.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kLeastPingIntervalMs);
    // Two servers on one port would each get half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, kWaitingThreads);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", config_.listen,
                       ": it is in use or not an address of this machine. Choose another one with "
                       "--listen, or stop the server that has it."));
    }
    address_ = absl::StrCat(absl::string_view(config_.listen).substr(0, config_.listen.rfind(':')),
                            ":", port);
    decide_->Start();
    health_->SetServing(true);
    return absl::OkStatus();
  }

  void Stop() {
    if (server_ != nullptr) {
      health_->SetServing(false);
      draining_.store(true);
      // What it does may take longer than calls are given to end.
      eraser_->Stop();
      decide_->Drain();
      server_->Shutdown(std::chrono::system_clock::now() +
                        std::chrono::seconds(config_.drain_seconds));
    }
    if (customers_.has_value()) customers_->append_handler().Stop();
    if (tills_.has_value()) tills_->Stop();
    if (decide_.has_value()) decide_->Stop();
    // Waits for the calls that were cut off; they still use what is below.
    server_.reset();
    if (filler_.has_value()) filler_->Stop();
    if (eraser_.has_value()) eraser_->Stop();
    if (event_retention_.has_value()) event_retention_->Stop();
    if (expiry_.has_value()) expiry_->Stop();
    // Before the hot half goes: its entries call back into it.
    if (writer_ != nullptr) writer_->Stop();
    if (receipts_ != nullptr) {
      const absl::Status flushed = receipts_->Flush();
      if (!flushed.ok()) Log(LogLevel::kError, "receipts_lost", {{"error", flushed.message()}});
    }
    tills_.reset();
    transactions_.reset();
    decide_.reset();
    eraser_.reset();
    receipts_.reset();
  }

  const ServerConfig config_;
  const std::function<absl::Time()> clock_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<store::ReceiptLog> receipts_;
  std::unique_ptr<store::Backups> backups_;
  std::optional<TokenKey> token_key_;
  Live live_;
  std::optional<Proposer> proposer_;
  std::optional<LiveLoader> loader_;
  std::optional<CallLimit> limit_;
  std::optional<Eraser> eraser_;
  std::optional<EventRetention> event_retention_;
  std::atomic<bool> draining_{false};
  Backend backend_;
  std::optional<AggregateFiller> filler_;
  std::optional<RuleSetService> rule_sets_;
  std::optional<CustomerService> customers_;
  std::optional<ReferenceService> references_;
  std::optional<GrantService> grants_;
  std::optional<BudgetService> budget_service_;
  std::optional<MaintenanceService> maintenance_;
  std::optional<ReportService> reports_;
  BudgetBoard budgets_{&live_};
  std::optional<ReservationExpiry> expiry_;
  std::optional<DecideServer> decide_;
  std::optional<TransactionService> transactions_;
  std::optional<TillStream> tills_;
  std::optional<HealthService> health_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

absl::StatusOr<std::unique_ptr<RunningServer>> RunningServer::Start(
    const ServerConfig& config, std::function<absl::Time()> clock) {
  auto impl = std::make_unique<Impl>(config, std::move(clock));
  if (absl::Status started = impl->Start(); !started.ok()) return started;
  return std::unique_ptr<RunningServer>(new RunningServer(std::move(impl)));
}

RunningServer::RunningServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RunningServer::~RunningServer() = default;

const std::string& RunningServer::address() const { return impl_->address(); }

int Serve(const ServerConfig& config) {
  // Threads inherit the mask, so that the signal waits for sigwait below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ConfigureLog(config.log_level, config.log_format);
  absl::StatusOr<std::unique_ptr<RunningServer>> server = RunningServer::Start(config);
  if (!server.ok()) {
    Log(LogLevel::kError, "not_started", {{"error", server.status().message()}});
    return kExitEnvironment;
  }
  Log(LogLevel::kInfo, "serving", {{"address", (*server)->address()}});
  int signal = 0;
  sigwait(&signals, &signal);
  Log(LogLevel::kInfo, "draining", {{"seconds", absl::StrCat(config.drain_seconds)}});
  server->reset();
  Log(LogLevel::kInfo, "stopped");
  return kExitFine;
}

}  // namespace touchstone::server
