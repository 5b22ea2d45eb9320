// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor that looks after one process that was started for another host.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/build_id.hpp>
#include <troupe/node/process_options.hpp>
#include <troupe/node/process_state.hpp>

namespace troupe::detail {

/// Answered with the process's pid. Once.
struct StewardStart {
  CodeKey entry;
  std::vector<std::uint8_t> arguments;
  std::string name;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string working_directory;
  std::optional<std::string> input;
  Output output = Output::relayed;
};
struct StewardSignal {
  int signal = 0;
};
/// Answered when the process has ended.
struct StewardEnd {};
struct ProcessEnd {
  int exit_code = 0;
  std::optional<ErrorInfo> failure;
  std::string output, errors;  // if they were captured
};

/// Ends once it has told how its process ended; with its own end it kills the process.
class Steward final : public Actor<Steward, StewardStart, StewardSignal, StewardEnd> {
 public:
  int on(const StewardStart& start);
  void on(const StewardSignal& signal) const;
  Future<ProcessEnd> on(const StewardEnd&);

 private:
  void on_stop() override;

  std::shared_ptr<ProcessState> process_;
  bool captured_ = false;
};

}  // namespace troupe::detail
