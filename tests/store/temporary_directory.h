#pragma once

// A directory of one test, removed with everything in it. It is in memory where the system has a
// place for that: what a device does is the fault file system's to play. What a test that was
// killed left there is removed by the next one.
//
// Thread safety: immutable. Errors: aborts when the directory cannot be made.

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace touchstone::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    RemoveAbandoned();
    const std::string name = "touchstone-" + std::to_string(getpid()) + "-XXXXXX";
    path_ = kInMemory + ("/" + name);
    if (mkdtemp(path_.data()) != nullptr) return;
    path_ = (std::filesystem::temp_directory_path() / name).string();
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string Sub(const std::string& name) const { return path_ + "/" + name; }

 private:
  static constexpr const char* kInMemory = "/dev/shm";

  // Their names tell whose they were.
  static void RemoveAbandoned() {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(kInMemory, ignored)) {
      int owner = 0;
      const std::string name = entry.path().filename().string();
      if (std::sscanf(name.c_str(), "touchstone-%d-", &owner) != 1) continue;
      if (kill(owner, 0) == 0 || errno != ESRCH) continue;
      std::filesystem::remove_all(entry.path(), ignored);
    }
  }

  std::string path_;
};

}  // namespace touchstone::store
