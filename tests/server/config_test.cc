#include "server/config.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/log.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::server {
namespace {

using ::testing::HasSubstr;

// A source of variables that are what the test says.
std::function<const char*(const char*)> Environment(std::map<std::string, std::string>& variables) {
  return [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

class ConfigTest : public ::testing::Test {
 protected:
  ConfigSources Sources() {
    ConfigSources sources;
    sources.environment = Environment(variables_);
    return sources;
  }

  std::string Write(const std::string& text) {
    const std::string path = directory_.Sub("touchstone.conf");
    std::ofstream(path) << text;
    return path;
  }

  std::string Fault(const ConfigSources& sources) {
    return std::string(LoadConfig(sources).status().message());
  }

  store::TemporaryDirectory directory_;
  std::map<std::string, std::string> variables_;
};

TEST_F(ConfigTest, WithoutAnythingItListensOnThisMachineOnly) {
  EXPECT_EQ(LoadConfig(Sources())->listen, "127.0.0.1:50051");
}

TEST_F(ConfigTest, AsOfIsRefusedUnlessItIsAllowedInSoManyWords) {
  EXPECT_FALSE(LoadConfig(Sources())->allow_as_of);
  variables_["TOUCHSTONE_ALLOW_AS_OF"] = "true";
  EXPECT_TRUE(LoadConfig(Sources())->allow_as_of);
  variables_["TOUCHSTONE_ALLOW_AS_OF"] = "yes";
  EXPECT_THAT(Fault(Sources()), HasSubstr("true or false"));
}

TEST_F(ConfigTest, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  ConfigSources sources = Sources();
  sources.file = Write("# a comment\n\nio-threads = 3\nin-flight=5\ncache-mib = 64\n");
  variables_["TOUCHSTONE_IO_THREADS"] = "4";
  variables_["TOUCHSTONE_IN_FLIGHT"] = "6";
  sources.flags["in-flight"] = "7";
  const auto config = LoadConfig(sources);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->cache_mib, 64u);
  EXPECT_EQ(config->io_threads, 4u);
  EXPECT_EQ(config->in_flight, 7u);
}

TEST_F(ConfigTest, SaysWhatIsWrongAndWhere) {
  ConfigSources sources = Sources();
  sources.flags["polling-threads"] = "0";
  EXPECT_EQ(Fault(sources),
            "--polling-threads: `0` is not allowed for polling-threads; it must be 1 to 256 "
            "threads.");
  sources = Sources();
  variables_["TOUCHSTONE_LOG_FORMAT"] = "xml";
  EXPECT_THAT(Fault(sources), HasSubstr("TOUCHSTONE_LOG_FORMAT: `xml`"));
  variables_.clear();
  sources.file = Write("colour = green\n");
  EXPECT_THAT(Fault(sources), HasSubstr("there is no option `colour`"));
  sources.file = Write("\nlisten\n");
  EXPECT_THAT(Fault(sources), HasSubstr("touchstone.conf:2: a line must be"));
  sources.file = directory_.Sub("none");
  EXPECT_THAT(Fault(sources), HasSubstr("cannot read"));
}

TEST_F(ConfigTest, TheDefaultsAreAllowed) {
  for (const ServerOption& option : ServerOptions()) {
    ServerConfig config;
    EXPECT_TRUE(option.set(option.default_text, &config)) << option.name;
  }
}

TEST_F(ConfigTest, TheDocumentationIsUpToDate) {
  const char* source_dir = std::getenv("TOUCHSTONE_SOURCE_DIR");
  ASSERT_NE(source_dir, nullptr);
  std::ifstream in(std::string(source_dir) + "/docs/configuration.md");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, ConfigurationDoc()) << "run configuration_doc > docs/configuration.md";
}

TEST(LogTest, FieldsAreJsonWhateverTheyHold) {
  EXPECT_EQ(FormatLogFields(LogFormat::kJson, "published", {{"revision", "7"}}),
            R"("event":"published","revision":"7")");
  EXPECT_EQ(FormatLogFields(LogFormat::kJson, "x", {{"error", "a \"b\"\n\\"}}),
            R"("event":"x","error":"a \"b\"\u000a\\")");
  EXPECT_EQ(FormatLogFields(LogFormat::kText, "x", {{"n", "1"}}), R"(x n="1")");
}

}  // namespace
}  // namespace touchstone::server
