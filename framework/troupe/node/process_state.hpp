// troupe: actors in processes. Apache-2.0, see LICENSE.
// What is known of one process that runs a function: shared by its handle and the node that started it.
#pragma once

#include <atomic>
#include <climits>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <troupe/node/bells.hpp>
#include <troupe/node/descriptor.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/process_options.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

/// Threads: safe.
class ProcessState {
 public:
  ProcessState(NodeCore& node, const ProcessOptions& options);

  [[nodiscard]] NodeCore& node() const noexcept { return joined_->node(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool daemon() const noexcept { return daemon_; }
  [[nodiscard]] int pid() const noexcept { return pid_.load(); }
  /// Nothing while it lives.
  [[nodiscard]] std::optional<int> exit_code() const noexcept;
  /// Settled when it has ended, its last words were heard and its output was written.
  [[nodiscard]] FutureState& joined() const noexcept { return *joined_; }
  /// `bell` rings when it is joined; at once, if it is.
  void ring(const Bell& bell);
  /// Why it failed; null: it has not. @pre joined
  [[nodiscard]] std::shared_ptr<const ErrorInfo> failure() const;
  /// What it has written so far. @throws Misuse  its output is not captured
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string errors() const;

  // --- For who starts it and notices its end ---

  /// What becomes its stdin, stdout and stderr; none: as its options say.
  Descriptor input_file, output_file, errors_file;
  void began(int pid) noexcept { pid_.store(pid); }
  void exited(int code) noexcept { exit_code_.store(code); }
  void last_words(std::shared_ptr<const ErrorInfo> how);
  void output_read(std::string last_errors);
  void output_written() { one_less(); }
  /// It is on another host: what to do to send it a signal.
  void elsewhere(std::function<void(int signal)> signal) { signal_elsewhere_ = std::move(signal); }
  /// @returns false: it is on this host
  bool signal_elsewhere(int signal) const;
  /// What it has written, of one elsewhere, whose output is captured.
  void captured(const std::string& output, const std::string& errors) const;
  /// The node has ended and it has not: nobody will know.
  void give_up(std::shared_ptr<const ErrorInfo> why);

 private:
  static constexpr int alive = INT_MIN;
  void one_less();
  [[nodiscard]] std::string content(const Descriptor& file) const;

  const std::string name_;
  const bool daemon_;
  const bool captured_;
  const Counted<TypedState<void>> joined_;
  std::function<void(int)> signal_elsewhere_;  // set before anybody else has this
  std::atomic<int> pid_{0};
  std::atomic<int> exit_code_{alive};
  std::atomic<int> left_{2};  // before it is joined: its last words, its output
  Bells bells_;
  mutable std::mutex mutex_;
  std::shared_ptr<const ErrorInfo> how_;
  std::string last_errors_;
};

}  // namespace troupe::detail
