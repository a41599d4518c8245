#pragma once

// Values that can be looked for in the bytes of files.
//
// Thread safety: pure functions.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::store {

// A word for a kind of value of a customer's: so mixed that compression finds nothing in it that
// stood before, and a file that holds it holds it as it is.
inline std::string Mark(absl::string_view kind, absl::string_view id) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  uint64_t state = 0xcbf29ce484222325;
  const auto mix = [&state](absl::string_view text) {
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    state = (state ^ (state >> 33)) * 0xff51afd7ed558ccd;
  };
  mix(kind);
  mix(id);
  std::string word;
  for (int i = 0; i < 14; ++i) {
    mix("next");
    word.push_back(kLetters[(state >> 40) % 62]);
  }
  return word;
}

// Names of the files in the folder and below it in which the word stands.
inline std::vector<std::string> FilesWith(const std::string& folder, const std::string& word) {
  std::vector<std::string> found;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    if (bytes.find(word) != std::string::npos) found.push_back(file.path().filename().string());
  }
  return found;
}

}  // namespace touchstone::store
