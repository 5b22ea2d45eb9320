// troupe: actors in processes. Apache-2.0, see LICENSE.
// The subcommands of the troupe command: each adds itself to the command line, in a file of its own.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace troupe::tools {

/// What the command line asks for. @returns the exit code
using Run = std::function<int()>;

// Each sets `run` when the command line names it.

void add_keygen(CLI::App& app, Run& run);
void add_ps(CLI::App& app, Run& run);
void add_hosts(CLI::App& app, Run& run);
void add_dead_letters(CLI::App& app, Run& run);
void add_doctor(CLI::App& app, Run& run);

}  // namespace troupe::tools
