// Rebuilds every decision of a receipt log and counts those that are the same. For receipts_test.
//
// rebuild_receipts DIRECTORY NUMBER: exits 0 when there are NUMBER receipts, all of them identical.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "server/decide/receipt.h"
#include "store/receipts.h"
#include "tests/server/decide/world.h"

int main(int argc, char** argv) {
  using namespace touchstone;  // NOLINT: a program of one page
  if (argc != 3) return 2;
  store::ReceiptLogOptions options;
  options.path = argv[1];
  auto log = store::ReceiptLog::Open(options);
  if (!log.ok()) {
    std::fprintf(stderr, "%s\n", std::string(log.status().message()).c_str());
    return 2;
  }
  server::Rebuilder rebuilder(
      [](uint64_t revision, uint64_t reference_version, const std::vector<server::TermsKey>&) {
        return absl::StatusOr<std::shared_ptr<const server::LiveState>>(
            server::WorldState(revision, reference_version));
      });
  int identical = 0;
  int different = 0;
  const absl::Status scanned =
      (*log)->Scan(absl::InfinitePast(), absl::InfiniteFuture(), [&](const store::ReceiptRef& ref) {
        const bool same = rebuilder.Rebuild(ref.bytes).ok() && rebuilder.identical() &&
                          rebuilder.response().decision_id() == ref.decision_id;
        ++(same ? identical : different);
        return true;
      });
  std::printf("%d identical, %d different\n", identical, different);
  return scanned.ok() && different == 0 && identical == std::atoi(argv[2]) ? 0 : 1;
}
