#pragma once

// What reports of measurements have in common: an object of JSON that is filled field by field, and
// the parts that every report has.
//
// Thread safety: for one thread. Units are in the names.

#include <google/protobuf/struct.pb.h>

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bench/latency_histogram.h"

namespace touchstone::bench {

// An object in the making. Lifetime: of what it was made with.
class JsonObject {
 public:
  explicit JsonObject(google::protobuf::Struct* fields) : fields_(fields) {}

  void Number(const std::string& name, double value) {
    (*fields_->mutable_fields())[name].set_number_value(value);
  }
  void Count(const std::string& name, uint64_t value) { Number(name, static_cast<double>(value)); }
  void Text(const std::string& name, const std::string& value) {
    (*fields_->mutable_fields())[name].set_string_value(value);
  }
  void Flag(const std::string& name, bool value) {
    (*fields_->mutable_fields())[name].set_bool_value(value);
  }
  void Null(const std::string& name) {
    (*fields_->mutable_fields())[name].set_null_value(google::protobuf::NULL_VALUE);
  }
  JsonObject Inside(const std::string& name) {
    return JsonObject((*fields_->mutable_fields())[name].mutable_struct_value());
  }

 private:
  google::protobuf::Struct* fields_;
};

// Percentiles in microseconds; null when nothing was recorded.
void AddLatency(const LatencyHistogram& latency, JsonObject object);
// How many calls ended with each code of gRPC, OK aside.
void AddErrors(const std::array<uint64_t, 17>& by_code, JsonObject object);
// Machine, build and command.
void AddSurroundings(const std::string& command, JsonObject root);

// Ends with a newline.
std::string ToText(const google::protobuf::Struct& fields);
// To the file at `path`, or to standard output when it is empty.
absl::Status WriteReport(const std::string& report, const std::string& path);

}  // namespace touchstone::bench
