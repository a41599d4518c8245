#include "server/cli/cli.h"

int main(int argc, char** argv) { return touchstone::server::RunCommandLine(argc, argv); }
