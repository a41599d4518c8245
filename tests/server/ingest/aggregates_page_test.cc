// docs/rules/aggregates.md, held to what it says: its schema is compiled, its histories happen.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "rules/facts/text.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"
#include "tests/server/ingest/history.h"

namespace touchstone::server {
namespace {

using rules::expr::Kind;

// The blocks that begin with ``` and this.
std::vector<std::string> Blocks(absl::string_view kind) {
  const char* source_dir = std::getenv("TOUCHSTONE_SOURCE_DIR");
  EXPECT_NE(source_dir, nullptr);
  if (source_dir == nullptr) return {};
  std::ifstream file(absl::StrCat(source_dir, "/docs/rules/aggregates.md"));
  std::ostringstream text;
  text << file.rdbuf();
  std::vector<std::string> blocks;
  bool inside = false;
  for (const absl::string_view line : absl::StrSplit(text.str(), '\n')) {
    if (absl::StartsWith(line, "```")) {
      inside = line.substr(3) == kind;
      if (inside) blocks.emplace_back();
    } else if (inside) {
      absl::StrAppend(&blocks.back(), line, "\n");
    }
  }
  return blocks;
}

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

absl::Time TimeOfText(absl::string_view text) {
  const absl::StatusOr<absl::Time> time = rules::ParseTimestamp(text, Berlin());
  EXPECT_TRUE(time.ok()) << text;
  return time.value_or(absl::UnixEpoch());
}

// "TIME TYPE field=value ... SKU=quantity ..."
v1::Event EventOfLine(absl::string_view line) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ');
  v1::Event event;
  event.set_event_id(std::string(line));
  event.set_type(words[1]);
  event.mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(TimeOfText(words[0])));
  for (size_t i = 2; i < words.size(); ++i) {
    const std::pair<std::string, std::string> part = absl::StrSplit(words[i], '=');
    if (absl::ascii_isupper(static_cast<unsigned char>(part.first[0]))) {
      auto& values = *event.add_lines()->mutable_values();
      values["sku"].set_string_value(part.first);
      values["quantity"].set_decimal_thousandths(rules::ParseDecimal(part.second)->thousandths);
    } else if (part.first == "paid") {
      const rules::Money money = *rules::ParseMoney(part.second + " EUR");
      auto& paid = *(*event.mutable_fields())["paid"].mutable_money_value();
      paid.set_amount_minor(money.amount_minor);
      paid.set_currency_code("EUR");
    } else {
      (*event.mutable_fields())[part.first].set_string_value(part.second);
    }
  }
  return event;
}

std::string Said(const rules::expr::Value& value) {
  switch (value.kind()) {
    case Kind::kString:
      return std::string(value.string_value());
    case Kind::kDouble:
      return absl::StrFormat("%.2f", value.double_value());
    case Kind::kTimestamp:
      return absl::FormatTime("%Y-%m-%dT%H:%M", value.timestamp_value(), Berlin());
    case Kind::kList: {
      std::vector<std::string> elements;
      elements.reserve(value.list_value().size);
      for (uint32_t i = 0; i < value.list_value().size; ++i) {
        elements.push_back(Said(value.list_value().elements[i]));
      }
      return absl::StrJoin(elements, ", ");
    }
    default:
      return rules::expr::DebugString(value);
  }
}

TEST(AggregatesPageTest, ItsHistoriesAmountToWhatThePageSays) {
  const std::vector<std::string> schemas = Blocks("yaml schema");
  ASSERT_EQ(schemas.size(), 1u);
  const std::vector<std::string> histories = Blocks("text history");
  ASSERT_EQ(histories.size(), 4u);
  std::map<std::string, int> times_said;
  History history("Europe/Berlin", schemas[0]);
  for (const std::string& block : histories) {
    history.Forget();
    absl::Time now;
    for (const absl::string_view line : absl::StrSplit(block, '\n', absl::SkipEmpty())) {
      SCOPED_TRACE(std::string(line));
      if (absl::StartsWith(line, "at ")) {
        now = TimeOfText(line.substr(3));
      } else if (absl::StartsWith(line, "  ")) {
        const std::pair<std::string, std::string> said =
            absl::StrSplit(absl::StripAsciiWhitespace(line), " = ");
        EXPECT_EQ(Said(history.Read(said.first, now)), said.second);
        ++times_said[said.first];
      } else {
        const v1::Event event = EventOfLine(line);
        history.Happens(event, absl::FromUnixSeconds(event.occurred_at().seconds()));
      }
    }
  }
  for (const rules::AggregateSpec& spec : history.schema().aggregates) {
    EXPECT_GT(times_said[spec.name], 0) << spec.name << " is declared and never shown";
  }
}

}  // namespace
}  // namespace touchstone::server
