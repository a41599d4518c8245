#include "store/verify_grants.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/grants.h"
#include "store/keys.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/verify_fixture.h"

namespace touchstone::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

// With grants that are open, held and withdrawn, one of them of a customer who was merged.
class VerifyGrantsTest : public VerifyTest {
 protected:
  VerifyGrantsTest() {
    Writer writer(store_.get(), WriterOptions());
    for (const storage::Entry& entry :
         {UpdateEntry("mary", ""), AddGrantsEntry({"g-held", "g-gone"}, "anna"),
          AddGrantsEntry({"g-mary"}, "mary", 3), MergeEntry("anna", "mary"),
          RevokeEntry({"g-gone"}),
          ReserveEntry("held", 1, {GrantClaim("g-held"), GrantClaim("g-mary")}, "anna")}) {
      EXPECT_EQ(writer.Write(entry)->refusal(), storage::EntryResult::REFUSAL_UNSPECIFIED);
    }
  }

  storage::Code Row(const std::string& id) {
    storage::Code row;
    row.ParseFromString(*store_->database().GetCopy(Family::kLedger, CodeRow(id)).value());
    return row;
  }
  void PutRow(const std::string& id, const storage::Code& row) {
    Put(Family::kLedger, CodeRow(id), row.SerializeAsString());
  }
  void Patch(const std::string& customer, const RecordPatch& patch) {
    ASSERT_TRUE(
        rocks()
            .Merge({}, store_->database().handle(Family::kCustomers), "c" + customer, patch.bytes())
            .ok());
  }
};

TEST_F(VerifyGrantsTest, CountsThemAndFindsNothingWrong) {
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_EQ(Verify().grants, 3u);
  EXPECT_EQ(Verify().codes, 0u);
}

TEST_F(VerifyGrantsTest, AnOpenGrantThatTheRecordDoesNotShowIsFound) {
  RecordPatch patch;
  patch.RemoveGrant("g-mary");
  patch.RemoveGrant("g-held");
  Patch("anna", patch);
  EXPECT_THAT(Findings(), ElementsAre("grant_differs: grants/g-held of customers/anna",
                                      "grant_differs: grants/g-mary of customers/anna"));
}

TEST_F(VerifyGrantsTest, AGrantThatTheRecordShowsOtherwiseIsFound) {
  const storage::Code mary = Row("g-mary");
  using Shown = RecordPatch::Grant;
  const uint64_t other[] = {1};
  for (const std::function<void(Shown*)>& change : std::vector<std::function<void(Shown*)>>{
           [](Shown* shown) { ++shown->offer; }, [](Shown* shown) { ++shown->terms; },
           [](Shown* shown) { ++shown->start_us; }, [](Shown* shown) { --shown->end_us; },
           [](Shown* shown) { ++shown->uses_left; }, [](Shown* shown) { shown->holders = {}; },
           [&](Shown* shown) { shown->holders = other; }}) {
    Shown shown = ShownGrant("g-mary", mary);
    change(&shown);
    RecordPatch patch;
    patch.PutGrant(shown);
    Patch("anna", patch);
    EXPECT_THAT(Findings(), ElementsAre("grant_differs: grants/g-mary of customers/anna"));
  }
}

TEST_F(VerifyGrantsTest, AGrantThatTheRecordShowsAndIsNotOpenOrAnothersIsFound) {
  const storage::Code gone = Row("g-gone");
  RecordPatch patch;
  patch.PutGrant(ShownGrant("g-gone", gone));
  patch.PutGrant(ShownGrant("g-none", gone));
  Patch("anna", patch);
  patch.Clear();
  const storage::Code held = Row("g-held");
  patch.PutGrant(ShownGrant("g-held", held));
  Patch("bert", patch);
  EXPECT_THAT(Findings(), ElementsAre("grant_differs: grants/g-gone of customers/anna",
                                      "grant_differs: grants/g-none of customers/anna",
                                      "grant_differs: grants/g-held of customers/bert"));
}

TEST_F(VerifyGrantsTest, OneThatHasEndedMayBeMissingUnlessItIsHeld) {
  for (const char* id : {"g-held", "g-mary"}) {
    storage::Code row = Row(id);
    const auto offer = static_cast<uint32_t>(row.offer());
    Delete(Family::kLedger, OpenGrantRow({offer, 0, std::numeric_limits<int64_t>::max(), id}));
    Put(Family::kLedger, OpenGrantRow({offer, 0, kTestTimeUs, id}), "");
    row.set_end_us(kTestTimeUs);
    PutRow(id, row);
    RecordPatch patch;
    patch.RemoveGrant(id);
    Patch("anna", patch);
  }
  EXPECT_THAT(Findings(), ElementsAre("grant_differs: grants/g-held of customers/anna",
                                      "grant_differs: grants/g-mary of customers/anna"));
  Writer writer(store_.get(), WriterOptions());
  EXPECT_EQ(writer.Write(ReleaseEntry("held", 1))->refusal(),
            storage::EntryResult::REFUSAL_UNSPECIFIED);
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(VerifyGrantsTest, AGrantIsTheSumOfItsClaimsAndNamesItsHolders) {
  const storage::Code held = Row("g-held");
  storage::Code changed = held;
  changed.set_holders(0, 1);
  PutRow("g-held", changed);
  EXPECT_THAT(Findings(), ElementsAre("code_differs: grants/g-held",
                                      "grant_differs: grants/g-held of customers/anna"));
  changed = held;
  changed.set_committed(1);
  PutRow("g-held", changed);
  EXPECT_THAT(Findings(), ElementsAre("code_differs: grants/g-held"));
  changed = held;
  changed.set_is_grant(false);
  PutRow("g-held", changed);
  EXPECT_THAT(Findings(), IsSupersetOf({"damaged_row: ledger: code"}));
}

TEST_F(VerifyGrantsTest, ListsOfOpenGrantsThatSayOtherwiseAreFound) {
  const storage::Code held = Row("g-held");
  const auto offer = static_cast<uint32_t>(held.offer());
  constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();
  const std::string row = OpenGrantRow({offer, 0, kForEver, "g-held"});
  Delete(Family::kLedger, row);
  EXPECT_THAT(Findings(), ElementsAre("unlisted_code: grants/g-held"));
  Put(Family::kLedger, row, "");
  EXPECT_THAT(Findings(), IsEmpty());
  for (const OpenGrantKey& stray :
       {OpenGrantKey{offer, 0, kForEver, "g-gone"}, OpenGrantKey{offer, 0, kForEver, "g-none"},
        OpenGrantKey{offer + 1, 0, kForEver, "g-held"}, OpenGrantKey{offer, 1, kForEver, "g-held"},
        OpenGrantKey{offer, 0, kForEver - 1, "g-held"}}) {
    Put(Family::kLedger, OpenGrantRow(stray), "");
    EXPECT_THAT(Findings(), ElementsAre(absl::StrCat("lost_code: grants/", stray.grant_id)));
    Delete(Family::kLedger, OpenGrantRow(stray));
  }
}

TEST_F(VerifyGrantsTest, KeptTermsThatAreNotThereOrNoneAreFound) {
  storage::Code mary = Row("g-mary");
  const auto offer = static_cast<uint32_t>(mary.offer());
  storage::KeptTerms terms;
  terms.set_offer_id(mary.offer_id());
  terms.set_offer(offer);
  terms.set_id(7);
  terms.set_body("terms");
  Writer writer(store_.get(), WriterOptions());
  storage::Entry publish = PublishEntry(1);
  *publish.mutable_publish_revision()->add_terms() = terms;
  storage::Entry grant = AddGrantsEntry({"g-keeps"}, "anna");
  grant.mutable_add_grants()->mutable_items(0)->mutable_terms()->set_terms(7);
  for (const storage::Entry& entry : {publish, grant}) {
    ASSERT_EQ(writer.Write(entry)->refusal(), storage::EntryResult::REFUSAL_UNSPECIFIED);
  }
  EXPECT_THAT(Findings(), IsEmpty());
  Put(Family::kRevisions, KeptTermsRow(offer, 8), terms.SerializeAsString());
  EXPECT_EQ(Findings().size(), 1u) << "the key of others";
  Delete(Family::kRevisions, KeptTermsRow(offer, 8));
  Delete(Family::kRevisions, KeptTermsRow(offer, 7));
  EXPECT_THAT(Findings(), ElementsAre("lost_revision: grants/g-keeps, its terms"));
}

}  // namespace
}  // namespace touchstone::store
