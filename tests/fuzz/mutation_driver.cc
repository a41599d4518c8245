// Runs a fuzzer without libFuzzer: every file of the folders given, then mutations of them.
//
//   parse_smoke FOLDER... --mutations N [--seed S]
//
// Bounded by the number of mutations, not by time. Prints the seed; before each mutation the input
// goes to FUZZ_INPUT, if that is set, so that a crash can be run again.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr size_t kMaxInputBytes = 4'096;  // of a mutation; the corpus has longer ones

constexpr const char* kTokens[] = {
    "c.yes",
    "c.i",
    "c.u",
    "c.d",
    "c.s",
    "c.b",
    "c.t",
    "c.span",
    "c.m",
    "c.q",
    "c.words",
    "c.numbers",
    "c.held",
    "c.map",
    "c.any",
    "now",
    "list.coffee",
    " && ",
    " || ",
    "!",
    "-",
    " + ",
    " * ",
    " / ",
    " % ",
    " == ",
    " != ",
    " < ",
    " >= ",
    " in ",
    " ? ",
    " : ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    ".?",
    "[?",
    "has(",
    "true",
    "null",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "1.5",
    "1e308",
    "7u",
    "0.000001",
    "\"a\"",
    "''",
    "r'\\'",
    "b'\\xff'",
    "\"\"\"",
    "`a-b`",
    "//",
    "\xff",
    ".exists(x, x ",
    ".all(x, ",
    ".map(x, ",
    ".filter(x, ",
    ".exists_one(x, ",
    "cel.bind(x, ",
    ".size()",
    "size(",
    ".matches(",
    "'(a+)+$'",
    "'[' ",
    ".contains(",
    ".startsWith(",
    ".split(",
    ".substring(",
    ".replace(",
    ".join(",
    "timestamp(",
    "duration(",
    "int(",
    "string(",
    "double(",
    "money(",
    "decimal(",
    "dyn(",
    "type(",
    ".getHours(",
    "'Europe/Berlin'",
    "optional.of(",
    ".orValue(",
    ".format([",
    "math.greatest(",
    "age(",
    ".product",
    "\xF0\x9F\x90\xB1",
};

using Random = std::mt19937_64;

std::string Mutated(const std::vector<std::string>& corpus, Random& random) {
  const auto below = [&random](size_t bound) { return bound == 0 ? 0 : random() % bound; };
  std::string text = corpus[below(corpus.size())].substr(0, kMaxInputBytes);
  for (size_t turns = 1 + below(4); turns > 0; --turns) {
    const size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        text.insert(at, kTokens[below(std::size(kTokens))]);
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random());
        break;
      case 3: {
        const std::string& other = corpus[below(corpus.size())];
        const size_t from = below(other.size());
        text.insert(at, other.substr(from, below(64)));
        break;
      }
      case 4:
        text.insert(at, text.substr(below(text.size()), below(32)));
        break;
      default:
        text = "(" + text + ")" + kTokens[below(std::size(kTokens))] + corpus[below(corpus.size())];
        break;
    }
    if (text.size() > kMaxInputBytes) text.resize(kMaxInputBytes);
  }
  return text;
}

void RunOne(const std::string& text) {
  if (const char* path = std::getenv("FUZZ_INPUT")) {
    std::ofstream(path, std::ios::binary) << text;
  }
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::vector<std::string> ReadFolders(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const std::filesystem::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> folders;
  uint64_t mutations = 0;
  uint64_t seed = std::random_device()();
  if (const char* given = std::getenv("TOUCHSTONE_SEED")) seed = std::strtoull(given, nullptr, 10);
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--mutations") == 0 && i + 1 < argc) {
      mutations = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      folders.emplace_back(argv[i]);
    }
  }
  const std::vector<std::string> corpus = ReadFolders(folders);
  if (corpus.empty()) {
    std::fprintf(stderr, "usage: %s FOLDER... --mutations N [--seed S]\n", argv[0]);
    return 2;
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  for (const std::string& text : corpus) RunOne(text);
  Random random(seed);
  for (uint64_t i = 0; i < mutations; ++i) RunOne(Mutated(corpus, random));
  std::printf("%zu inputs of the corpus and %llu mutations\n", corpus.size(),
              static_cast<unsigned long long>(mutations));
  return 0;
}
