// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the command line and the environment say about a node.
#pragma once

#include <troupe/node/options.hpp>

namespace troupe::detail {

/// Takes troupe's options (`--troupe-...`) out of the command line; what stands behind `--` is the program's. Ends the program at
/// `--troupe-help`.
/// @throws Misuse  an unknown option, or a value that is none
void take_options(int& argc, char** argv, NodeOptions& options);
/// Takes TROUPE_LISTEN and its like out of the environment, so that programs that this one starts are not meant.
/// To be called before other threads run.
/// @throws Misuse  a value is none
void take_environment(NodeOptions& options);
/// The other way round, for the same program that this process becomes: its command line is the same, its environment need not be.
void give_environment(const NodeOptions& options);
/// Takes the place that a step of Slurm's with more than one node has for this process, unless the program was told another. A further
/// task of a node that has its host node leaves with 0. To be called before other threads run.
/// @throws Refused  there are no keys; the text says what to type
/// @throws as take_slurm_step
void take_step(NodeOptions& options);
/// @throws Misuse  they contradict each other
void check(const NodeOptions& options);

}  // namespace troupe::detail
