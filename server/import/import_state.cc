#include "server/import/import_state.h"

#include <fcntl.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/json_string.h"

namespace touchstone::server {
namespace {

// What is sent again after a crash, the server knows: this bounds how much.
constexpr std::chrono::milliseconds kSaveInterval(200);

// The numbers of a progress by their names in the file.
template <typename Progress>
auto Numbers(Progress& progress) {
  auto& totals = progress.totals;
  return std::array{std::pair{"start_s", &progress.start_s},
                    std::pair{"settled", &progress.settled},
                    std::pair{"quarantine_bytes", &progress.quarantine_bytes},
                    std::pair{"rows", &totals.rows},
                    std::pair{"imported", &totals.imported},
                    std::pair{"duplicate", &totals.duplicate},
                    std::pair{"left_out", &totals.left_out},
                    std::pair{"quarantined", &totals.quarantined},
                    std::pair{"events_new", &totals.events_new},
                    std::pair{"events_duplicate", &totals.events_duplicate}};
}

// Replaces the file by one that is whole whenever the power goes.
bool WriteFile(const std::string& path, const std::string& text) {
  const std::string next = path + ".new";
  const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fdatasync(file) == 0;
  const bool closed = ::close(file) == 0;
  return written && closed && std::rename(next.c_str(), path.c_str()) == 0;
}

}  // namespace

std::string ImportProgress::ToJson() const {
  std::string json = "{\"identity\":";
  AppendJsonString(identity, &json);
  json += ",\"run_id\":";
  AppendJsonString(run_id, &json);
  for (const auto& [name, number] : Numbers(*this)) {
    absl::StrAppend(&json, ",\"", name, "\":", *number);
  }
  json += ",\"reasons\":{";
  absl::string_view separator = "";
  for (const auto& [reason, count] : totals.reasons) {
    absl::StrAppend(&json, separator);
    AppendJsonString(reason, &json);
    absl::StrAppend(&json, ":", count);
    separator = ",";
  }
  return json + "}}\n";
}

absl::StatusOr<ImportProgress> ImportProgress::FromJson(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view identity;
  std::string_view run_id;
  simdjson::dom::object reasons;
  ImportProgress progress;
  const simdjson::padded_string padded(json);
  bool good = parser.parse(padded).get(root) == simdjson::SUCCESS &&
              root["identity"].get(identity) == simdjson::SUCCESS &&
              root["run_id"].get(run_id) == simdjson::SUCCESS &&
              root["reasons"].get(reasons) == simdjson::SUCCESS;
  if (good) {
    for (const auto& [name, number] : Numbers(progress)) {
      good = good && root[name].get(*number) == simdjson::SUCCESS;
    }
    for (const auto field : reasons) {
      int64_t count = 0;
      good = good && field.value.get(count) == simdjson::SUCCESS;
      progress.totals.reasons[std::string(field.key)] = count;
    }
  }
  if (!good) return absl::InvalidArgumentError("is not what an import left");
  progress.identity = std::string(identity);
  progress.run_id = std::string(run_id);
  return progress;
}

ImportState::ImportState(std::string path, ImportProgress begin, Quarantine* quarantine)
    : path_(std::move(path)),
      settled_before_(begin.settled),
      quarantine_(quarantine),
      progress_(std::move(begin)) {}

absl::StatusOr<std::optional<ImportProgress>> ImportState::Find(const std::string& path,
                                                                const std::string& identity,
                                                                bool* changed) {
  *changed = false;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  absl::StatusOr<ImportProgress> progress = ImportProgress::FromJson(text);
  if (!progress.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " ", progress.status().message(), ". Remove it, or begin anew with --restart."));
  }
  *changed = progress->identity != identity;
  if (*changed) return std::nullopt;
  return *std::move(progress);
}

void ImportState::Settle(int64_t number, BatchOutcome outcome) {
  std::lock_guard<std::mutex> lock(mutex_);
  early_.emplace(number, std::move(outcome));
  for (auto next = early_.begin(); next != early_.end() && next->first == progress_.settled + 1;
       next = early_.begin()) {
    Take(next->second);
    early_.erase(next);
    ++progress_.settled;
  }
  if (path_.empty() || Clock::now() - saved_ < kSaveInterval) return;
  SaveLocked();
}

void ImportState::Take(const BatchOutcome& outcome) {
  ImportTotals& totals = progress_.totals;
  const auto refused = static_cast<int64_t>(outcome.refused.size());
  totals.imported += outcome.imported;
  totals.duplicate += outcome.duplicate;
  totals.left_out += outcome.left_out;
  totals.quarantined += refused;
  totals.rows +=
      outcome.imported + outcome.duplicate + outcome.left_out + outcome.unwritten + refused;
  totals.events_new += outcome.events_new;
  totals.events_duplicate += outcome.events_duplicate;
  std::vector<const RefusedRow*> rows;
  for (const RefusedRow& row : outcome.refused) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return a->line < b->line; });
  for (const RefusedRow* row : rows) {
    quarantine_->Add(row->line, row->reason, row->raw);
    const std::string reason = ReasonWithoutValues(row->reason, row->by_server);
    if (totals.reasons.size() < kMaxReasons || totals.reasons.count(reason) > 0) {
      ++totals.reasons[reason];
    }
  }
  progress_.quarantine_bytes = quarantine_->bytes();
}

ImportProgress ImportState::progress() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return progress_;
}

void ImportState::Save() {
  std::lock_guard<std::mutex> lock(mutex_);
  quarantine_->Flush();
  if (!path_.empty()) SaveLocked();
}

void ImportState::SaveLocked() {
  quarantine_->Sync();
  if (!WriteFile(path_, progress_.ToJson()) && status_.ok()) {
    status_ = absl::UnavailableError(absl::StrCat(
        path_, " cannot be written: an import that is stopped would have to begin anew"));
  }
  saved_ = Clock::now();
}

void ImportState::Forget() {
  std::lock_guard<std::mutex> lock(mutex_);
  quarantine_->Flush();
  std::error_code error;
  if (!path_.empty()) std::filesystem::remove(path_, error);
}

absl::Status ImportState::status() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return quarantine_->status().ok() ? status_ : quarantine_->status();
}

}  // namespace touchstone::server
