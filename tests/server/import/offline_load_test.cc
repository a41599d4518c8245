// A cold load leaves the same rows as a live one: the slow truth beside the fast path.

#include "server/import/offline_load.h"

#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/data_dir.h"
#include "server/import/import_run.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/store.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"
#include "tests/store/seed.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;

namespace storage = ::touchstone::storage::v1;

constexpr char kCustomers[] = R"(kind: customers
source: crm
customer: id
identities: { loyalty_card: card, phone: phone }
consents: { marketing_mail: mail }
household: home
attributes:
  tier: tier
  birth_date: { column: born, type: date }
  allergies: { column: allergies, type: list(string), split: "|" }
)";
constexpr char kContacts[] = R"(kind: contacts
customer: id
offer: offer
contact: what
channel: channel
direction: { constant: outbound }
time: time
)";
constexpr char kEvents[] = R"(kind: events
type: { column: type }
id: event
identities: { loyalty_card: card }
time: time
reverses: reverses
fields: { paid: { column: paid, type: money, currency: EUR } }
lines: { sku: sku, quantity: { column: quantity, type: decimal } }
)";
constexpr char kEventsById[] = R"(kind: events
type: purchase
id: event
customer: id
create_customers: true
time: time
fields: { paid: { column: paid, type: money, currency: EUR } }
)";

struct File {
  MappingKind kind;
  std::string mapping;
  std::string rows;
};

class Maker {
 public:
  explicit Maker(uint32_t seed) : random_(seed) {}

  // Rows of few customers, so that they meet: identities that others have, events that come again,
  // that are taken back, that nobody declared.
  std::vector<File> Files() {
    return {{MappingKind::kCustomers, kCustomers, Customers(300)},
            {MappingKind::kEvents, kEvents, Events(400)},
            {MappingKind::kContacts, kContacts, Contacts(200)},
            {MappingKind::kCustomers, kCustomers, Customers(200)},
            {MappingKind::kEvents, kEventsById, EventsById(300)},
            {MappingKind::kEvents, kEvents, Events(300)}};
  }

 private:
  int Below(int count) { return static_cast<int>(random_() % static_cast<uint32_t>(count)); }
  std::string Pick(const std::vector<std::string>& words) {
    return words[static_cast<size_t>(Below(static_cast<int>(words.size())))];
  }
  std::string Time() {
    return absl::StrCat("2026-", Pick({"09", "10", "11"}), "-", 10 + Below(9), "T0", Below(10),
                        ":00:00Z");
  }

  std::string Customers(int rows) {
    std::string text = "id,card,phone,home,mail,tier,born,allergies\n";
    for (int i = 0; i < rows; ++i) {
      const int id = Below(80);
      absl::StrAppend(&text, "c", id, ",", Below(10) == 0 ? Below(100) : id, ",",
                      Pick({"", absl::StrCat("+49", Below(90))}), ",", Pick({"h1", "h2", ""}), ",",
                      Pick({"yes", "no", ""}), ",", Pick({"gold", "silver", "platinum", ""}), ",",
                      Pick({"1990-01-02", "soon", ""}), ",", Pick({"nuts|milk", "nuts", ""}), "\n");
    }
    return text;
  }

  std::string Contacts(int rows) {
    std::string text = "id,offer,what,channel,time\n";
    for (int i = 0; i < rows; ++i) {
      absl::StrAppend(&text, "c", Below(90), ",", Pick({"beans-20", "join-club", "old"}), ",",
                      Pick({"shown", "accepted", "dreamt"}), ",", Pick({"pos", "web", "fax"}), ",",
                      Time(), "\n");
    }
    return text;
  }

  std::string Events(int rows) {
    std::string text = "type,event,card,time,reverses,paid,sku,quantity\n";
    for (int i = 0; i < rows; ++i) {
      std::string event = absl::StrCat("e", Below(500));
      std::string card = absl::StrCat(Below(100));
      std::string reverses;
      if (Below(6) == 0 && !written_.empty()) {
        // Often one that she has, and sometimes one that has been taken back.
        std::tie(reverses, card) =
            written_[static_cast<size_t>(Below(static_cast<int>(written_.size())))];
        event = absl::StrCat("r", Below(500));
      } else {
        written_.emplace_back(event, card);
      }
      absl::StrAppend(&text, Pick({"purchase", "purchase", "purchase", "picnic"}), ",", event, ",",
                      card, ",", reverses.empty() ? Time() : "2026-11-19T12:00:00Z", ",", reverses,
                      ",", Pick({"12.50", "3.20", "x"}), ",", Pick({"BEANS", "MILK"}), ",",
                      1 + Below(4), "\n");
    }
    return text;
  }

  std::string EventsById(int rows) {
    std::string text = "event,id,time,paid\n";
    for (int i = 0; i < rows; ++i) {
      absl::StrAppend(&text, "f", Below(250), ",c", Below(150), ",", Time(), ",", Below(99),
                      ".00\n");
    }
    return text;
  }

  std::mt19937 random_;
  std::vector<std::pair<std::string, std::string>> written_;  // events and cards
};

class OfflineLoadTest : public ::testing::Test {
 protected:
  struct Run {
    ImportProgress progress;
    std::string quarantine;
    bool ok = false;
  };

  // Imports through the sinks that `customers` and `events` give.
  template <typename Customers, typename Events>
  Run Import(const File& file, const Customers& customers, const Events& events) {
    const std::string path = directory_.Sub("rows.csv");
    std::ofstream(path, std::ios::binary | std::ios::trunc) << file.rows;
    const absl::StatusOr<Mapping> mapping = ParseMapping(file.mapping, "m.yaml");
    EXPECT_TRUE(mapping.ok()) << mapping.status();
    auto reader = RowReader::Open(path, mapping->columns);
    EXPECT_TRUE(reader.ok()) << reader.status();
    Quarantine quarantine(directory_.Sub("quarantine.csv"));
    EXPECT_TRUE(quarantine.Clear().ok());
    Progress progress(false);
    ImportProgress begin;
    begin.run_id = absl::StrCat("run-", ++runs_);
    ImportState state("", begin, &quarantine);
    ImportRun run;
    run.reader = reader->get();
    run.mapping = &*mapping;
    run.progress = &progress;
    run.state = &state;
    // Small batches, so that there are many.
    run.rows_per_second = 2000;
    const ImportResult result = file.kind == MappingKind::kEvents
                                    ? ImportEvents(run, events(&state).get())
                                    : ImportCustomers(run, customers(&state).get());
    EXPECT_TRUE(result.ok()) << result.call.error_message();
    quarantine.Flush();
    std::ifstream in(quarantine.path(), std::ios::binary);
    Run done;
    done.progress = state.progress();
    done.quarantine.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    done.ok = result.ok();
    return done;
  }

  Run ImportLive(TestServer* server, const File& file) {
    LiveTarget target;
    target.channel = grpc::CreateChannel(server->address(), grpc::InsecureChannelCredentials());
    target.sleep = [](int) {};
    return Import(
        file, [&](ImportState* state) { return LiveCustomerSink(target, state); },
        [&](ImportState* state) { return LiveEventSink(target, state); });
  }

  Run ImportCold(TestServer* server, const File& file, size_t chunk_bytes) {
    OfflineOptions options;
    options.data_dir = server->data_dir();
    options.chunk_bytes = chunk_bytes;
    options.clock = [server] { return server->now(); };
    absl::StatusOr<std::unique_ptr<OfflineLoad>> load = OfflineLoad::Open(options);
    EXPECT_TRUE(load.ok()) << load.status();
    if (!load.ok()) return Run();
    return Import(
        file, [&](ImportState* state) { return (*load)->Customers("rows", state); },
        [&](ImportState* state) { return (*load)->Events("rows", state); });
  }

  // Of an event, the fields in order: a map of protobuf has none of its own.
  static std::string InOrder(store::Family family, const store::Database::PrefixIterator& row) {
    storage::StoredEvent stored;
    v1::Event event;
    if (family != store::Family::kEvents || row.key()[0] != 'e' ||
        !stored.ParseFromString(std::string(row.value())) ||
        !event.ParseFromString(stored.body())) {
      return std::string(row.value());
    }
    stored.clear_body();
    return absl::StrCat(stored.ShortDebugString(), " ", event.ShortDebugString());
  }

  // All rows by family and key, but for what says how they were written.
  static std::map<std::string, std::string> Rows(const TestServer& server) {
    store::StoreOptions options;
    options.path = PathIn(server.data_dir(), kStorePart);
    auto store = store::Store::Open(options);
    EXPECT_TRUE(store.ok()) << store.status();
    std::map<std::string, std::string> rows;
    for (size_t i = 0; i < store::kFamilyCount; ++i) {
      const auto family = static_cast<store::Family>(i);
      auto at = (*store)->database().Iterate(family, "", "");
      for (; at.Valid(); at.Next()) {
        const bool passing =
            family == store::Family::kMeta &&
            (at.key() == store::kProgressRow || at.key()[0] == store::kRequestPrefix);
        if (passing) continue;
        rows[absl::StrCat(FamilyName(family), " ", at.key())] = InOrder(family, at);
      }
      EXPECT_TRUE(at.status().ok()) << at.status();
    }
    return rows;
  }

  // Drops the records that wait to be rebuilt from both; how many.
  static int ForgetWaiting(std::map<std::string, std::string>* cold,
                           std::map<std::string, std::string>* live) {
    const std::string prefix = absl::StrCat("meta ", std::string(1, store::kWaitingPrefix));
    int waiting = 0;
    for (auto row = cold->lower_bound(prefix);
         row != cold->end() && absl::StartsWith(row->first, prefix);
         row = cold->erase(row), ++waiting) {
      const std::string record = absl::StrCat("customers ", row->first.substr(prefix.size()));
      EXPECT_EQ(live->erase(record), cold->erase(record));
      live->erase(row->first);  // households are rebuilt in the background there
    }
    return waiting;
  }

  store::TemporaryDirectory directory_;
  int runs_ = 0;
};

TEST_F(OfflineLoadTest, LeavesTheSameRowsAsALiveImport) {
  const uint32_t first_seed = static_cast<uint32_t>(store::TestSeed());
  for (uint32_t seed = first_seed; seed < first_seed + 3; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    TestServer live;
    live.Publish(GroceryRules());
    TestServer cold;
    cold.Publish(GroceryRules());
    cold.Stop();
    int64_t quarantined = 0;
    for (const File& file : Maker(seed).Files()) {
      const Run a = ImportLive(&live, file);
      // Of some runs everything is one chunk, of others each few batches are.
      const Run b = ImportCold(&cold, file, seed % 2 == 0 ? size_t{1} << 30 : size_t{40} << 10);
      EXPECT_EQ(a.progress.totals.rows, b.progress.totals.rows);
      EXPECT_EQ(a.progress.totals.imported, b.progress.totals.imported);
      EXPECT_EQ(a.progress.totals.duplicate, b.progress.totals.duplicate);
      EXPECT_EQ(a.progress.totals.reasons, b.progress.totals.reasons);
      EXPECT_EQ(a.quarantine, b.quarantine);
      quarantined += a.progress.totals.quarantined;
    }
    EXPECT_GT(quarantined, 100);
    live.Stop();
    auto expected = Rows(live);
    auto found = Rows(cold);
    EXPECT_GT(expected.size(), 500u);
    // A server works out again what it cannot take back; a cold load leaves that to its next start.
    EXPECT_GT(ForgetWaiting(&found, &expected), 0);
    for (const auto& [key, value] : expected) {
      const auto at = found.find(key);
      if (at == found.end()) {
        ADD_FAILURE() << "missing: " << key;
      } else {
        EXPECT_EQ(at->second, value) << key;
      }
    }
    for (const auto& [key, value] : found) EXPECT_EQ(expected.count(key), 1u) << "more: " << key;
    if (HasFailure()) return;
  }
}

TEST_F(OfflineLoadTest, IsRefusedWhileAServerHasTheStore) {
  TestServer server;
  OfflineOptions options;
  options.data_dir = server.data_dir();
  options.clock = [&] { return server.now(); };
  const auto load = OfflineLoad::Open(options);
  EXPECT_EQ(load.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(load.status().message()), HasSubstr("another process has the store"));
}

TEST_F(OfflineLoadTest, IsRefusedWithoutAStoreOrARevision) {
  TestServer server;
  OfflineOptions options;
  options.data_dir = directory_.Sub("nowhere");
  EXPECT_EQ(OfflineLoad::Open(options).status().code(), absl::StatusCode::kNotFound);
  server.Stop();
  options.data_dir = server.data_dir();
  EXPECT_THAT(std::string(OfflineLoad::Open(options).status().message()),
              HasSubstr("no revision has been published"));
}

TEST_F(OfflineLoadTest, AServerServesWhatWasLoaded) {
  TestServer server;
  server.Publish(GroceryRules());
  server.Stop();
  ImportCold(&server,
             {MappingKind::kCustomers, kCustomers,
              "id,card,phone,home,mail,tier,born,allergies\nanna,7,,h1,yes,gold,1990-01-02,nuts\n"},
             1);
  ImportCold(&server,
             {MappingKind::kEvents, kEventsById, "event,id,time,paid\ne,anna,2026-11-01,12.50\n"},
             1);
  server.Restart();
  grpc::ClientContext context;
  v1::GetCustomerRequest request;
  request.set_name("customers/anna");
  v1::Customer anna;
  ASSERT_TRUE(server.customers().GetCustomer(&context, request, &anna).ok());
  EXPECT_EQ(anna.attributes().at("tier").string_value(), "gold");
  EXPECT_EQ(anna.aggregates().at("spend_90d").money_value().amount_minor(), 1250);
  EXPECT_EQ(anna.identities_size(), 1);
}

}  // namespace
}  // namespace touchstone::server
