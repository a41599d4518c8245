// Writes until it is killed, and says what was acknowledged: "NUMBER EPOCH" a line, once the write
// is durable.
//
// crash_writer DIRECTORY FIRST_NUMBER

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "store/receipts.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/store/crash_workload.h"

namespace touchstone::store {
namespace {

// One write call a line: a line is in the pipe as a whole or not at all.
void Acknowledge(uint64_t number, uint64_t epoch) {
  const std::string line = absl::StrCat(number, " ", epoch, "\n");
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(3);
}

int Run(const std::string& directory, uint64_t number) {
  StoreOptions store_options;
  store_options.path = directory + "/store";
  store_options.write_buffer_bytes = size_t{256} << 10;
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(store_options);
  ReceiptLogOptions receipt_options;
  receipt_options.path = directory + "/receipts";
  receipt_options.segment_bytes = 2000;
  absl::StatusOr<std::unique_ptr<ReceiptLog>> receipts = ReceiptLog::Open(receipt_options);
  if (!store.ok() || !receipts.ok()) {
    std::fprintf(stderr, "%s\n%s\n", store.status().ToString().c_str(),
                 receipts.status().ToString().c_str());
    return 2;
  }
  Writer writer(store->get(), WriterOptions());
  if (!PrepareForCrashes(&writer).ok()) return 2;
  for (;; ++number) {
    if (IsReceipt(number)) {
      const bool written =
          AppendCrashReceipt(number, receipts->get()).ok() && (*receipts)->Flush().ok();
      if (!written) return 2;
      Acknowledge(number, 0);
      continue;
    }
    const auto done = [number](const absl::StatusOr<storage::EntryResult>& result) {
      if (result.ok() && result->refusal() == 0) Acknowledge(number, result->epoch());
    };
    if (!writer.Submit(CrashEntry(number), done).ok()) return 2;
  }
}

}  // namespace
}  // namespace touchstone::store

int main(int argc, char** argv) {
  uint64_t first = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &first)) return 2;
  return touchstone::store::Run(argv[1], first);
}
