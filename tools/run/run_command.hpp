// troupe: actors in processes. Apache-2.0, see LICENSE.
// The words of `troupe run`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace troupe::tools {

/// Adds itself to the command; once that has parsed, `execute`. To outlive it.
class RunCommand {
 public:
  explicit RunCommand(CLI::App& command);
  RunCommand(const RunCommand&) = delete;
  RunCommand& operator=(const RunCommand&) = delete;

  /// Takes what stands behind `--` out of the command's words: it is the program's.
  void take_program(std::vector<std::string>& words);
  [[nodiscard]] bool is_asked() const { return run_.parsed(); }
  /// @returns the exit code
  /// @throws Error, std::system_error  nothing was started
  [[nodiscard]] int execute();

 private:
  CLI::App& run_;
  std::string hosts_;
  bool slurm_ = false;
  bool copy_ = false;
  std::uint16_t port_ = 0;
  std::string address_;
  std::string ssh_ = "ssh -o ConnectTimeout=15 -o ServerAliveInterval=20 -o ServerAliveCountMax=6";
  std::vector<std::string> labels_;
  bool separated_ = false;  // by `--`
  std::vector<std::string> program_;
};

}  // namespace troupe::tools
