#pragma once

// Leaves out of a decision's answer the priced lines that its reader has already.
//
// Thread safety: one thread at a time. Cost: a pass over the answer's bytes; eight bytes a line are
// kept.

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "server/decide/wire_writer.h"

namespace touchstone::server {

// What was answered last: of one transaction.
class AnsweredLines {
 public:
  // Writes a serialized DecideResponse without the lines that are byte for byte as in the answer
  // before, if that was of this transaction; `whole`: with every line. What is written is what is
  // known from then on.
  void Write(absl::string_view transaction_id, absl::string_view response, bool whole,
             WireWriter* out);
  // The next answer has every line.
  void Forget();

 private:
  void WriteBasket(absl::string_view basket, WireWriter* out);

  std::string transaction_id_;
  absl::flat_hash_set<uint64_t> lines_;  // hashes of their bytes, which hold their ids
  absl::flat_hash_set<uint64_t> before_;
};

}  // namespace touchstone::server
