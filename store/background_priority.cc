#include "store/background_priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace touchstone::store {

void YieldToDecisions() {
  constexpr int kLowestPriority = 19;
  // Of this thread only, as Linux has it.
  static_cast<void>(
      setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowestPriority));
}

void RunYielding(absl::FunctionRef<void()> work) {
  std::thread([work] {
    YieldToDecisions();
    work();
  }).join();
}

}  // namespace touchstone::store
