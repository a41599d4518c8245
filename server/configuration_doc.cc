// Writes docs/configuration.md to standard output.

#include <cstdio>

#include "server/config.h"

int main() { std::fputs(touchstone::server::ConfigurationDoc().c_str(), stdout); }
