#include "server/services/eraser.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/record_patch.h"
#include "store/writer.h"
#include "tests/server/test_server.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/mark.h"
#include "tests/store/temporary_directory.h"
#include "touchstone/storage/v1/receipt.pb.h"

namespace touchstone::server {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'764'000'000);

std::string ReceiptOf(const std::string& customer_id) {
  storage::Receipt receipt;
  receipt.set_customer_input(storage::Receipt::INPUT_KNOWN);
  receipt.set_customer_id(customer_id);
  receipt.set_customer_record(store::Mark("record", customer_id));
  return receipt.SerializeAsString();
}

class EraserTest : public ::testing::Test {
 protected:
  EraserTest() : faults_(std::make_shared<store::FaultFileSystem>()) { Open(); }
  ~EraserTest() override { Close(); }

  void Open() {
    store::StoreOptions options;
    options.path = directory_.Sub("store");
    store_ = *store::Store::Open(options);
    writer_ = std::make_unique<store::Writer>(store_.get(), store::WriterOptions());
    store::ReceiptLogOptions receipts;
    receipts.path = directory_.Sub("receipts");
    receipts.file_system = faults_;
    receipts_ = *store::ReceiptLog::Open(receipts);
    proposer_.emplace(store_.get(), writer_.get(), [] { return kNow; });
    eraser_.emplace(store_.get(), receipts_.get(), &*proposer_, &live_);
  }
  void Close() {
    eraser_.reset();
    writer_.reset();
    receipts_.reset();
    store_.reset();
  }
  void Reopen() {
    Close();
    Open();
  }

  void Make(const std::string& id) {
    store::RecordPatch patch;
    patch.SetAttribute(1, store::Value::String(store::Mark("text", id)), 0, 0);
    storage::Entry entry = proposer_->NewEntry("", 0);
    entry.mutable_update_record()->mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
    entry.mutable_update_record()->mutable_record()->set_id(id);
    entry.mutable_update_record()->set_patch(patch.bytes());
    ASSERT_TRUE(writer_->Write(entry).ok());
  }

  storage::Entry Erasure(const std::string& id, const std::string& request_id) {
    storage::Entry entry = proposer_->NewEntry(request_id, 1);
    entry.mutable_delete_customer()->set_customer_id(id);
    return entry;
  }
  grpc::Status Erase(const std::string& id) {
    absl::Time erased;
    return eraser_->Erase(Erasure(id, "erase-" + id), [] {}, &erased);
  }

  bool IsErased(const std::string& decision_id) {
    const absl::StatusOr<std::string> found = receipts_->Find(decision_id);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() && store::IsErasedReceipt(*found);
  }

  store::TemporaryDirectory directory_;
  std::shared_ptr<store::FaultFileSystem> faults_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<store::ReceiptLog> receipts_;
  std::optional<Proposer> proposer_;
  Live live_;
  std::optional<Eraser> eraser_;
};

TEST_F(EraserTest, ReceiptsOfDecisionsThatReadHerBeforeAreWrittenAsErasedOnes) {
  Make("bea");
  ASSERT_TRUE(eraser_->Start().ok());
  ASSERT_TRUE(eraser_->AppendReceipt("before", kNow, ReceiptOf("bea")).ok());
  ASSERT_TRUE(Erase("bea").ok());
  ASSERT_TRUE(eraser_->AppendReceipt("late", kNow, ReceiptOf("bea")).ok());
  ASSERT_TRUE(eraser_->AppendReceipt("other", kNow, ReceiptOf("be")).ok());
  const absl::Time later = kNow + absl::Milliseconds(1);
  ASSERT_TRUE(eraser_->AppendReceipt("again", later, ReceiptOf("bea")).ok());
  EXPECT_TRUE(IsErased("before"));
  EXPECT_TRUE(IsErased("late"));
  EXPECT_FALSE(IsErased("other"));
  EXPECT_FALSE(IsErased("again"));  // she came back
}

TEST_F(EraserTest, AnErasureThatIsRefusedGuardsNothing) {
  ASSERT_TRUE(eraser_->Start().ok());
  EXPECT_EQ(ReasonOf(Erase("bea")), "CUSTOMER_NOT_FOUND");
  ASSERT_TRUE(eraser_->AppendReceipt("d", kNow, ReceiptOf("bea")).ok());
  EXPECT_FALSE(IsErased("d"));
}

TEST_F(EraserTest, WhatACrashInterruptedIsEndedByTheNextStart) {
  Make("bea");
  ASSERT_TRUE(receipts_->Append("d", kNow, ReceiptOf("bea")).ok());
  // The entry is applied, and nothing that follows from it is done.
  ASSERT_TRUE(writer_->Write(Erasure("bea", "erase-bea")).ok());
  Reopen();
  EXPECT_EQ(store_->ListPendingErasures()->size(), 1u);
  EXPECT_THAT(store::FilesWith(directory_.path(), store::Mark("record", "bea")), Not(IsEmpty()));
  ASSERT_TRUE(eraser_->Start().ok());
  absl::Time erased;
  ASSERT_TRUE(eraser_->Await("bea", "erase-bea", &erased).ok());
  EXPECT_EQ(erased, kNow);
  EXPECT_TRUE(IsErased("d"));
  for (const char* kind : {"record", "text"}) {
    EXPECT_THAT(store::FilesWith(directory_.path(), store::Mark(kind, "bea")), IsEmpty()) << kind;
  }
  EXPECT_TRUE(store_->ListPendingErasures()->empty());
}

TEST_F(EraserTest, ADeviceThatRefusesIsToldAndTheErasureStaysPending) {
  Make("bea");
  ASSERT_TRUE(receipts_->Append("d", kNow, ReceiptOf("bea")).ok());
  ASSERT_TRUE(receipts_->Flush().ok());
  ASSERT_TRUE(eraser_->Start().ok());
  faults_->set_no_space(true);
  EXPECT_EQ(ReasonOf(Erase("bea")), "NOT_READY");
  EXPECT_EQ(store_->ListPendingErasures()->size(), 1u);
  faults_->set_no_space(false);
  Reopen();
  ASSERT_TRUE(eraser_->Start().ok());
  absl::Time erased;
  EXPECT_TRUE(eraser_->Await("bea", "erase-bea", &erased).ok());
  EXPECT_TRUE(IsErased("d"));
}

TEST_F(EraserTest, StoppingAnswersThoseWhoWait) {
  Make("bea");
  ASSERT_TRUE(receipts_->Append("d", kNow, ReceiptOf("bea")).ok());
  ASSERT_TRUE(eraser_->Start().ok());
  faults_->HoldReads();
  grpc::Status status;
  std::thread caller([&] { status = Erase("bea"); });
  faults_->AwaitHeldReads(1);
  std::thread stop([&] { eraser_->Stop(); });
  caller.join();
  EXPECT_EQ(ReasonOf(status), "NOT_READY");
  faults_->ReleaseReads();
  stop.join();
  EXPECT_EQ(store_->ListPendingErasures()->size(), 1u);
}

}  // namespace
}  // namespace touchstone::server
