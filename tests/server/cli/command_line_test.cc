#include "tests/server/cli/command_line.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/cli/cli.h"
#include "server/live/loader.h"
#include "store/database.h"
#include "store/record_patch.h"
#include "store/store.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class CommandLineTest : public CommandLine {};

TEST_F(CommandLineTest, EveryCommandHasHelp) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{},
                                             {"serve"},
                                             {"rules"},
                                             {"rules", "validate"},
                                             {"rules", "test"},
                                             {"rules", "publish"},
                                             {"rules", "rollback"},
                                             {"rules", "list"},
                                             {"decide"},
                                             {"explain"},
                                             {"customer", "get"},
                                             {"customer", "list"},
                                             {"customer", "export"},
                                             {"customer", "erase"},
                                             {"import"},
                                             {"import", "customers"},
                                             {"import", "events"},
                                             {"import", "reference"},
                                             {"codes", "issue"},
                                             {"codes", "check"},
                                             {"verify"}}) {
    std::vector<std::string> arguments = command;
    arguments.push_back("--help");
    const Ran ran = RunCommand(arguments);
    EXPECT_EQ(ran.exit_code, kExitFine);
    EXPECT_THAT(ran.out, HasSubstr("--help"));
  }
  EXPECT_EQ(RunCommand({"frobnicate"}).exit_code, kExitUsage);
  EXPECT_EQ(RunCommand({"decide", "--nonsense"}).exit_code, kExitUsage);
}

TEST_F(CommandLineTest, SaysHowToReachAServerThatIsNotThere) {
  // Port 1 is never listened on by a test.
  const Ran ran = RunCommand({"rules", "list", "--server", "127.0.0.1:1"});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(ran.err, HasSubstr("touchstone serve"));
}

TEST_F(CommandLineTest, PublishesRollsBackAndLists) {
  const std::string first = Folder("first", GroceryRules("20"));
  const std::string second = Folder("second", GroceryRules("30"));
  EXPECT_THAT(OnServer({"rules", "list"}).out, HasSubstr("No revision yet"));
  EXPECT_THAT(OnServer({"decide", "--channel", "pos"}).err,
              HasSubstr("[NO_ACTIVE_REVISION]\nPublish one: touchstone rules publish FOLDER."));
  Ran ran = OnServer({"rules", "publish", first, "--message", "autumn"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("revisions/1 is active (2 offers)"));
  EXPECT_THAT(OnServer({"rules", "publish", second}).out, HasSubstr("before it: revisions/1"));
  EXPECT_THAT(OnServer({"rules", "rollback"}).out, HasSubstr("revisions/1 is active again"));
  EXPECT_THAT(OnServer({"rules", "rollback", "2"}).out, HasSubstr("revisions/2 is active again"));
  ran = OnServer({"rules", "list"});
  EXPECT_THAT(ran.out, HasSubstr("autumn"));
  EXPECT_THAT(ran.out, HasSubstr("rolled back"));
  ran = OnServer({"rules", "list", "--json"});
  EXPECT_THAT(ran.out, HasSubstr("\"REVISION_STATE_ACTIVE\""));
}

TEST_F(CommandLineTest, ARuleSetThatIsRefusedIsAFinding) {
  Ran ran = OnServer({"rules", "publish", Folder("broken", BrokenRules())});
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_THAT(ran.out, HasSubstr("offers/beans-20.yaml:"));
  EXPECT_THAT(ran.out, HasSubstr("shoe_size"));
  ran = OnServer({"rules", "publish", Folder("failing", FailingRules())});
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_THAT(ran.out, HasSubstr("golden_test_failed"));
  EXPECT_EQ(OnServer({"rules", "publish", directory_.Sub("none")}).exit_code, kExitUsage);
}

TEST_F(CommandLineTest, ValidatesAndTestsWithoutAServer) {
  EXPECT_EQ(RunCommand({"rules", "validate", Folder("good", GroceryRules())}).exit_code, kExitFine);
  EXPECT_EQ(RunCommand({"rules", "validate", Folder("broken", BrokenRules())}).exit_code,
            kExitFindings);
  EXPECT_EQ(RunCommand({"rules", "test", Folder("failing", FailingRules())}).exit_code,
            kExitFindings);
}

TEST_F(CommandLineTest, VerifiesTheDataOfAServerThatIsNotRunning) {
  const std::string data = directory_.Sub("data");
  Ran ran = RunCommand({"verify", "--data-dir", data});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr(data));
  {
    store::StoreOptions options;
    options.path = data + "/store";
    std::filesystem::create_directories(data);
    const auto store = store::Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    // Open in another place: nothing is read.
    EXPECT_EQ(RunCommand({"verify", "--data-dir", data}).exit_code, kExitUsage);
  }
  ran = RunCommand({"verify", "--data-dir", data});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("customers            0\n"));
  EXPECT_THAT(ran.out, HasSubstr("\nsound\n"));
  EXPECT_THAT(ran.out, HasSubstr("aggregates were not compared: no revision is active\n"));
  ran = RunCommand({"verify", "--json", "--data-dir", data});
  EXPECT_EQ(ran.exit_code, kExitFine);
  EXPECT_THAT(ran.out, HasSubstr("\"sound\": true"));

  {
    store::StoreOptions options;
    options.path = data + "/store";
    const auto store = store::Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store::Database& database = (*store)->database();
    ASSERT_TRUE(database.rocks()
                    ->Put({}, database.handle(store::Family::kIdentities), "card:1", "nobody")
                    .ok());
  }
  ran = RunCommand({"verify", "--data-dir", data});
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_THAT(ran.out, HasSubstr("lost_identity: of customers/nobody\n1 fault\n"));
  ran = RunCommand({"verify", "--json", "--data-dir", data});
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_THAT(ran.out, HasSubstr("\"fault\": \"lost_identity\""));
}

constexpr char kPaidMapping[] = R"(kind: events
type: purchase
id: event
customer: id
create_customers: true
time: time
fields: { paid: { column: paid, type: money, currency: EUR } }
)";

TEST_F(CommandLineTest, VerifiesAggregatesOfASampleOfRecords) {
  server_.Publish(GroceryRules());
  const std::string file = Write("paid.csv",
                                 "id,event,time,paid\nanna,e1,2026-11-01T08:00:00Z,10.00\n"
                                 "bert,e2,2026-11-02T08:00:00Z,20.00\n");
  const Ran imported =
      OnServer({"import", "events", file, "--mapping", Write("paid.yaml", kPaidMapping)});
  ASSERT_EQ(imported.exit_code, kExitFine) << imported.err << imported.out;
  server_.Stop();
  const auto verify = [this](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = {"verify", "--data-dir", server_.data_dir()};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return RunCommand(arguments);
  };
  Ran ran = verify({});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("compared_records     2\ncompared_aggregates  8\n"));
  EXPECT_THAT(ran.out, Not(HasSubstr("passed_over")));
  {
    store::StoreOptions options;
    options.path = server_.data_dir() + "/store";
    const auto store = store::Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    Live live;
    ASSERT_TRUE(LiveLoader(store->get(), &live).Reload().ok());
    store::RecordPatch patch;
    for (const rules::AggregateSpec& spec : live.Get()->rule_set->schema.aggregates) {
      if (spec.name == "last_purchase") patch.ClearAggregate(spec.id);
    }
    store::Database& database = (*store)->database();
    ASSERT_TRUE(database.rocks()
                    ->Merge({}, database.handle(store::Family::kCustomers), "cbert", patch.bytes())
                    .ok());
  }
  ran = verify({});
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_THAT(ran.out, HasSubstr("aggregate_differs: last_purchase of customers/bert\n1 fault\n"));
  EXPECT_EQ(verify({"--sample", "all"}).exit_code, kExitFindings);
  ran = verify({"--sample", "1"});
  EXPECT_EQ(ran.exit_code, kExitFine);
  EXPECT_THAT(ran.out, HasSubstr("compared_aggregates  4\n"));
  ran = verify({"--sample", "0", "--json"});
  EXPECT_EQ(ran.exit_code, kExitFine);
  EXPECT_THAT(ran.out, HasSubstr("\"compared_aggregates\": 0"));
  ran = verify({"--json"});
  EXPECT_THAT(ran.out, HasSubstr("\"fault\": \"aggregate_differs\""));
  EXPECT_THAT(ran.out, HasSubstr("\"passed_over_filling\": 0"));
  EXPECT_EQ(verify({"--sample", "some"}).exit_code, kExitUsage);
  EXPECT_EQ(verify({"--sample", "-1"}).exit_code, kExitUsage);
}

TEST_F(CommandLineTest, DecidesFromFlagsAndFilesAndExplains) {
  server_.Publish(GroceryRules());
  const std::string products = Write("products.csv", "sku,categories\nBEANS,coffee\n");
  const std::string mapping =
      Write("products.yaml",
            "kind: reference\nkey: sku\n"
            "columns: { categories: { column: categories, type: list(string), split: \"|\" } }\n");
  ASSERT_EQ(OnServer({"import", "reference", products, "--mapping", mapping, "--table", "product"})
                .exit_code,
            kExitFine);
  Ran ran =
      OnServer({"decide", "--channel", "pos", "--line", "BEANS:2:14.00", "--placement", "receipt"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("to pay 28.00 EUR"));
  EXPECT_THAT(ran.out, HasSubstr("join-club"));
  EXPECT_THAT(ran.out, HasSubstr("beans-20  segment: "));

  const std::string id = ran.out.substr(sizeof("decision ") - 1, 26);
  ran = OnServer({"explain", id});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("the same answer, byte for byte"));
  EXPECT_EQ(OnServer({"explain", "01m80rw5fhzckzcrsp8r000001"}).exit_code, kExitFindings);

  const std::string yaml = Write("request.yaml",
                                 "context:\n  transaction_id: t-1\n  step: 1\n"
                                 "  touchpoint: { channel: pos }\nplacements: [receipt]\n");
  ran = OnServer({"decide", yaml, "--json"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("\"offer_id\": \"join-club\""));
  ran = OnServer({"decide", Write("bad.json", "{\"kontext\": {}}")});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("is not a DecideRequest"));
  EXPECT_EQ(OnServer({"decide"}).exit_code, kExitUsage);
}

constexpr char kCustomerMapping[] = R"(kind: customers
source: crm
customer: id
identities: { loyalty_card: card }
attributes:
  tier: tier
  birth_date: { column: born, type: date }
)";

TEST_F(CommandLineTest, ImportsCustomersAndQuarantinesWhatCannotBeUsed) {
  server_.Publish(GroceryRules());
  const std::string file = Write("customers.csv",
                                 "id,card,tier,born\nanna,1,gold,1988-02-29\n"
                                 "berta,2,platinum,1990-01-01\ncara,3,silver,yesterday\n"
                                 "dora,4\nemma,1,,\nfrida,5,,\n");
  const std::string mapping = Write("customers.yaml", kCustomerMapping);
  Ran ran = OnServer({"import", "customers", file, "--mapping", mapping});
  EXPECT_EQ(ran.exit_code, kExitFindings) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("6 rows: 2 imported, 0 there already, 0 left out by the mapping, "
                                 "4 quarantined"));
  const std::string quarantine = Read(file + ".quarantine.csv");
  EXPECT_THAT(quarantine, HasSubstr("line,reason,row\n"));
  EXPECT_THAT(quarantine, HasSubstr("4,\"birth_date: `yesterday` is not a date"));
  EXPECT_THAT(quarantine, HasSubstr("\n5,\"has 2 cells where the header has 4 columns\""));
  EXPECT_THAT(quarantine, HasSubstr("\n3,\"attributes[tier]: must be one of the declared values"));
  EXPECT_THAT(quarantine, HasSubstr("\n6,\"an identity finds another customer\""));

  ran = OnServer({"customer", "get", "loyalty_card:1"});
  EXPECT_EQ(ran.exit_code, kExitFine);
  EXPECT_THAT(ran.out, HasSubstr("customers/anna, segment regular"));
  EXPECT_THAT(ran.out, HasSubstr("birth_date = 1988-02-29"));
  EXPECT_THAT(OnServer({"customer", "get", "frida", "--json"}).out,
              HasSubstr("\"customers/frida\""));
  EXPECT_EQ(OnServer({"customer", "get", "berta"}).exit_code, kExitUsage);

  // What an earlier run put aside does not stay beside a clean one.
  Write("customers.csv", "id,card,tier,born\nanna,1,gold,1988-02-29\n");
  ran = OnServer({"import", "customers", file, "--mapping", mapping});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_FALSE(std::filesystem::exists(file + ".quarantine.csv"));
  ran = OnServer({"import", "customers", file, "--mapping", mapping, "--quarantine", file});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("--quarantine names the file that is imported"));
  EXPECT_THAT(Read(file), HasSubstr("anna"));
}

TEST_F(CommandLineTest, ReportsOnTheQualityOfTheData) {
  server_.Publish(GroceryRules());
  const std::string file = Write("customers.csv",
                                 "id,card,tier,born\nanna,1,gold,1988-02-29\n"
                                 "berta,2,gold,yesterday\ncara,3,gold,\n");
  OnServer({"import", "customers", file, "--mapping", Write("customers.yaml", kCustomerMapping)});
  Ran ran = OnServer({"report", "quality", "--match", "tier"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(": 2 customers, 0 of them in a household, 0 that no identity"));
  EXPECT_THAT(ran.out, HasSubstr("\n  birth_date   50.0 %"));
  EXPECT_THAT(ran.out, HasSubstr("agree in tier: 2 customers in 1 group\n"
                                 "  customers/anna customers/cara\n"));
  EXPECT_THAT(ran.out, HasSubstr("birth_date: is not a date"));
  EXPECT_THAT(ran.out, Not(HasSubstr("yesterday")));
  ran = OnServer({"report", "quality", "--metrics"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("\ntouchstone_data_customers 2\n"));
  EXPECT_THAT(ran.out, HasSubstr("\ntouchstone_data_attribute_customers{attribute=\"tier\","
                                 "state=\"known\"} 2\n"));
  EXPECT_THAT(ran.out, HasSubstr("touchstone_data_quarantined_rows{source=\"crm\","
                                 "kind=\"customers\",reason="));
  ran = OnServer({"report", "quality", "--match", "shoe_size"});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("match_on[0].attributes[0]"));
}

constexpr char kPurchaseMapping[] = R"(kind: events
zone: Europe/London
skip: [{ column: CustomerID, empty: true }]
type: purchase
id: InvoiceNo
customer: { column: CustomerID, strip: ".0" }
create_customers: true
time: { column: InvoiceDate, format: "%Y-%m-%d %H:%M:%S" }
group_by: InvoiceNo
fields:
  paid: { sum: paid }
lines:
  sku: StockCode
  quantity: { column: Quantity, type: decimal }
  paid: { product: [Quantity, UnitPrice], type: money, currency: EUR }
)";

TEST_F(CommandLineTest, ImportingEventsTwiceIsTheSameAsOnce) {
  v1::RuleSetSource rules = GroceryRules();
  for (v1::RuleSetFile& file : *rules.mutable_files()->mutable_files()) {
    const size_t at = file.content().find("quantity: decimal }");
    if (file.path() == "schema.yaml" && at != std::string::npos) {
      file.mutable_content()->insert(at, "paid: money, ");
    }
  }
  server_.Publish(rules);
  const std::string file = Write("retail.csv",
                                 "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
                                 "536365,A,6,2026-11-01 08:26:00,2.555,17850.0\n"
                                 "536365,B,2,2026-11-01 08:26:00,3.39,17850.0\n"
                                 "536366,A,1,2026-11-01 09:00:00,1.00,\n"
                                 "536367,A,one,2026-11-01 09:10:00,1.00,17850.0\n"
                                 "C536368,B,-1,2026-11-02 10:00:00,3.39,17850.0\n");
  const std::string mapping = Write("retail.yaml", kPurchaseMapping);
  Ran ran = OnServer({"import", "events", file, "--mapping", mapping});
  EXPECT_EQ(ran.exit_code, kExitFindings) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("5 rows: 3 imported, 0 there already, 1 left out by the mapping, "
                                 "1 quarantined\n2 new events"));
  ran = OnServer({"import", "events", file, "--mapping", mapping, "--json"});
  EXPECT_THAT(ran.out, HasSubstr("\"rows\":5,\"imported\":0,\"duplicate\":3,\"left_out\":1,"
                                 "\"quarantined\":1,\"events_new\":0,\"events_duplicate\":2"));
  // 15.33 + 6.78 - 3.39
  EXPECT_THAT(OnServer({"customer", "get", "17850"}).out, HasSubstr("spend_90d = 18.72 EUR"));
}

TEST_F(CommandLineTest, ATableThatIsRefusedNamesTheLinesOfTheFile) {
  server_.Publish(GroceryRules());
  const std::string file = Write("stores.csv", "store,zone\nS1,Europe/Berlin\nS2,Atlantis\n");
  const Ran ran = OnServer({"import", "reference", file, "--mapping",
                            Write("stores.yaml",
                                  "kind: reference\ntable: store\nkey: store\n"
                                  "columns: { zone: zone }\n")});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.out, HasSubstr("2 rows: 0 imported"));
  EXPECT_THAT(Read(file + ".quarantine.csv"),
              HasSubstr("3,\"values[zone]: must be an IANA time zone"));
}

TEST_F(CommandLineTest, AWrongMappingImportsNothing) {
  server_.Publish(GroceryRules());
  const std::string file = Write("customers.csv", "id\nanna\n");
  Ran ran = OnServer({"import", "customers", file, "--mapping",
                      Write("bad.yaml", "kind: customers\ncustmer: id\n")});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("bad.yaml:2: `custmer` is not a key"));
  ran = OnServer({"import", "events", file, "--mapping",
                  Write("other.yaml", "kind: customers\ncustomer: id\n")});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("needs one of its own kind"));
  EXPECT_EQ(OnServer({"customer", "get", "anna"}).exit_code, kExitUsage);
}

// What a person types.
class TypedInput {
 public:
  explicit TypedInput(const std::string& text) : text_(text), before_(std::cin.rdbuf()) {
    std::cin.rdbuf(text_.rdbuf());
  }
  ~TypedInput() { std::cin.rdbuf(before_); }

 private:
  std::istringstream text_;
  std::streambuf* before_;
};

TEST_F(CommandLineTest, ListsExportsAndErasesCustomers) {
  server_.Publish(GroceryRules());
  const std::string file = Write("customers.csv",
                                 "id,card,tier,born\nanna,1,gold,1988-02-29\nberta,2,gold,\n"
                                 "cara,3,silver,\n");
  ASSERT_EQ(OnServer({"import", "customers", file, "--mapping",
                      Write("customers.yaml", kCustomerMapping)})
                .exit_code,
            kExitFine);
  Ran ran = OnServer({"customer", "list"});
  EXPECT_EQ(ran.exit_code, kExitFine);
  EXPECT_EQ(ran.out, "anna   regular\nberta  regular\ncara   regular\n");
  ran = OnServer({"customer", "list", "--count", "2"});
  EXPECT_EQ(ran.out, "anna   regular\nberta  regular\n");
  EXPECT_THAT(ran.err, HasSubstr("there are more"));
  EXPECT_EQ(OnServer({"customer", "list", "--count", "0"}).exit_code, kExitUsage);

  ran = OnServer({"customer", "export", "loyalty_card:1"});
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  google::protobuf::Struct json;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(ran.out, &json).ok()) << ran.out;
  EXPECT_EQ(json.fields().at("customer").struct_value().fields().at("name").string_value(),
            "customers/anna");
  for (const char* list : {"events", "outcomes", "decisions"}) {
    EXPECT_TRUE(json.fields().at(list).has_list_value()) << list;
  }
  ran = OnServer({"customer", "export", "nobody"});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_EQ(ran.out, "");

  {
    const TypedInput typed("berta\n");
    ran = OnServer({"customer", "erase", "loyalty_card:1"});
  }
  EXPECT_EQ(ran.exit_code, kExitFindings);
  EXPECT_THAT(ran.err, HasSubstr("Type anna to go on: Nothing was erased."));
  EXPECT_EQ(OnServer({"customer", "get", "anna"}).exit_code, kExitFine);
  {
    const TypedInput typed("anna\n");
    ran = OnServer({"customer", "erase", "loyalty_card:1"});
  }
  EXPECT_EQ(ran.exit_code, kExitFine) << ran.err;
  EXPECT_EQ(ran.out, "customers/anna is erased\n");
  EXPECT_EQ(OnServer({"customer", "get", "anna"}).exit_code, kExitUsage);
  EXPECT_EQ(OnServer({"customer", "erase", "berta", "--yes"}).exit_code, kExitFine);
  EXPECT_EQ(OnServer({"customer", "erase", "berta", "--yes"}).exit_code, kExitUsage);
  EXPECT_EQ(OnServer({"customer", "list"}).out, "cara  regular\n");
}

}  // namespace
}  // namespace touchstone::server
