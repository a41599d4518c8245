// The race between a late read and the deadline, played on a clock of our own.

#include "server/decide/gather.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "tests/server/decide/world.h"

namespace touchstone::server {
namespace {

using Micros = int64_t;

constexpr Micros kMillisecond = 1000;
constexpr Micros kSecond = 1'000'000;
constexpr Micros kBudget = 20 * kMillisecond;
constexpr Micros kHandlerStep = 30;  // taking a call: parse, bind, look into memory
constexpr Micros kAnswerStep = 80;   // decide and answer
constexpr Micros kHeld = 500 * kMillisecond;

struct Answered {
  Micros arrived = 0;
  Micros at = 0;
  v1::Completeness completeness = v1::COMPLETENESS_UNSPECIFIED;
  v1::CompletenessCause cause = v1::COMPLETENESS_CAUSE_UNSPECIFIED;
  int applied_offers = 0;
};

// One polling thread, a pool of eight, and a device that holds every read during the fault.
class Simulation : public RecordReader, public ReadExecutor {
 public:
  Simulation(Micros fault_from, Micros fault_until)
      : fault_from_(fault_from), fault_until_(fault_until), gatherer_(this, this) {}

  std::vector<Answered> Run(Micros duration, Micros interval) {
    for (Micros at = 0; at < duration; at += interval) {
      Schedule(at, [this, at] { Arrive(at); });
    }
    while (!events_.empty()) {
      const auto first = events_.begin();
      now_ = first->first;
      const std::function<void()> event = std::move(first->second);
      events_.erase(first);
      event();
    }
    return answers_;
  }

  const GatherStats& stats() const { return gatherer_.stats(); }
  size_t calls() const { return calls_; }

  // RecordReader. A read that may block takes as long as the device makes it.
  absl::StatusOr<store::Found> ResolveIdentity(absl::string_view identity, store::ReadTier tier,
                                               std::string* customer_id) const override {
    EXPECT_EQ(identity, "loyalty_card:1");
    if (tier == store::ReadTier::kMemoryOnly && InFault()) return store::Found::kNotInMemory;
    if (tier == store::ReadTier::kMayBlock && InFault()) read_takes_ = kHeld;
    *customer_id = "c-loyal";
    return store::Found::kFound;
  }
  absl::StatusOr<store::Found> GetCustomer(absl::string_view, store::ReadTier,
                                           store::PinnedValue* record) const override {
    record->Copy(record_);
    return store::Found::kFound;
  }
  absl::StatusOr<store::Found> GetHousehold(absl::string_view, store::ReadTier,
                                            store::PinnedValue*) const override {
    return store::Found::kNotFound;
  }

  // ReadExecutor.
  bool TrySubmit(std::unique_ptr<ReadJob> job) override {
    if (queue_.size() >= kQueue) return false;
    queue_.push_back(std::move(job));
    StartJobs();
    return true;
  }

  // No codes.
  absl::StatusOr<store::Found> GetCode(absl::string_view, store::ReadTier,
                                       ::touchstone::storage::v1::Code*) const override {
    return store::Found::kNotFound;
  }
  absl::StatusOr<store::Found> GetCodeHold(absl::string_view, absl::string_view,
                                           store::ReadTier) const override {
    return store::Found::kNotFound;
  }
  absl::StatusOr<store::Found> GetSurvivor(absl::string_view customer_id, store::ReadTier,
                                           std::string* surviving_id) const override {
    *surviving_id = std::string(customer_id);
    return store::Found::kFound;
  }

 private:
  static constexpr size_t kWorkers = 8;
  static constexpr size_t kQueue = 256;

  struct Call {
    Micros arrived = 0;
    bool answered = false;
  };

  class Pending : public GatheringCall {
   public:
    Pending(Simulation* simulation, std::shared_ptr<Call> call)
        : simulation_(simulation), call_(std::move(call)) {}
    bool answered() const override { return call_->answered; }
    void Answer(GatheredRecord& gathered) override {
      simulation_->Answer(*call_, gathered.view(), simulation_->now_ + kAnswerStep);
    }

   private:
    Simulation* simulation_;
    std::shared_ptr<Call> call_;
  };

  bool InFault() const { return now_ >= fault_from_ && now_ < fault_until_; }
  static MonotonicTime At(Micros at) { return MonotonicTime(std::chrono::microseconds(at)); }

  void Schedule(Micros at, std::function<void()> event) { events_.emplace(at, std::move(event)); }

  // The polling thread does one thing after the other.
  Micros TakePoller(Micros step) {
    poller_free_ = std::max(poller_free_, now_) + step;
    return poller_free_;
  }

  void Arrive(Micros arrived) {
    ++calls_;
    auto call = std::make_shared<Call>();
    call->arrived = arrived;
    const Micros taken = TakePoller(kHandlerStep);
    const absl::Duration budget = absl::Microseconds(kBudget);
    EXPECT_TRUE(HasTimeToCompute(At(taken), At(arrived), budget));
    GatheredRecord gathered;
    if (!gatherer_.TryMemory(request_.context(), GatherRules(), &gathered) &&
        gatherer_.Begin(request_.context(), GatherRules(), std::make_unique<Pending>(this, call),
                        &gathered)) {
      const MonotonicTime due = AnswerBy(At(taken), budget);
      Schedule(
          std::chrono::duration_cast<std::chrono::microseconds>(due.time_since_epoch()).count(),
          [this, call] { Due(*call); });
      return;
    }
    Answer(*call, gathered.view(), TakePoller(kAnswerStep));
  }

  void Due(Call& call) {
    if (call.answered) return;
    GatheredRecord gathered;
    gathered.SetUnavailable(ReadFailure::kLate);
    Answer(call, gathered.view(), TakePoller(kAnswerStep));
  }

  void Answer(Call& call, GatheredCustomer gathered, Micros at) {
    EXPECT_FALSE(call.answered) << "a call is answered once";
    call.answered = true;
    std::vector<Violation> violations;
    computation_.Bind(request_, WorldState(1, 1), WorldNow(), &violations);
    EXPECT_TRUE(violations.empty());
    DecisionTerms terms;
    terms.decision_id = "d-1";
    terms.step_limit = 1'000'000;
    computation_.Compute(terms, &gathered);
    v1::DecideResponse response;
    computation_.FillResponse(&response);
    answers_.push_back({call.arrived, at, response.completeness(), response.completeness_cause(),
                        response.basket().applied_offers_size()});
  }

  void StartJobs() {
    while (busy_ < kWorkers && !queue_.empty()) {
      ++busy_;
      std::shared_ptr<ReadJob> job = std::move(queue_.front());
      queue_.pop_front();
      read_takes_ = 0;
      job->Read();
      Schedule(now_ + read_takes_, [this, job] {
        job->Deliver();
        --busy_;
        StartJobs();
      });
    }
  }

  const Micros fault_from_;
  const Micros fault_until_;
  v1::DecideRequest request_ = LoyalTillRequest();
  const std::string record_ = LoyalRecord();
  Gatherer gatherer_;
  Computation computation_;
  std::multimap<Micros, std::function<void()>> events_;
  Micros now_ = 0;
  Micros poller_free_ = 0;
  mutable Micros read_takes_ = 0;
  std::deque<std::unique_ptr<ReadJob>> queue_;
  size_t busy_ = 0;
  size_t calls_ = 0;
  std::vector<Answered> answers_;
};

TEST(GatherTest, AnswersInsideTheBudgetWhileEveryReadIsHeld) {
  constexpr Micros kFrom = 1 * kSecond;
  constexpr Micros kUntil = 3 * kSecond;
  Simulation simulation(kFrom, kUntil);
  const std::vector<Answered> answers = simulation.Run(5 * kSecond, kSecond / 2000);
  ASSERT_EQ(answers.size(), simulation.calls());
  int partial = 0;
  int overload = 0;
  for (const Answered& answer : answers) {
    EXPECT_LE(answer.at - answer.arrived, kBudget + 5 * kMillisecond) << "at " << answer.arrived;
    if (answer.arrived < kFrom || answer.arrived >= kUntil + kSecond) {
      EXPECT_EQ(answer.completeness, v1::COMPLETENESS_COMPLETE) << "at " << answer.arrived;
      EXPECT_EQ(answer.applied_offers, 3);
    }
    if (answer.arrived >= kFrom && answer.arrived < kUntil) {
      EXPECT_EQ(answer.completeness, v1::COMPLETENESS_PARTIAL) << "at " << answer.arrived;
      // bread-10 and basket-3 are public: they are priced without her record.
      EXPECT_EQ(answer.applied_offers, 2);
      ++partial;
      overload += answer.cause == v1::COMPLETENESS_CAUSE_OVERLOAD;
    }
  }
  EXPECT_EQ(partial, 4000);
  // Most find the pool's queue full and do not wait for a deadline.
  EXPECT_GT(overload, 0);
  EXPECT_LT(overload, partial);
  EXPECT_EQ(simulation.stats().overflow, static_cast<uint64_t>(overload));
  EXPECT_EQ(simulation.stats().dropped, simulation.stats().misses - simulation.stats().overflow);
}

TEST(GatherTest, AnswersEveryCallCompleteWithoutAFault) {
  Simulation simulation(-1, -1);
  for (const Answered& answer : simulation.Run(kSecond, kSecond / 2000)) {
    EXPECT_EQ(answer.completeness, v1::COMPLETENESS_COMPLETE);
    EXPECT_LE(answer.at - answer.arrived, kMillisecond);
  }
  EXPECT_EQ(simulation.stats().misses, 0u);
}

// A reader that answers what it is told.
class ScriptedReader : public RecordReader {
 public:
  absl::StatusOr<store::Found> ResolveIdentity(absl::string_view identity, store::ReadTier,
                                               std::string* customer_id) const override {
    asked.emplace_back(identity);
    *customer_id = std::string(identity);
    const auto found = identities.find(std::string(identity));
    return found == identities.end() ? store::Found::kNotFound : found->second;
  }
  absl::StatusOr<store::Found> GetCustomer(absl::string_view, store::ReadTier,
                                           store::PinnedValue* record) const override {
    if (record_found.ok() && *record_found == store::Found::kFound) record->Copy(LoyalRecord());
    return record_found;
  }
  absl::StatusOr<store::Found> GetHousehold(absl::string_view household_id, store::ReadTier,
                                            store::PinnedValue* record) const override {
    asked.emplace_back(household_id);
    if (household_found.ok() && *household_found == store::Found::kFound) record->Copy("shared");
    return household_found;
  }

  absl::StatusOr<store::Found> GetCode(absl::string_view code, store::ReadTier,
                                       ::touchstone::storage::v1::Code* row) const override {
    asked.emplace_back(code);
    *row = code_row;
    return code_found;
  }
  absl::StatusOr<store::Found> GetCodeHold(absl::string_view, absl::string_view transaction_id,
                                           store::ReadTier) const override {
    asked.emplace_back(transaction_id);
    return hold_found;
  }
  absl::StatusOr<store::Found> GetSurvivor(absl::string_view customer_id, store::ReadTier,
                                           std::string* surviving_id) const override {
    asked.emplace_back(customer_id);
    *surviving_id = "survivor";
    return survivor_found;
  }

  std::map<std::string, absl::StatusOr<store::Found>> identities;
  ::touchstone::storage::v1::Code code_row;
  absl::StatusOr<store::Found> code_found = store::Found::kFound;
  absl::StatusOr<store::Found> hold_found = store::Found::kNotFound;
  absl::StatusOr<store::Found> survivor_found = store::Found::kFound;
  absl::StatusOr<store::Found> record_found = store::Found::kFound;
  absl::StatusOr<store::Found> household_found = store::Found::kFound;
  mutable std::vector<std::string> asked;
};

v1::DecisionContext WithIdentities(const std::vector<std::string>& values) {
  v1::DecisionContext context;
  for (const std::string& value : values) {
    v1::Identity* identity = context.add_identities();
    identity->set_namespace_("card");
    identity->set_value(value);
  }
  return context;
}

GatheredRecord Gather(const ScriptedReader& reader, const v1::DecisionContext& context) {
  Gatherer gatherer(&reader, nullptr);
  GatheredRecord gathered;
  EXPECT_TRUE(gatherer.TryMemory(context, GatherRules(), &gathered));
  return gathered;
}

TEST(GatherTest, TakesTheFirstIdentityThatIsKnown) {
  ScriptedReader reader;
  reader.identities.emplace("card:b", store::Found::kFound);
  reader.identities.emplace("card:c", store::Found::kFound);
  const GatheredRecord gathered = Gather(reader, WithIdentities({"a", "b", "c"}));
  EXPECT_EQ(gathered.status, rules::InputStatus::kPresent);
  EXPECT_EQ(gathered.customer_id, "card:b");
  EXPECT_EQ(gathered.view().record, LoyalRecord());
}

TEST(GatherTest, TellsAnonymousFromUnknown) {
  const ScriptedReader reader;
  EXPECT_EQ(Gather(reader, WithIdentities({})).status, rules::InputStatus::kAnonymous);
  EXPECT_EQ(Gather(reader, WithIdentities({"a"})).status, rules::InputStatus::kUnknown);
}

TEST(GatherTest, FindsNobodyWhereTheRecordIsGone) {
  ScriptedReader reader;
  reader.identities.emplace("card:a", store::Found::kFound);
  reader.record_found = store::Found::kNotFound;
  EXPECT_EQ(Gather(reader, WithIdentities({"a"})).status, rules::InputStatus::kUnknown);
}

TEST(GatherTest, CallsAStoreThatFailsUnavailable) {
  ScriptedReader reader;
  reader.identities.emplace("card:a", store::Found::kFound);
  reader.record_found = absl::UnavailableError("the device fails");
  const GatheredRecord gathered = Gather(reader, WithIdentities({"a"}));
  EXPECT_EQ(gathered.status, rules::InputStatus::kUnavailable);
  EXPECT_EQ(gathered.failure, ReadFailure::kStoreError);
}

TEST(GatherTest, KeepsAMarginOfTheBudgetForTheAnswer) {
  const MonotonicTime arrived = MonotonicTime(std::chrono::seconds(10));
  EXPECT_EQ(AnswerBy(arrived, absl::Milliseconds(20)), arrived + std::chrono::milliseconds(16));
  EXPECT_EQ(AnswerBy(arrived, absl::Milliseconds(4)), arrived + std::chrono::milliseconds(3));
  EXPECT_TRUE(HasTimeToCompute(arrived, arrived, absl::Microseconds(500)));
  EXPECT_FALSE(HasTimeToCompute(arrived, arrived, absl::Microseconds(499)));
}

v1::DecisionContext WithCodes(const std::vector<std::string>& codes) {
  v1::DecisionContext context;
  context.set_transaction_id("t-1");
  for (const std::string& code : codes) context.add_codes(code);
  return context;
}

TEST(GathererTest, CodesAreReadAsTheyAreKept) {
  ScriptedReader reader;
  reader.code_row.set_offer_id("mail-5");
  const GatheredRecord gathered = Gather(reader, WithCodes({"abc-1", "no/code"}));
  EXPECT_EQ(reader.asked, std::vector<std::string>{"ABC1"});
  ASSERT_EQ(gathered.codes.size(), 2u);
  EXPECT_EQ(gathered.codes[0].found, store::Found::kFound);
  EXPECT_EQ(gathered.codes[0].row.offer_id(), "mail-5");
  EXPECT_TRUE(gathered.codes[0].owner.empty());
  EXPECT_EQ(gathered.codes[1].found, store::Found::kNotFound);
}

TEST(GathererTest, ACodeOfACustomerIsOfWhoeverStandsForHer) {
  ScriptedReader reader;
  reader.code_row.set_customer_id("c-1");
  const GatheredRecord gathered = Gather(reader, WithCodes({"ABC1"}));
  EXPECT_EQ(reader.asked, (std::vector<std::string>{"ABC1", "c-1"}));
  EXPECT_EQ(gathered.codes[0].owner, "survivor");
}

TEST(GathererTest, AHeldCodeIsAskedForByItsTransaction) {
  ScriptedReader reader;
  reader.code_row.set_reserved(1);
  reader.hold_found = store::Found::kFound;
  const GatheredRecord gathered = Gather(reader, WithCodes({"ABC1"}));
  EXPECT_EQ(reader.asked, (std::vector<std::string>{"ABC1", "t-1"}));
  EXPECT_TRUE(gathered.codes[0].held_here);
}

TEST(GathererTest, ACodeThatTheStoreFailsForIsNotRead) {
  for (absl::StatusOr<store::Found> ScriptedReader::* read :
       {&ScriptedReader::code_found, &ScriptedReader::hold_found,
        &ScriptedReader::survivor_found}) {
    ScriptedReader reader;
    reader.code_row.set_customer_id("c-1");
    reader.code_row.set_reserved(1);
    reader.*read = absl::UnavailableError("the device");
    const GatheredRecord gathered = Gather(reader, WithCodes({"ABC1"}));
    ASSERT_EQ(gathered.codes.size(), 1u);
    EXPECT_EQ(gathered.codes[0].found, store::Found::kNotInMemory);
    EXPECT_EQ(gathered.status, rules::InputStatus::kAnonymous);
  }
}

TEST(GathererTest, ACodeThatIsNotInMemoryIsReadByThePool) {
  for (absl::StatusOr<store::Found> ScriptedReader::* read :
       {&ScriptedReader::code_found, &ScriptedReader::hold_found,
        &ScriptedReader::survivor_found}) {
    ScriptedReader reader;
    reader.code_row.set_customer_id("c-1");
    reader.code_row.set_reserved(1);
    reader.*read = store::Found::kNotInMemory;
    Gatherer gatherer(&reader, nullptr);
    GatheredRecord gathered;
    EXPECT_FALSE(gatherer.TryMemory(WithCodes({"ABC1"}), GatherRules(), &gathered));
  }
}

}  // namespace
}  // namespace touchstone::server
