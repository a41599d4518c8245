#pragma once

// Rule sets that tests write as files.
//
// Thread safety: pure functions.

#include <initializer_list>
#include <string>
#include <utility>

#include "touchstone/v1/revision.pb.h"

namespace touchstone::server {

inline void AddFile(const std::string& path, const std::string& content,
                    v1::RuleSetSource* source) {
  v1::RuleSetFile* file = source->mutable_files()->add_files();
  file->set_path(path);
  file->set_content(content);
}

// Of paths and contents.
inline v1::RuleSetSource SourceOf(
    std::initializer_list<std::pair<std::string, std::string>> files) {
  v1::RuleSetSource source;
  for (const auto& [path, content] : files) AddFile(path, content, &source);
  return source;
}

}  // namespace touchstone::server
