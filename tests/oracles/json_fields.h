#pragma once

// The members of a JSON object, read by name, and which of them nobody asked for.
//
// Thread safety: one thread. Lifetime: the parser that made the object outlives it; `unknown` gets
// a sentence for each member that was not read, when Done is called. A null member is one that is
// not there.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simdjson.h"

namespace touchstone::rules {

// Of a string or a number, as it would be printed; "" for anything else.
std::string JsonText(simdjson::dom::element value);
// Of a list of these, or of one alone.
std::vector<std::string> JsonTexts(simdjson::dom::element value);

class JsonFields {
 public:
  // `where`: "a benefit".
  JsonFields(simdjson::dom::object object, std::string where, std::vector<std::string>& unknown)
      : object_(object), where_(std::move(where)), unknown_(unknown) {}

  std::string Text(const std::string& key);
  std::vector<std::string> Texts(const std::string& key);
  int64_t Int(const std::string& key, int64_t otherwise = 0);
  bool Flag(const std::string& key, bool otherwise = false);
  std::optional<simdjson::dom::element> Find(const std::string& key);
  // Each object of a list, or the one object that is there.
  std::vector<JsonFields> Objects(const std::string& key, const std::string& where);
  // All that are there, in order.
  std::vector<std::pair<std::string, simdjson::dom::element>> Members();
  void Ignore(const std::string& key) { read_.insert(key); }

  // Reports what was not read. Not called for an object that only wraps others.
  void Done();

 private:
  simdjson::dom::object object_;
  std::string where_;
  std::vector<std::string>& unknown_;
  std::set<std::string> read_;
};

}  // namespace touchstone::rules
