// Kills a serving process at random moments under mixed load, and checks what the next one serves
// against what its callers remember: nothing that was acknowledged is lost, nothing counts twice.
//
// TOUCHSTONE_CRASH_ROUNDS says how often (10), TOUCHSTONE_SEED repeats the random choices of a run;
// the moments of the threads are their own.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <semaphore>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/e2e/crash_ledger.h"
#include "tests/e2e/crash_people.h"
#include "tests/e2e/crash_rounds.h"
#include "tests/e2e/server_process.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone {
namespace {

constexpr int kAcceptancesOfCustomer = 100;
constexpr int kStreamWindow = 8;  // batches on their way

// The services of one process. Every call ends with an error once it is killed.
struct Server {
  explicit Server(const std::shared_ptr<grpc::Channel>& channel) {
    rule_sets = v1::RuleSetService::NewStub(channel);
    customers = v1::CustomerService::NewStub(channel);
    decisions = v1::DecisionService::NewStub(channel);
    outcomes = v1::OutcomeService::NewStub(channel);
  }

  std::unique_ptr<v1::RuleSetService::Stub> rule_sets;
  std::unique_ptr<v1::CustomerService::Stub> customers;
  std::unique_ptr<v1::DecisionService::Stub> decisions;
  std::unique_ptr<v1::OutcomeService::Stub> outcomes;
};

class CrashRound : public ::testing::Test {
 protected:
  CrashRound()
      : seed_(store::TestSeed()),
        random_(seed_),
        ledger_(absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now())) - absl::Hours(2)),
        people_(&ledger_, absl::Now() - absl::Hours(1)) {
    std::printf("TOUCHSTONE_SEED=%llu\n", static_cast<unsigned long long>(seed_));
  }

  std::unique_ptr<ServerProcess> Start() {
    return std::make_unique<ServerProcess>(
        TOUCHSTONE_BINARY, directory_.Sub("data"),
        std::vector<std::string>{"--cache-mib", "8", "--receipt-buffer-mib", "1"});
  }

  std::string NextId(const char* prefix) { return absl::StrCat(prefix, ++ids_); }

  // False: the server has gone.
  bool Succeeded(const grpc::Status& status, const char* what) {
    if (status.ok()) {
      ++calls_;
      progress_.notify_all();
      return true;
    }
    if (!IsGone(status)) ledger_.Fault(absl::StrCat(what, ": ", status.error_message()));
    return false;
  }

  void Publish(Server& server) {
    grpc::ClientContext create_context, publish_context;
    v1::CreateRevisionRequest create;
    v1::CreateRevisionResponse created;
    create.set_request_id(NextId("rev"));
    *create.mutable_source() = server::GroceryRules();
    ASSERT_TRUE(server.rule_sets->CreateRevision(&create_context, create, &created).ok());
    v1::PublishRevisionRequest publish;
    v1::PublishRevisionResponse published;
    publish.set_request_id(NextId("rev"));
    publish.set_name(created.revision().name());
    ASSERT_TRUE(server.rule_sets->PublishRevision(&publish_context, publish, &published).ok());
  }

  // `request_id`: "" for one that is new.
  bool SendEvent(Server& server, uint64_t number, const std::string& request_id) {
    grpc::ClientContext context;
    v1::AppendEventsRequest request;
    v1::AppendEventsResponse response;
    request.set_request_id(request_id.empty() ? NextId("again") : request_id);
    request.set_allow_missing(true);
    *request.add_events() = ledger_.Event(number);
    if (!Succeeded(server.customers->AppendEvents(&context, request, &response), "event")) {
      return false;
    }
    ledger_.Acknowledge(number, response.results(0).state(), request_id.empty());
    return true;
  }

  // New events, and recent ones again that others may be sending at this moment.
  void SendEvents(Server& server, uint64_t seed) {
    std::mt19937_64 random(seed);
    while (true) {
      const uint64_t number = ledger_.TakeNumber();
      if (!SendEvent(server, number, absl::StrCat("q", number))) return;
      if (random() % 3 != 0) continue;
      if (!SendEvent(server, ledger_.RecentNumber(random() % 8), "")) return;
    }
  }

  // Batches over a stream, many on their way.
  void StreamEvents(Server& server, uint64_t seed) {
    std::mt19937_64 random(seed);
    grpc::ClientContext context;
    const auto stream = server.customers->AppendEventsStream(&context);
    std::counting_semaphore<> room(kStreamWindow);
    std::atomic<bool> ended{false};
    std::mutex mutex;
    std::map<int64_t, std::vector<uint64_t>> sent;
    std::thread sender([&] {
      v1::AppendEventsStreamRequest request;
      for (int64_t sequence = 1;; ++sequence) {
        room.acquire();
        if (ended) return;
        request.Clear();
        request.set_sequence(sequence);
        request.mutable_request()->set_request_id(NextId("stream"));
        request.mutable_request()->set_allow_missing(true);
        std::vector<uint64_t> numbers;
        for (int i = 0; i < 5; ++i) {
          numbers.push_back(random() % 4 == 0 ? ledger_.RecentNumber(random() % 8)
                                              : ledger_.TakeNumber());
          *request.mutable_request()->add_events() = ledger_.Event(numbers.back());
        }
        {
          std::lock_guard<std::mutex> lock(mutex);
          sent[sequence] = numbers;
        }
        if (!stream->Write(request)) return;
      }
    });
    v1::AppendEventsStreamResponse response;
    while (stream->Read(&response)) {
      ++calls_;
      progress_.notify_all();
      room.release();
      if (response.has_error()) {
        ledger_.Fault("stream: " + response.error().message());
        continue;
      }
      std::lock_guard<std::mutex> lock(mutex);
      const std::vector<uint64_t>& numbers = sent[response.sequence()];
      for (size_t i = 0; i < numbers.size(); ++i) {
        ledger_.Acknowledge(numbers[i], response.response().results(static_cast<int>(i)).state(),
                            /*fresh=*/true);
      }
    }
    ended = true;
    room.release();
    sender.join();
    stream->Finish();
  }

  bool SetCity(Server& server, const std::string& customer, int city) {
    grpc::ClientContext context;
    v1::UpdateCustomerRequest request;
    v1::Customer answer;
    request.set_request_id(NextId("city"));
    request.set_allow_missing(true);
    request.mutable_customer()->set_name("customers/" + customer);
    (*request.mutable_customer()->mutable_attributes())["city"] =
        server::TextValue(absl::StrCat("city ", city));
    v1::Identity* card = request.add_add_identities();
    card->set_namespace_("loyalty_card");
    card->set_value(customer);
    ledger_.SentCity(customer, city);
    const grpc::Status status = server.customers->UpdateCustomer(&context, request, &answer);
    if (!Succeeded(status, "update")) return false;
    ledger_.AcknowledgeCity(customer, city);
    return true;
  }

  // Attributes of customers who get events at the same time.
  void SendCities(Server& server) {
    while (SetCity(server, CrashLedger::CustomerOf(ledger_.RecentNumber(0)), ++city_)) {
    }
  }

  // Rows of a load: a customer each, of whom nothing else is written.
  void Import(Server& server, int round) {
    grpc::ClientContext context;
    const auto stream = server.customers->ImportCustomers(&context);
    v1::ImportCustomersRequest request;
    v1::ImportCustomersResponse response;
    request.set_request_id(absl::StrCat("load", round));
    for (int sequence = 1;; ++sequence) {
      const std::string id = absl::StrCat("load", round, "-", sequence);
      request.set_sequence(sequence);
      request.clear_rows();
      v1::CustomerRow* row = request.add_rows();
      row->set_customer_id(id);
      (*row->mutable_attributes())["city"] = server::TextValue("city 1");
      ledger_.SentCity(id, 1);
      if (!stream->Write(request) || !stream->Read(&response)) break;
      if (response.written_count() == 1) ledger_.AcknowledgeCity(id, 1);
      ++calls_;
    }
    stream->Finish();
  }

  // Offers that one customer of the round is shown, and accepts.
  void Accept(Server& server, int round) {
    const std::string customer = absl::StrCat("o", round);
    if (!SetCity(server, customer, 1)) return;
    while (accepted_sent_ < kAcceptancesOfCustomer) {
      v1::DecideRequest decide;
      v1::DecideResponse decision;
      decide.mutable_context()->set_transaction_id(NextId("t"));
      decide.mutable_context()->set_step(1);
      decide.mutable_context()->mutable_touchpoint()->set_channel("pos");
      v1::Identity* card = decide.mutable_context()->add_identities();
      card->set_namespace_("loyalty_card");
      card->set_value(customer);
      decide.add_placements("receipt");
      grpc::ClientContext decide_context;
      if (!Succeeded(server.decisions->Decide(&decide_context, decide, &decision), "decide"))
        return;
      if (decision.placements_size() == 0 || decision.placements(0).offers_size() == 0) continue;
      if (decision.segment() == "anonymous" || decision.segment().empty()) continue;  // late
      v1::RecordOutcomesRequest request;
      request.set_request_id(NextId("out"));
      v1::Outcome* outcome = request.add_outcomes();
      outcome->set_outcome_id(NextId("outcome"));
      outcome->set_token(decision.placements(0).offers(0).token());
      outcome->set_type(v1::OUTCOME_TYPE_ACCEPTED);
      ++accepted_sent_;
      open_outcomes_.push_back(request);
      if (!Record(server, request)) return;
      open_outcomes_.pop_back();
    }
  }

  bool Record(Server& server, const v1::RecordOutcomesRequest& request) {
    grpc::ClientContext context;
    v1::RecordOutcomesResponse response;
    if (!Succeeded(server.outcomes->RecordOutcomes(&context, request, &response), "outcome")) {
      return false;
    }
    if (response.results(0).state() == v1::OUTCOME_STATE_REJECTED) {
      ledger_.Fault("outcome: " + response.results(0).error().message());
    }
    ++accepted_acknowledged_;
    return true;
  }

  std::optional<v1::Customer> Get(Server& server, const std::string& id) {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    v1::Customer customer;
    request.set_name("customers/" + id);
    request.set_recent_event_count(100);
    const grpc::Status status = server.customers->GetCustomer(&context, request, &customer);
    if (status.ok()) return customer;
    if (status.error_code() != grpc::StatusCode::NOT_FOUND) {
      ledger_.Fault(id + ": " + status.error_message());
    }
    return std::nullopt;
  }

  // `settled`: everything that was sent is acknowledged by now.
  void CheckCustomer(Server& server, uint64_t number) {
    const std::string id = absl::StrCat("c", number);
    const CustomerExpectation expected = ledger_.ExpectationOf(number);
    const std::optional<v1::Customer> customer = Get(server, id);
    if (!customer.has_value()) {
      if (!expected.acknowledged.empty()) ledger_.Fault(id + " is lost");
      return;
    }
    std::set<std::string> kept;
    int64_t sum = 0;
    for (const v1::Event& event : customer->recent_events()) {
      if (!kept.insert(event.event_id()).second) ledger_.Fault(event.event_id() + " is kept twice");
      if (expected.sent.count(event.event_id()) == 0) {
        ledger_.Fault(id + " has an event that nobody sent: " + event.event_id());
      }
      sum += CrashLedger::AmountOf(event.event_id());
    }
    for (const std::string& event : expected.acknowledged) {
      if (kept.count(event) == 0) ledger_.Fault(event + " was acknowledged, and is lost");
    }
    const auto spend = customer->aggregates().find("spend_90d");
    const int64_t counted =
        spend == customer->aggregates().end() ? -1 : spend->second.money_value().amount_minor();
    if (counted != sum) {
      ledger_.Fault(absl::StrCat(id, ": the aggregate says ", counted, ", the events ", sum));
    }
  }

  void CheckCities(Server& server) {
    for (const auto& [id, cities] : ledger_.Cities()) {
      const auto& [acknowledged, sent] = cities;
      const std::optional<v1::Customer> customer = Get(server, id);
      int city = 0;
      if (customer.has_value() && customer->attributes().count("city") != 0) {
        city = std::atoi(customer->attributes().at("city").string_value().c_str() + 5);
      }
      if (city != acknowledged && city != sent) {
        ledger_.Fault(
            absl::StrCat(id, ": city ", city, ", acknowledged ", acknowledged, ", sent ", sent));
      }
    }
  }

  void CheckAccepted(Server& server, int round, bool settled) {
    const std::optional<v1::Customer> customer = Get(server, absl::StrCat("o", round));
    int found = 0;
    if (customer.has_value()) {
      for (const v1::CustomerContact& contact : customer->contacts()) {
        found += contact.kind() == "accepted" ? 1 : 0;
      }
    }
    if (found < accepted_acknowledged_ || found > accepted_sent_ ||
        (settled && found != accepted_sent_)) {
      ledger_.Fault(absl::StrCat("accepted ", found, " times, acknowledged ",
                                 accepted_acknowledged_, ", sent ", accepted_sent_));
    }
  }

  // Runs the load until `calls` were answered, and kills the process in the middle.
  void LoadAndKill(ServerProcess& process, Server& server, int round, uint64_t calls) {
    calls_ = 0;
    accepted_sent_ = accepted_acknowledged_ = 0;
    open_outcomes_.clear();
    std::vector<std::thread> load;
    for (int i = 0; i < 3; ++i) {
      load.emplace_back([&, seed = random_()] { SendEvents(server, seed); });
    }
    load.emplace_back([&, seed = random_()] { StreamEvents(server, seed); });
    load.emplace_back([&] { SendCities(server); });
    load.emplace_back([&] { Import(server, round); });
    load.emplace_back([&] {
      people_.Run(*server.customers, [this] {
        ++calls_;
        progress_.notify_all();
      });
    });
    load.emplace_back([&] { Accept(server, round); });
    {
      std::unique_lock<std::mutex> lock(mutex_);
      while (calls_ < calls) progress_.wait_for(lock, std::chrono::milliseconds(1));
    }
    process.Kill();
    for (std::thread& thread : load) thread.join();
  }

  // Sends again what has no answer, twice at once, and some of what has one.
  void Settle(Server& server) {
    const std::vector<uint64_t> unknown = ledger_.Unknown();
    std::vector<uint64_t> known;
    for (int i = 0; i < 20 && ledger_.numbers() > 0; ++i) {
      const uint64_t number = random_() % ledger_.numbers();
      if (ledger_.IsAcknowledged(number)) known.push_back(number);
    }
    const auto send = [&](bool same_request) {
      for (const uint64_t number : unknown) {
        SendEvent(server, number, same_request ? absl::StrCat("q", number) : "");
        SendEvent(server, number, "");
      }
      for (const uint64_t number : known) SendEvent(server, number, "");
    };
    std::thread other([&] { send(true); });
    send(false);
    other.join();
    for (const v1::RecordOutcomesRequest& request : open_outcomes_) Record(server, request);
    if (!ledger_.Unknown().empty()) ledger_.Fault("what was sent again got no answer");
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  store::TemporaryDirectory directory_;
  CrashLedger ledger_;
  CrashPeople people_;
  std::atomic<uint64_t> ids_{0};
  std::atomic<int> city_{0};
  std::atomic<uint64_t> calls_{0};
  std::mutex mutex_;
  std::condition_variable progress_;
  // Of the round; of one thread at a time.
  int accepted_sent_ = 0;
  int accepted_acknowledged_ = 0;
  std::vector<v1::RecordOutcomesRequest> open_outcomes_;
};

TEST_F(CrashRound, NothingThatWasAcknowledgedIsLostAndNothingCountsTwice) {
  const int rounds = CrashRounds();
  {
    const std::unique_ptr<ServerProcess> first = Start();
    Server server(first->Connect());
    Publish(server);
  }
  uint64_t checked_from = 0;
  for (int round = 0; round < rounds; ++round) {
    // Some are killed while they open what the one before left behind.
    if (round % 5 == 4) Start();
    std::unique_ptr<ServerProcess> process = Start();
    {
      Server server(process->Connect());
      LoadAndKill(*process, server, round, 1 + random_() % 1500);
    }
    process = Start();
    Server server(process->Connect());
    const uint64_t customers = ledger_.numbers() / kEventsOfCustomer + 1;
    for (uint64_t i = checked_from; i < customers; ++i) CheckCustomer(server, i);
    CheckAccepted(server, round, /*settled=*/false);
    Settle(server);
    for (uint64_t i = checked_from; i < customers; ++i) CheckCustomer(server, i);
    CheckAccepted(server, round, /*settled=*/true);
    ASSERT_TRUE(ledger_.faults().empty()) << "round " << round << " seed " << seed_ << "\n"
                                          << absl::StrJoin(ledger_.faults(), "\n");
    checked_from = customers - 1;
  }
  {
    const std::unique_ptr<ServerProcess> last = Start();
    Server server(last->Connect());
    for (uint64_t i = 0; i <= checked_from; ++i) CheckCustomer(server, i);
    CheckCities(server);
    people_.Check(*server.customers);
  }
  for (const std::string& fault : StoreFaults(directory_.Sub("data"))) ledger_.Fault(fault);
  EXPECT_TRUE(ledger_.faults().empty()) << absl::StrJoin(ledger_.faults(), "\n");
  std::printf("%d kills, %llu events acknowledged, %zu pairs\n", rounds,
              static_cast<unsigned long long>(ledger_.acknowledged()), people_.pairs());
  EXPECT_GT(ledger_.acknowledged(), 100u);
}

}  // namespace
}  // namespace touchstone
