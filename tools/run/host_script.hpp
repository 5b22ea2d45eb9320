// troupe: actors in processes. Apache-2.0, see LICENSE.
// The shell text by which a host, or a task of Slurm's, is made to run the program of `troupe run`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

/// `word` as a POSIX shell takes it back, whatever is in it.
[[nodiscard]] std::string shell_word(std::string_view word);

/// What a program finds on its standard input: what the launcher sends, nothing, or the launcher's own.
enum class Input { sent, none, terminal };

/// What a host needs to know; see host.sh.
struct HostTask {
  std::string nonce;
  std::string name;
  std::size_t slots = 0;
  std::vector<std::string> labels;
  Input input = Input::none;
  /// The program's path on the host, or here if it is sent.
  std::string program;
  /// Its name and its arguments.
  std::vector<std::string> words;
  /// The folder in which it runs, if it is there.
  std::string folder;
  /// What `cksum` says of the program here; empty: it need not be the same.
  std::string checksum;
  /// Of what follows the text: the key, and the program if it is sent (else 0).
  std::size_t key_bytes = 0;
  std::size_t program_bytes = 0;
};

[[nodiscard]] std::string host_script(const HostTask& task);

/// What a task of Slurm's is told; see task.sh.
/// @param words  those of the program, its name first
[[nodiscard]] std::string task_script(std::string_view nonce, std::string_view program, const std::vector<std::string>& words,
                                      std::size_t key_bytes);

/// The command that reads `script` from a descriptor and runs it. It has no word of the user's, so any login shell takes it alike.
[[nodiscard]] std::string reading_command(std::string_view script, int descriptor);

}  // namespace troupe::tools
