#pragma once

// What rounds of killing a server have in common.
//
// Thread safety: pure functions, beside the environment and the files that they read.

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

namespace touchstone {

// TOUCHSTONE_CRASH_ROUNDS, or 10.
int CrashRounds();

// Whether a call has failed because its server was killed.
bool IsGone(const grpc::Status& status);

// What is wrong with the store of a data folder. REQUIRES: no server has it.
// Errors: fails the test when the store cannot be read.
std::vector<std::string> StoreFaults(const std::string& data_dir);

}  // namespace touchstone
