// Two threads that change a number without any order between them: what ThreadSanitizer must find,
// whatever tests/tsan.supp passes over.

#include <thread>

namespace {

int shared = 0;

}  // namespace

int main() {
  std::thread other([] { ++shared; });
  ++shared;
  other.join();
  return 0;
}
