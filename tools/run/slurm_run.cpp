// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/slurm_run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <troupe/node/launcher.hpp>
#include <troupe/node/random.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/wire/error.hpp>

#include "tools/run/deadline.hpp"
#include "tools/run/host_script.hpp"
#include "tools/run/interrupts.hpp"
#include "tools/run/output.hpp"
#include "tools/run/process.hpp"
#include "tools/run/program_file.hpp"
#include "transports/keys.hpp"

namespace troupe::tools {

namespace {

using std::chrono_literals::operator""s;

// How long the program may take to end after it was told to. More than a troupe program's own linger, 5 s.
constexpr auto ending_patience = 10s;
// How long the others may take once the head has ended, of which they learn at once.
constexpr auto parting_patience = 5s;

class SlurmRun {
 public:
  explicit SlurmRun(const SlurmOptions& options) : options_{options} {}

  int to_the_end();

 private:
  void start();
  void turn();
  void take_signal();
  void end_at_once();
  void read_errors();
  void note(const std::string& mark);
  [[nodiscard]] int leave() const;

  const SlurmOptions& options_;
  const std::string opening_ = '\2' + std::to_string(detail::random_number()) + ' ';
  Interrupts interrupts_;
  Output output_{STDERR_FILENO};
  Output::Stream& lines_ = output_.open("");
  Descriptor srun_, feeder_, errors_;
  std::string begun_;        // a line of srun's that is not complete
  std::string step_;         // once it runs
  std::optional<int> code_;  // the head's
  Deadline deadline_;
  int signal_ = 0;
  std::optional<detail::ChildEnd> end_;
};

int SlurmRun::to_the_end() {
  start();
  while (!end_ || (output_.pending() && signal_ == 0)) turn();
  detail::signal_child(feeder_, SIGKILL);
  return leave();
}

void SlurmRun::start() {
  const std::string key = detail::new_key();
  const std::string program = find_program(options_.words.front()).path;
  const std::string script = task_script(opening_.substr(1, opening_.size() - 2), program, options_.words, key.size());
  // In memory only, and read again by `cat` from its beginning.
  const Descriptor text{::memfd_create("troupe-run", MFD_CLOEXEC)};
  const std::string all = script + key;
  if (!text || ::write(text.get(), all.data(), all.size()) != static_cast<ssize_t>(all.size()))
    throw std::system_error(errno, std::generic_category(), "handing over the key");

  Pipe input = make_pipe();
  Pipe errors = make_pipe();
  const std::vector<std::string> with_us{"setpriv", "--pdeathsig", "TERM"};  // they would go on without us
  std::vector<std::string> words = with_us;
  words.insert(words.end(), {"srun", "--input=all", "--no-kill", "--kill-on-bad-exit=0", "--wait=0"});
  words.insert(words.end(), options_.srun.begin(), options_.srun.end());
  words.insert(words.end(), {"sh", "-c", reading_command(script, 0)});
  srun_ = start_program(words, {{input.read.get(), 0}, {errors.write.get(), 2}}, Interrupt::passes_by);
  std::vector<std::string> feeding = with_us;
  feeding.insert(feeding.end(), {"cat", "/dev/fd/3", "-"});
  feeder_ = start_program(feeding, {{text.get(), 3}, {input.write.get(), 1}}, Interrupt::is_blocked);
  errors_ = std::move(errors.read);
  do_not_wait(errors_);
}

void SlurmRun::turn() {
  std::array<pollfd, 4> polled{{{interrupts_.descriptor(), POLLIN, 0},
                                {end_ ? -1 : srun_.get(), POLLIN, 0},
                                {Output::has_room(lines_) ? errors_.get() : -1, POLLIN, 0},
                                output_.wanted()}};
  if (::poll(polled.data(), polled.size(), deadline_.patience()) < 0) return;
  if (deadline_.is_over()) end_at_once();
  if (polled[0].revents != 0) take_signal();
  if (polled[2].revents != 0) read_errors();
  output_.write(polled[3]);
  if (polled[1].revents == 0 || end_) return;
  end_ = detail::reap(srun_);
  read_errors();
  errors_.close();
  lines_.append(begun_);
  lines_.end();
}

// The line that task.sh writes on the head is for us; all others are for the user.
void SlurmRun::read_errors() {
  std::array<char, 65536> piece;
  for (ssize_t got = 0; (got = ::read(errors_.get(), piece.data(), piece.size())) != 0;) {
    if (got < 0) return;  // for now
    begun_.append(piece.data(), static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = begun_.find('\n')) != std::string::npos; begun_.erase(0, end + 1)) {
      const std::string line = begun_.substr(0, end + 1);
      if (line.starts_with(opening_)) {
        note(line.substr(opening_.size(), end - opening_.size()));
      } else {
        lines_.append(line);
      }
    }
  }
  errors_.close();
}

void SlurmRun::note(const std::string& mark) {
  const auto space = std::min(mark.find(' '), mark.size());
  const std::string rest = mark.substr(std::min(space + 1, mark.size()));
  if (mark.starts_with("step ")) step_ = rest;
  if (!mark.starts_with("ended ")) return;
  code_ = std::atoi(rest.c_str());
  detail::signal_child(feeder_, SIGKILL);  // the end of the input, for which the other tasks wait
  deadline_.set(parting_patience);
}

void SlurmRun::take_signal() {
  const auto taken = interrupts_.take();
  if (!taken || taken->signal == SIGCONT) return;
  const bool first = std::exchange(signal_, taken->signal) == 0;
  if (end_) return;
  if (!first || step_.empty() || code_) return end_at_once();
  deadline_.set(ending_patience);
  const std::string name = taken->signal == SIGINT ? "INT" : "TERM";
  const Descriptor scancel = start_program({"scancel", "--signal=" + name, step_}, {{-1, 0}}, Interrupt::passes_by);
  (void)detail::reap(scancel, ending_patience);
}

void SlurmRun::end_at_once() {
  deadline_.clear();
  detail::signal_child(srun_, SIGTERM);
}

int SlurmRun::leave() const {
  const int code = code_ ? *code_ : end_->signal != 0 ? 128 + end_->signal : end_->code;
  if (signal_ != 0 && (code == 128 + signal_ || !code_)) detail::raise_default(signal_);
  return code;
}

}  // namespace

int run_over_slurm(const SlurmOptions& options) { return SlurmRun{options}.to_the_end(); }

}  // namespace troupe::tools
