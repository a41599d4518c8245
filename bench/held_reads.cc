// A slow disk for bench/stall, preloaded into a server: while the file that
// TOUCHSTONE_HOLD_READS_WHILE names exists, each pread of a table file of the store waits for
// 500 ms before it is made.

#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

constexpr std::chrono::milliseconds kHeld(500);

using Pread = ssize_t (*)(int, void*, size_t, off_t);

bool IsTableFile(int fd) {
  char path[4096];
  const ssize_t size =
      readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof(path));
  return size > 4 && std::memcmp(path + size - 4, ".sst", 4) == 0;
}

bool Holding() {
  static const char* const file = std::getenv("TOUCHSTONE_HOLD_READS_WHILE");
  return file != nullptr && access(file, F_OK) == 0;
}

}  // namespace

extern "C" ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
  static const auto real = reinterpret_cast<Pread>(dlsym(RTLD_NEXT, "pread"));
  if (Holding() && IsTableFile(fd)) std::this_thread::sleep_for(kHeld);
  return real(fd, buffer, size, offset);
}
