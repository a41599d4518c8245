#pragma once

// Everything that a decision needs in one process, on real parts but for gRPC: a compiled rule set,
// reference rows, a store with customers whose records are in its cache, its writer, and a receipt
// log on disk.
//
// Customers are made up from the schema: every attribute and aggregate has a value. The clock
// stands still at NowOfWorld.
// Thread safety: Create and Decide from one thread; the store's writer and the receipt log have
// threads of their own, as in the server. Errors: as the parts say.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bench/generated_rule_set.h"
#include "bench/request_bodies.h"
#include "server/decide/decider.h"
#include "server/decide/store_reader.h"
#include "server/live/live.h"
#include "store/receipts.h"
#include "store/store.h"
#include "store/writer.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::bench {

inline constexpr size_t kWorldCustomers = 1000;

// Thursday 2026-11-26, 08:30 in Berlin.
absl::Time NowOfWorld();

// Rows of a reference table and the mapping that imports them.
struct TableFiles {
  std::string csv;
  std::string mapping;
};

struct WorldOptions {
  v1::RuleSet rule_set;
  TableFiles products;  // with a column `price`
  TableFiles stores;
  std::vector<std::string> placements;
  size_t basket_lines = 20;
  size_t grants = 0;  // of each customer, each of an offer that asks for one
  uint64_t seed = 1;
};

// The demo's folder (deploy/demo), with its rules from `rules`, or from the demo when it is empty.
absl::StatusOr<WorldOptions> DemoWorld(const std::string& demo, const std::string& rules);
// Generated; its tables are written into `folder`.
absl::StatusOr<WorldOptions> GeneratedWorld(const GeneratedOptions& generated,
                                            const std::string& folder);

class DecisionWorld {
 public:
  // Keeps its data in `folder`, which must be empty.
  static absl::StatusOr<std::unique_ptr<DecisionWorld>> Create(const WorldOptions& options,
                                                               const std::string& folder);
  ~DecisionWorld();

  // One served decision but for gRPC: parse, check, gather, bind, decide, answer, receipt. The
  // answer is valid until the next call. Error: the call would have been refused.
  absl::StatusOr<absl::string_view> Decide(absl::string_view request);

  const RequestBodies& requests() const { return *requests_; }
  const rules::RuleSet& rule_set() const { return *live_.Get()->rule_set; }
  // Waits until the device has taken the receipts so far.
  absl::Status FlushReceipts() { return receipts_->Flush(); }

 private:
  class NoReads;

  DecisionWorld();
  absl::Status Open(const std::string& folder);
  absl::Status AddCustomers(const WorldOptions& options);
  absl::Status AddGrants(const std::string& customer_id, size_t count, std::mt19937_64& random);
  absl::Status MakeRequests(const WorldOptions& options);

  server::Live live_;
  server::BudgetBoard budgets_{&live_};
  server::TokenKey token_key_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<store::ReceiptLog> receipts_;
  std::unique_ptr<server::StepTracker> steps_;
  std::unique_ptr<server::ShownContacts> contacts_;
  server::DecideStats stats_;
  server::DecideRooms rooms_;
  std::unique_ptr<server::StoreReader> reader_;
  std::unique_ptr<NoReads> no_reads_;
  std::unique_ptr<server::Gatherer> gatherer_;
  std::unique_ptr<server::Decider> decider_;
  std::unique_ptr<RequestBodies> requests_;
};

}  // namespace touchstone::bench
