// troupe: actors in processes. Apache-2.0, see LICENSE.
// Starts a program that is not ours: ssh, a shell, srun.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <troupe/node/descriptor.hpp>

namespace troupe::tools {

using detail::Descriptor;

struct Pipe {
  Descriptor read, write;
};
/// Close-on-exec, with numbers that no child is given. @throws std::system_error
[[nodiscard]] Pipe make_pipe();
/// Reading and writing it no longer wait.
void do_not_wait(const Descriptor& descriptor);

/// Which of our descriptors becomes which of a program's; -1: /dev/null. Of those that are not named it has what is not close-on-exec.
using Descriptors = std::vector<std::pair<int, int>>;

/// What the terminal's Ctrl-C does to a program that is started.
enum class Interrupt {
  ends,        // what the program makes of it
  is_blocked,  // nothing; it may use the terminal, as ssh that asks for a password
  passes_by,   // nothing: it is in a process group of its own, and not in the terminal's foreground
};

/// Starts `words`, the first of which PATH is searched for.
/// @returns the descriptor by which `detail::reap` and `detail::signal_child` know it
/// @throws std::system_error  it cannot be started
[[nodiscard]] Descriptor start_program(const std::vector<std::string>& words, const Descriptors& descriptors, Interrupt interrupt);

}  // namespace troupe::tools
