#pragma once

// A directory of one test, removed with everything in it. It is in memory where the system has a
// place for that: what a device does is the fault file system's to play.
//
// Thread safety: immutable. Errors: aborts when the directory cannot be made.

#include <cstdlib>
#include <filesystem>
#include <string>

namespace touchstone::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    path_ = "/dev/shm/touchstone-XXXXXX";
    if (mkdtemp(path_.data()) != nullptr) return;
    path_ = (std::filesystem::temp_directory_path() / "touchstone-XXXXXX").string();
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
  std::string path_;
};

}  // namespace touchstone::store
