#include "server/rpc/parse.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdio>
#include <mutex>
#include <string>

#include "absl/strings/str_cat.h"

namespace touchstone::server {
namespace {

// What protobuf has said on this thread while it parses for us; null while it does not.
thread_local std::string* said = nullptr;

void TakeLog(google::protobuf::LogLevel level, const char* file, int line,
             const std::string& message) {
  if (said != nullptr) {
    *said = message;
  } else if (level >= google::protobuf::LOGLEVEL_WARNING) {
    std::fprintf(stderr, "[protobuf %s:%d] %s\n", file, line, message.c_str());
  }
}

// The name between the first two quotes: "touchstone.v1.BasketLine.sku".
absl::string_view QuotedName(absl::string_view text) {
  const size_t begin = text.find('\'');
  if (begin == absl::string_view::npos) return "";
  text.remove_prefix(begin + 1);
  return text.substr(0, text.find('\''));
}

}  // namespace

std::optional<Violation> ParseRequest(absl::string_view bytes,
                                      google::protobuf::MessageLite* message) {
  message->Clear();
  return MergeRequest(bytes, message);
}

std::optional<Violation> MergeRequest(absl::string_view bytes,
                                      google::protobuf::MessageLite* message) {
  static std::once_flag taken;
  std::call_once(taken, [] { google::protobuf::SetLogHandler(TakeLog); });
  thread_local std::string heard;
  heard.clear();
  said = &heard;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  const bool parsed = message->MergeFromCodedStream(&input) && input.ConsumedEntireMessage();
  said = nullptr;
  if (parsed) return std::nullopt;
  const absl::string_view field = QuotedName(heard);
  if (!field.empty()) {
    return Violation{"", absl::StrCat("a string of field ", field, " is not UTF-8")};
  }
  return Violation{"", absl::StrCat("the bytes are no ", message->GetTypeName())};
}

}  // namespace touchstone::server
