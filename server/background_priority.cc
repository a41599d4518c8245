#include "server/background_priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace touchstone::server {

void YieldToDecisions() {
  constexpr int kLowestPriority = 19;
  // Of this thread only, as Linux has it.
  static_cast<void>(
      setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowestPriority));
}

}  // namespace touchstone::server
