#include "bench/decision_world.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/made_up_customer.h"
#include "bench/request_maker.h"
#include "rules/ruleset/compile.h"
#include "server/decide/promised_grant.h"
#include "server/import/mapping.h"
#include "server/import/row_reader.h"
#include "server/import/row_value.h"
#include "server/live/reference_binding.h"
#include "store/apply.h"

namespace touchstone::bench {
namespace {

namespace storage = ::touchstone::storage::v1;

constexpr absl::string_view kIdentity = "loyalty_card";
constexpr size_t kRequests = 4096;
constexpr size_t kTrackedTransactions = 65536;
constexpr size_t kShownWaiting = 8192;
constexpr uint64_t kStepLimit = 1'000'000;

storage::Entry NewEntry() {
  storage::Entry entry;
  entry.set_format_version(store::kEntryFormatVersion);
  entry.set_time_us(absl::ToUnixMicros(NowOfWorld()));
  return entry;
}

absl::Status Apply(const storage::Entry& entry, store::Writer& writer) {
  const absl::StatusOr<storage::EntryResult> result = writer.Write(entry);
  if (!result.ok()) return result.status();
  if (result->refusal() != 0) return absl::InternalError("the store refused an entry");
  return absl::OkStatus();
}

// As `touchstone import reference` reads a table and the server binds it.
absl::StatusOr<rules::ReferenceTable> ReadTable(const TableFiles& files,
                                                const rules::ReferenceSpec& spec) {
  const absl::StatusOr<server::Mapping> mapping = server::ReadMapping(files.mapping);
  if (!mapping.ok()) return mapping.status();
  const auto reader = server::RowReader::Open(files.csv, mapping->columns);
  if (!reader.ok()) return reader.status();
  v1::ImportReferenceRequest table;
  for (server::Row row; (*reader)->Next(&row);) {
    absl::Status mapped = server::MapReferenceRow(*mapping, row, table.add_rows());
    if (!mapped.ok()) return mapped;
  }
  return server::BindReferenceTable(table.SerializeAsString(), spec);
}

absl::StatusOr<std::shared_ptr<const server::LiveState>> Compile(const WorldOptions& options) {
  const rules::CompileResult compiled =
      rules::Compile(options.rule_set, rules::SourceMap(), NowOfWorld());
  if (compiled.rule_set == nullptr) {
    std::string findings;
    for (const rules::Diagnostic& finding : compiled.diagnostics) {
      absl::StrAppend(&findings, rules::Render(finding), "\n");
    }
    return absl::InvalidArgumentError(findings);
  }
  const rules::Schema& schema = compiled.rule_set->schema;
  absl::StatusOr<rules::ReferenceTable> products = ReadTable(options.products, schema.product);
  if (!products.ok()) return products.status();
  absl::StatusOr<rules::ReferenceTable> stores = ReadTable(options.stores, schema.store);
  if (!stores.ok()) return stores.status();
  auto reference = std::make_shared<rules::ReferenceSnapshot>();
  reference->version = "1";
  reference->products = *std::move(products);
  reference->stores = *std::move(stores);
  auto state = std::make_shared<server::LiveState>();
  state->rule_set = compiled.rule_set;
  state->reference = std::move(reference);
  state->revision = 1;
  state->reference_version = 1;
  return state;
}

}  // namespace

absl::Time NowOfWorld() {
  return absl::FromCivil(absl::CivilSecond(2026, 11, 26, 7, 30, 0), absl::UTCTimeZone());
}

// Nothing may wait for the device here: a miss makes the answer PARTIAL, which the benchmark finds.
class DecisionWorld::NoReads : public server::ReadExecutor {
 public:
  bool TrySubmit(std::unique_ptr<server::ReadJob> /*job*/) override { return false; }
};

DecisionWorld::DecisionWorld() : token_key_(std::string(server::kTokenKeyBytes, 'k')) {}

DecisionWorld::~DecisionWorld() {
  // Its entries call back into the contacts.
  if (writer_ != nullptr) writer_->Stop();
}

absl::StatusOr<std::unique_ptr<DecisionWorld>> DecisionWorld::Create(const WorldOptions& options,
                                                                     const std::string& folder) {
  auto state = Compile(options);
  if (!state.ok()) return state.status();
  auto world = std::unique_ptr<DecisionWorld>(new DecisionWorld());
  world->live_.Set(*std::move(state));
  if (absl::Status status = world->Open(folder); !status.ok()) return status;
  if (absl::Status status = world->AddCustomers(options); !status.ok()) return status;
  if (absl::Status status = world->MakeRequests(options); !status.ok()) return status;
  return world;
}

absl::Status DecisionWorld::Open(const std::string& folder) {
  store::StoreOptions store_options;
  store_options.path = folder + "/store";
  auto store = store::Store::Open(store_options);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  writer_ = std::make_unique<store::Writer>(store_.get(), store::WriterOptions());
  store::ReceiptLogOptions receipt_options;
  receipt_options.path = folder + "/receipts";
  // Benchmarks outrun any device; the oldest go, so that the disk does not fill.
  receipt_options.retention_bytes = uint64_t{1} << 30;
  auto receipts = store::ReceiptLog::Open(receipt_options);
  if (!receipts.ok()) return receipts.status();
  receipts_ = *std::move(receipts);
  steps_ = std::make_unique<server::StepTracker>(kTrackedTransactions);
  contacts_ = std::make_unique<server::ShownContacts>(
      [this](storage::Entry entry, store::Writer::Done done, store::Urgency urgency) {
        return writer_->Submit(std::move(entry), std::move(done), urgency);
      },
      kShownWaiting);
  rooms_.live = &live_;
  rooms_.budgets = &budgets_;
  rooms_.token_key = &token_key_;
  rooms_.steps = steps_.get();
  rooms_.contacts = contacts_.get();
  rooms_.stats = &stats_;
  rooms_.append_receipt = [this](absl::string_view id, absl::Time time, absl::string_view bytes) {
    return receipts_->Append(id, time, bytes);
  };
  rooms_.clock = NowOfWorld;
  rooms_.log = [](absl::string_view) {};
  rooms_.step_limit = kStepLimit;
  rooms_.process = 1;
  reader_ = std::make_unique<server::StoreReader>(store_.get(), contacts_.get());
  no_reads_ = std::make_unique<NoReads>();
  gatherer_ = std::make_unique<server::Gatherer>(reader_.get(), no_reads_.get());
  decider_ = std::make_unique<server::Decider>(&rooms_, 0);
  return absl::OkStatus();
}

absl::Status DecisionWorld::AddCustomers(const WorldOptions& options) {
  std::mt19937_64 random(options.seed);
  for (size_t i = 1; i <= kWorldCustomers; ++i) {
    const std::string id = absl::StrCat("c", i);
    storage::Entry update = NewEntry();
    update.mutable_update_record()->mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
    update.mutable_update_record()->mutable_record()->set_id(id);
    update.mutable_update_record()->set_patch(
        MadeUpCustomer(rule_set().schema, NowOfWorld(), random).bytes());
    if (absl::Status status = Apply(update, *writer_); !status.ok()) return status;
    storage::Entry link = NewEntry();
    link.mutable_link_identities()->set_customer_id(id);
    link.mutable_link_identities()->add_identities(absl::StrCat(kIdentity, ":", i));
    if (absl::Status status = Apply(link, *writer_); !status.ok()) return status;
    if (options.grants == 0) continue;
    if (absl::Status status = AddGrants(id, options.grants, random); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status DecisionWorld::AddGrants(const std::string& customer_id, size_t count,
                                      std::mt19937_64& random) {
  std::vector<const rules::OfferSpec*> granted;
  for (const rules::OfferSpec& offer : rule_set().offers) {
    if (offer.applies == rules::Applies::kGranted) granted.push_back(&offer);
  }
  if (granted.size() < count) return absl::InvalidArgumentError("too few offers ask for a grant");
  storage::Entry entry = NewEntry();
  for (size_t i = 0; i < count; ++i) {
    std::swap(granted[i], granted[i + random() % (granted.size() - i)]);
    storage::AddGrants::Item& item = *entry.mutable_add_grants()->add_items();
    item.set_grant_id(server::GrantIdOf(customer_id, granted[i]->id, "bench"));
    storage::Code& terms = *item.mutable_terms();
    terms.set_offer_id(granted[i]->id);
    terms.set_offer(granted[i]->stable_id);
    terms.set_customer_id(customer_id);
    terms.set_most_uses(1);
    terms.set_is_grant(true);
  }
  return Apply(entry, *writer_);
}

absl::Status DecisionWorld::MakeRequests(const WorldOptions& options) {
  const absl::StatusOr<std::vector<Product>> products = ReadProducts(options.products.csv);
  if (!products.ok()) return products.status();
  RequestOptions request_options;
  request_options.count = kRequests;
  request_options.seed = options.seed;
  request_options.identity = absl::StrCat(kIdentity, ":N");
  request_options.customers = kWorldCustomers;
  request_options.basket_lines = options.basket_lines;
  request_options.placements = options.placements;
  const auto stores = server::RowReader::Open(options.stores.csv, {rule_set().schema.store.key});
  if (!stores.ok()) return stores.status();
  for (server::Row row; (*stores)->Next(&row);) request_options.stores.push_back(row.cells[0]);
  const auto requests = bench::MakeRequests(request_options, *products);
  if (!requests.ok()) return requests.status();
  absl::StatusOr<RequestBodies> bodies = RequestBodies::Create(*requests, "bench");
  if (!bodies.ok()) return bodies.status();
  requests_ = std::make_unique<RequestBodies>(*std::move(bodies));
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> DecisionWorld::Decide(absl::string_view request) {
  if (grpc::Status read = decider_->Read(request); !read.ok()) {
    return absl::InvalidArgumentError(read.error_message());
  }
  server::GatheredRecord& gathered = decider_->gathered();
  if (!gatherer_->TryMemory(decider_->context(), decider_->gather_rules(), &gathered)) {
    return absl::UnavailableError("a record was not in memory");
  }
  absl::string_view response;
  const grpc::Status answered = decider_->Answer(gathered.view(), /*fallback=*/false, &response);
  gathered.record.Reset();
  if (!answered.ok()) return absl::InternalError(answered.error_message());
  return response;
}

}  // namespace touchstone::bench
