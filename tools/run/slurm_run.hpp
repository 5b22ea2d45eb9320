// troupe: actors in processes. Apache-2.0, see LICENSE.
// A program over the nodes of a step of Slurm's.
#pragma once

#include <string>
#include <vector>

namespace troupe::tools {

struct SlurmOptions {
  /// For srun: how many nodes, and what else.
  std::vector<std::string> srun;
  /// The program and its arguments; as with srun it is the same file on all nodes.
  std::vector<std::string> words;
};

/// Runs it to its end, as `run_over_hosts` does: with a key made for this run, which goes to the tasks by srun's standard input.
///
/// SIGINT and SIGTERM go to all tasks; what has not ended ten seconds later, or at the next signal, Slurm kills.
/// @returns the exit code of the head's program, or srun's own
/// @throws NotFound, std::system_error  nothing was started
[[nodiscard]] int run_over_slurm(const SlurmOptions& options);

}  // namespace troupe::tools
