#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/cli/cli.h"
#include "server/config.h"
#include "server/serve.h"

namespace touchstone::server {
namespace {

struct ServeFlags {
  std::string file;
  std::map<std::string, std::string> values;  // by option name
};

std::string HelpOf(const ServerOption& option) {
  return absl::StrCat(
      option.meaning, " [", option.default_text.empty() ? "none" : option.default_text,
      option.unit.empty() ? "" : " ", option.unit, "; ", EnvironmentName(option.name), "]");
}

int RunServe(const CLI::App& command, const ServeFlags& flags) {
  ConfigSources sources;
  sources.file = flags.file;
  sources.environment = [](const char* name) -> const char* { return std::getenv(name); };
  for (const ServerOption& option : ServerOptions()) {
    if (command.count("--" + option.name) == 0) continue;
    sources.flags[option.name] = flags.values.at(option.name);
  }
  const absl::StatusOr<ServerConfig> config = LoadConfig(sources);
  if (!config.ok()) {
    std::fprintf(stderr, "%s\n", std::string(config.status().message()).c_str());
    return kExitUsage;
  }
  return Serve(*config);
}

}  // namespace

void AddServeCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("serve", "Serve decisions until SIGTERM");
  auto flags = std::make_shared<ServeFlags>();
  command->add_option("--config", flags->file, "A file of lines `option = value`")
      ->envname("TOUCHSTONE_CONFIG");
  for (const ServerOption& option : ServerOptions()) {
    command->add_option("--" + option.name, flags->values[option.name], HelpOf(option));
  }
  command->callback([command, flags, &exit_code] { exit_code = RunServe(*command, *flags); });
}

}  // namespace touchstone::server
