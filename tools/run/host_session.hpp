// troupe: actors in processes. Apache-2.0, see LICENSE.
// One host of `troupe run`: the ssh or, on this machine, the shell that runs host.sh, and what is said in both directions.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

#include <troupe/node/launcher.hpp>

#include "tools/run/host_list.hpp"
#include "tools/run/host_script.hpp"
#include "tools/run/marks.hpp"
#include "tools/run/output.hpp"
#include "tools/run/process.hpp"

namespace troupe::tools {

/// A session begins with `start` and has ended once `gone`; meanwhile `serve` moves what `wanted` waits for. No member waits.
///
/// Standard output of the head goes where the launcher's goes, byte by byte; a head on this machine has the launcher's stdin and stderr
/// too. All else arrives in whole lines, "[NAME] ..." each, at the `output`.
class HostSession {
 public:
  enum class Part { head, member };
  using Polled = std::array<pollfd, 4>;

  HostSession(HostEntry host, Part part, Output& output);

  [[nodiscard]] const HostEntry& host() const { return host_; }
  [[nodiscard]] bool is_head() const { return part_ == Part::head; }
  /// What the host's program is to read.
  [[nodiscard]] Input input() const;

  /// @param ssh  the command before the host's name, in words of the shell
  /// @throws std::system_error  it cannot be started
  void start(const HostTask& task, const std::string& ssh);
  void send(std::string text) { send(std::make_shared<const std::string>(std::move(text))); }
  void send(std::shared_ptr<const std::string> text);
  /// The host ends its program, if it runs, and clears up.
  void close();
  /// To ssh or the shell.
  void signal(int number) { detail::signal_child(process_, number); }

  [[nodiscard]] Polled wanted() const;
  void serve(const Polled& polled);

  /// SSH_CONNECTION there, once the host is ready; empty on this machine.
  [[nodiscard]] const std::optional<std::string>& ready() const { return ready_; }
  [[nodiscard]] bool running() const { return running_; }
  /// Why it takes no part.
  [[nodiscard]] const std::optional<std::string>& refused() const { return refused_; }
  /// The program's exit code, 128 and the signal if one ended it.
  [[nodiscard]] const std::optional<int>& ended() const { return ended_; }
  /// How ssh or the shell ended; all that was printed has been read then.
  [[nodiscard]] const std::optional<detail::ChildEnd>& gone() const { return gone_; }
  /// The program can be sent the next piece of its input.
  [[nodiscard]] bool wants_input() const { return running_ && !ended_ && !gone_ && input_taken_; }
  /// Sends a piece of input; none: there is no more.
  void send_input(std::string_view piece);

 private:
  struct Source {
    Descriptor pipe;
    Output::Stream* stream = nullptr;
    std::unique_ptr<Marks> marks;  // none: all of it is text
  };

  void start_here(const std::string& command, const Descriptor& orders, const Descriptor& out, const Descriptor& marks);
  void write_orders();
  void read(Source& source, std::size_t most_bytes);
  void end(Source& source);
  void note(const std::string& mark);

  HostEntry host_;
  Part part_;
  Output& output_;
  Descriptor process_;
  Descriptor orders_;
  std::deque<std::shared_ptr<const std::string>> unsent_;
  std::size_t sent_bytes_ = 0;  // of the first of them
  bool closing_ = false;
  Source out_, marks_;

  std::optional<std::string> ready_, refused_;
  bool running_ = false;
  bool input_taken_ = true;
  std::optional<int> ended_;
  std::optional<detail::ChildEnd> gone_;
};

}  // namespace troupe::tools
