// troupe: actors in processes. Apache-2.0, see LICENSE.
// The program of a run, as it lies on this machine.
#pragma once

#include <string>

namespace troupe::tools {

struct ProgramFile {
  /// Absolute, without symbolic links resolved: on the hosts it is looked for under the same path.
  std::string path;

  /// What `cksum` prints for it: equal for equal files, and every host has it. A build id would need tools there that not all have.
  /// @throws NotFound  it cannot be read
  [[nodiscard]] std::string checksum() const;
  /// Its bytes. @throws NotFound  it cannot be read
  [[nodiscard]] std::string content() const;
};

/// Finds the program as a shell would: a name without a slash in PATH.
/// @throws NotFound  it is not there, or may not be executed
[[nodiscard]] ProgramFile find_program(const std::string& word);

}  // namespace troupe::tools
