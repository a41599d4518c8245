// Kills a serving process at random moments while tills race for one budget, one code and one
// customer's grant: no sale that was acknowledged is lost, nothing is promised twice, and what
// nobody bought can be bought in the end, to the last unit.
//
// TOUCHSTONE_CRASH_ROUNDS says how often (10), TOUCHSTONE_SEED repeats the random choices of a run;
// the moments of the threads are their own.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/e2e/crash_rounds.h"
#include "tests/e2e/server_process.h"
#include "tests/server/rule_set_source.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"
#include "touchstone/v1/customer_service.grpc.pb.h"
#include "touchstone/v1/grant_service.grpc.pb.h"
#include "touchstone/v1/rule_set_service.grpc.pb.h"
#include "touchstone/v1/transaction_service.grpc.pb.h"

namespace touchstone {
namespace {

constexpr int kTills = 8;
constexpr int64_t kBudgetUses = 120;
constexpr int64_t kCodeUses = 30;
constexpr int64_t kGrantUses = 20;
constexpr char kCode[] = "LETTER";

v1::RuleSetSource Rules() {
  return server::SourceOf(
      {{"rule_set.yaml",
        "name: Race\nzone: UTC\ncurrencies: [EUR]\nlocales: [en]\nchannels: [pos]\n"},
       {"schema.yaml",
        "customer:\n  tier: { type: enum, values: [none, gold], default: none }\n"
        "identities:\n  loyalty_card: {}\n"
        "reference:\n  product: { key: sku, fields: { categories: list(string) } }\n"},
       {"segments.yaml", "segments:\n  - { name: everyone, otherwise: always }\n"},
       {"placements.yaml", "placements: {}\n"},
       {"pricing.yaml", "returns: recompute\n"},
       {"budgets.yaml",
        absl::StrCat("race: { amount: ", kBudgetUses * 3, ".00 EUR, uses: ", kBudgetUses, " }\n")},
       {"offers/three-euro.yaml",
        "offer: three-euro\napplies: automatic\n"
        "benefit: { amount_off: { EUR: 3.00 }, per: basket }\nbudget: race\n"},
       {"offers/letter-5.yaml",
        "offer: letter-5\napplies: coded\nbenefit: { amount_off: { EUR: 5.00 }, per: basket }\n"},
       {"offers/coupon-2.yaml",
        "offer: coupon-2\napplies: granted\n"
        "benefit: { amount_off: { EUR: 2.00 }, per: basket }\n"}});
}

// What a till remembers of one transaction.
struct Remembered {
  std::string reserve_id;
  std::string commit_id;   // empty: it was not asked to be sold
  std::string release_id;  // empty: it was not voided
  std::optional<int64_t> promised_minor;
  bool sold = false;      // acknowledged
  bool released = false;  // acknowledged
};

struct Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel) {
    rule_sets = v1::RuleSetService::NewStub(channel);
    customers = v1::CustomerService::NewStub(channel);
    grants = v1::GrantService::NewStub(channel);
    transactions = v1::TransactionService::NewStub(channel);
  }

  std::unique_ptr<v1::RuleSetService::Stub> rule_sets;
  std::unique_ptr<v1::CustomerService::Stub> customers;
  std::unique_ptr<v1::GrantService::Stub> grants;
  std::unique_ptr<v1::TransactionService::Stub> transactions;
};

class CrashTillsTest : public ::testing::Test {
 protected:
  CrashTillsTest() : seed_(store::TestSeed()), random_(seed_) {
    std::printf("TOUCHSTONE_SEED=%llu\n", static_cast<unsigned long long>(seed_));
  }

  std::unique_ptr<ServerProcess> Start() {
    return std::make_unique<ServerProcess>(TOUCHSTONE_BINARY, directory_.Sub("data"),
                                           std::vector<std::string>{"--cache-mib", "8"});
  }

  void Fault(const std::string& what) {
    std::lock_guard<std::mutex> lock(mutex_);
    faults_.push_back(what);
  }

  void Prepare(Stubs& server) {
    grpc::ClientContext create_context, publish_context, import_context;
    v1::CreateRevisionRequest create;
    v1::CreateRevisionResponse created;
    create.set_request_id("create");
    *create.mutable_source() = Rules();
    grpc::Status status = server.rule_sets->CreateRevision(&create_context, create, &created);
    ASSERT_TRUE(status.ok()) << status.error_message();
    v1::PublishRevisionRequest publish;
    v1::PublishRevisionResponse published;
    publish.set_request_id("publish");
    publish.set_name(created.revision().name());
    status = server.rule_sets->PublishRevision(&publish_context, publish, &published);
    ASSERT_TRUE(status.ok()) << status.error_message();
    v1::ImportCodesRequest import;
    v1::ImportCodesResponse imported;
    import.set_request_id("codes");
    import.mutable_terms()->set_offer_id("letter-5");
    import.mutable_terms()->set_max_uses(kCodeUses);
    import.add_codes(kCode);
    status = server.grants->ImportCodes(&import_context, import, &imported);
    ASSERT_TRUE(status.ok()) << status.error_message();
    PrepareCustomer(server);
  }

  void PrepareCustomer(Stubs& server) {
    grpc::ClientContext update_context, grant_context;
    v1::UpdateCustomerRequest update;
    v1::Customer customer;
    update.set_request_id("customer");
    update.set_allow_missing(true);
    update.mutable_customer()->set_name("customers/dana");
    *update.add_add_identities() = Card();
    grpc::Status status = server.customers->UpdateCustomer(&update_context, update, &customer);
    ASSERT_TRUE(status.ok()) << status.error_message();
    v1::ImportGrantsRequest import;
    v1::ImportGrantsResponse imported;
    import.set_batch("race");
    v1::GrantItem& grant = *import.add_grants();
    *grant.mutable_identity() = Card();
    grant.set_offer_id("coupon-2");
    grant.set_max_uses(kGrantUses);
    status = server.grants->ImportGrants(&grant_context, import, &imported);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(imported.granted(), 1);
  }

  static v1::Identity Card() {
    v1::Identity card;
    card.set_namespace_("loyalty_card");
    card.set_value("1");
    return card;
  }

  v1::DecisionContext ContextOf(const std::string& transaction) {
    v1::DecisionContext context;
    context.set_transaction_id(transaction);
    context.set_step(1);
    context.mutable_touchpoint()->set_channel("pos");
    context.add_codes(kCode);
    *context.add_identities() = Card();
    return context;
  }

  grpc::Status Reserve(Stubs& server, const std::string& transaction, const std::string& request_id,
                       absl::Duration hold, v1::Reservation* reservation) {
    v1::ReserveRequest request;
    request.set_request_id(request_id);
    *request.mutable_context() = ContextOf(transaction);
    request.mutable_basket()->set_currency_code("EUR");
    v1::BasketLine* line = request.mutable_basket()->add_lines();
    line->set_line_id("1");
    line->set_sku("BREAD");
    line->set_quantity_thousandths(1000);
    line->set_unit_price_e4(200'000);
    request.mutable_hold()->set_seconds(absl::ToInt64Seconds(hold));
    grpc::ClientContext context;
    return server.transactions->Reserve(&context, request, reservation);
  }

  grpc::Status Commit(Stubs& server, const std::string& transaction, const std::string& request_id,
                      v1::Sale* sale) {
    v1::CommitRequest request;
    request.set_request_id(request_id);
    *request.mutable_context() = ContextOf(transaction);
    request.mutable_context()->clear_codes();
    grpc::ClientContext context;
    return server.transactions->Commit(&context, request, sale);
  }

  grpc::Status Release(Stubs& server, const std::string& transaction,
                       const std::string& request_id) {
    v1::ReleaseRequest request;
    request.set_request_id(request_id);
    *request.mutable_context() = ContextOf(transaction);
    request.mutable_context()->clear_codes();
    grpc::ClientContext context;
    v1::Reservation released;
    return server.transactions->Release(&context, request, &released);
  }

  // One transaction: sold, voided or forgotten. False: the server has gone.
  bool Sell(Stubs& server, const std::string& transaction, std::mt19937_64& random) {
    Remembered remembered;
    remembered.reserve_id = "r-" + transaction;
    const uint64_t fate = random() % 8;
    // Who walks away leaves what is held to the clock.
    const absl::Duration hold = fate == 7 ? absl::Seconds(1) : absl::Minutes(15);
    v1::Reservation held;
    grpc::Status status = Reserve(server, transaction, remembered.reserve_id, hold, &held);
    if (status.ok()) {
      remembered.promised_minor = held.basket().totals().payable_minor();
      if (fate < 4) {
        remembered.commit_id = "c-" + transaction;
        v1::Sale sale;
        status = Commit(server, transaction, remembered.commit_id, &sale);
        remembered.sold = status.ok();
      } else if (fate < 7) {
        remembered.release_id = "x-" + transaction;
        status = Release(server, transaction, remembered.release_id);
        remembered.released = status.ok();
      }
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      transactions_[transaction] = remembered;
      ++calls_;
    }
    progress_.notify_all();
    if (status.ok()) return true;
    if (!IsGone(status)) Fault(absl::StrCat(transaction, ": ", status.error_message()));
    return false;
  }

  void LoadAndKill(ServerProcess& process, Stubs& server, int round, uint64_t calls) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      calls_ = 0;
    }
    std::vector<std::thread> tills;
    for (int till = 0; till < kTills; ++till) {
      tills.emplace_back([&, till, seed = random_()] {
        std::mt19937_64 random(seed);
        for (int i = 0; Sell(server, absl::StrCat("t", round, "-", till, "-", i), random); ++i) {
        }
      });
    }
    {
      std::unique_lock<std::mutex> lock(mutex_);
      while (calls_ < calls) progress_.wait_for(lock, std::chrono::milliseconds(1));
    }
    process.Kill();
    for (std::thread& till : tills) till.join();
  }

  // Sends again what got no answer; a till that has no answer to Reserve voids the sale.
  void Settle(Stubs& server) {
    for (auto& [transaction, remembered] : transactions_) {
      if (remembered.sold || remembered.released) continue;
      if (!remembered.commit_id.empty()) {
        v1::Sale sale;
        const grpc::Status status = Commit(server, transaction, remembered.commit_id, &sale);
        remembered.sold = status.ok();
        if (!status.ok()) Fault(absl::StrCat(transaction, " again: ", status.error_message()));
      } else if (!remembered.promised_minor.has_value() || !remembered.release_id.empty()) {
        if (remembered.release_id.empty()) remembered.release_id = "x-" + transaction;
        const grpc::Status status = Release(server, transaction, remembered.release_id);
        remembered.released = status.ok();
        if (!status.ok()) Fault(absl::StrCat(transaction, " void: ", status.error_message()));
      }
    }
  }

  struct Sold {
    int64_t budget_uses = 0;
    int64_t budget_minor = 0;
    int64_t code_uses = 0;
    int64_t grant_uses = 0;
  };

  // What was sold in all, as it was promised, and nothing else.
  Sold CheckSales(Stubs& server) {
    Sold sold;
    for (const auto& [transaction, remembered] : transactions_) {
      v1::GetSaleRequest request;
      request.set_transaction_id(transaction);
      grpc::ClientContext context;
      v1::Sale sale;
      const grpc::Status status = server.transactions->GetSale(&context, request, &sale);
      if (status.ok() != remembered.sold) {
        Fault(absl::StrCat(transaction, remembered.sold ? " is lost: " : " was never sold ",
                           status.error_message()));
        continue;
      }
      if (!status.ok()) continue;
      if (sale.totals().payable_minor() != remembered.promised_minor) {
        Fault(absl::StrCat(transaction, " was sold for ", sale.totals().payable_minor()));
      }
      for (const v1::Claim& claim : sale.claims()) {
        (claim.kind() == v1::CLAIM_KIND_CODE    ? sold.code_uses
         : claim.kind() == v1::CLAIM_KIND_GRANT ? sold.grant_uses
                                                : sold.budget_uses) += claim.count();
        sold.budget_minor += claim.amount().amount_minor();
      }
    }
    return sold;
  }

  // Sells until neither budget nor code nor grant has anything left.
  void SellOut(Stubs& server) {
    for (int i = 0;; ++i) {
      const std::string transaction = absl::StrCat("last-", i);
      Remembered remembered;
      v1::Reservation held;
      v1::Sale sale;
      ASSERT_TRUE(Reserve(server, transaction, "r-" + transaction, absl::Minutes(1), &held).ok());
      if (held.claims().empty()) return;
      remembered.promised_minor = held.basket().totals().payable_minor();
      ASSERT_TRUE(Commit(server, transaction, "c-" + transaction, &sale).ok());
      remembered.sold = true;
      transactions_[transaction] = remembered;
    }
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  store::TemporaryDirectory directory_;
  std::mutex mutex_;  // guards what follows while tills run
  std::condition_variable progress_;
  uint64_t calls_ = 0;
  std::map<std::string, Remembered> transactions_;
  std::vector<std::string> faults_;
};

TEST_F(CrashTillsTest, WhatWasPromisedIsKeptOnceAndTheLastUnitCanBeSold) {
  {
    const std::unique_ptr<ServerProcess> first = Start();
    Stubs server(first->Connect());
    Prepare(server);
  }
  const int rounds = CrashRounds();
  for (int round = 0; round < rounds; ++round) {
    std::unique_ptr<ServerProcess> process = Start();
    {
      Stubs server(process->Connect());
      LoadAndKill(*process, server, round, 1 + random_() % 60);
    }
    process = Start();
    Stubs server(process->Connect());
    Settle(server);
    const Sold sold = CheckSales(server);
    EXPECT_LE(sold.budget_uses, kBudgetUses);
    EXPECT_LE(sold.budget_minor, kBudgetUses * 300);
    EXPECT_LE(sold.code_uses, kCodeUses);
    EXPECT_LE(sold.grant_uses, kGrantUses);
    ASSERT_TRUE(faults_.empty()) << "round " << round << " seed " << seed_ << "\n"
                                 << absl::StrJoin(faults_, "\n");
  }
  {
    const std::unique_ptr<ServerProcess> last = Start();
    Stubs server(last->Connect());
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // of those who walked away
    SellOut(server);
    const Sold sold = CheckSales(server);
    EXPECT_EQ(sold.budget_uses, kBudgetUses);
    EXPECT_EQ(sold.budget_minor, kBudgetUses * 300);
    EXPECT_EQ(sold.code_uses, kCodeUses);
    EXPECT_EQ(sold.grant_uses, kGrantUses);
  }
  for (const std::string& fault : StoreFaults(directory_.Sub("data"))) Fault(fault);
  EXPECT_TRUE(faults_.empty()) << absl::StrJoin(faults_, "\n");
  const auto sold = std::count_if(transactions_.begin(), transactions_.end(),
                                  [](const auto& known) { return known.second.sold; });
  std::printf("%d kills, %zu transactions, %lld sold\n", rounds, transactions_.size(),
              static_cast<long long>(sold));
}

}  // namespace
}  // namespace touchstone
