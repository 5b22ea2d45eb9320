// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <troupe/node/random.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/wire/error.hpp>

#include "tools/run/addresses.hpp"
#include "tools/run/deadline.hpp"
#include "tools/run/host_session.hpp"
#include "tools/run/interrupts.hpp"
#include "tools/run/program_file.hpp"
#include "transports/keys.hpp"

namespace troupe::tools {

namespace {

using std::chrono_literals::operator""s;

// How long the program may take to end after it was told to. More than a troupe program's own linger, 5 s.
constexpr auto ending_patience = 10s;
// How long the others may take once the head has ended, of which they learn at once.
constexpr auto parting_patience = 5s;
// How long a host may take to end its program by force. More than the 8 s of host.sh.
constexpr auto clearing_patience = 10s;
// How long what was printed may take to be written, once all is over and a signal has come.
constexpr auto writing_patience = 1s;

// Shells say with these that a program could not be executed; a host that serves has no such code of its own.
constexpr int cannot_execute = 126;
constexpr int not_found = 127;

class Run {
 public:
  explicit Run(const RunOptions& options) : options_{options} {}

  int to_the_end();

 private:
  // All hosts are there before the program starts anywhere. At each step what has not ended yet is told more plainly to.
  enum class Phase { connecting, running, parting, clearing, killing };

  void start();
  void turn();
  [[nodiscard]] bool reads_input();
  void forward_input();
  void take_signal();
  void look();
  void begin();
  void notice(HostSession& host);
  void fail(const std::string& why);
  void enter(Phase phase);
  void say(const std::string& line) { own_.append(line + '\n'); }
  [[nodiscard]] bool over() const;
  void write_the_rest();
  [[nodiscard]] int leave() const;
  HostSession& head() { return *sessions_.front(); }

  const RunOptions& options_;
  Interrupts interrupts_;
  Output output_{STDERR_FILENO};
  Output::Stream& own_ = output_.open("troupe: ");
  std::vector<std::unique_ptr<HostSession>> sessions_;
  std::vector<HostSession*> parted_;  // of which was said that they ended early
  Phase phase_ = Phase::connecting;
  Deadline deadline_;  // of the phase
  bool input_ended_ = false;
  bool failed_ = false;
  int signal_ = 0;
};

int Run::to_the_end() {
  start();
  while (!over()) {
    turn();
    look();
  }
  write_the_rest();
  return leave();
}

void Run::start() {
  const ProgramFile program = find_program(options_.words.front());
  const auto key = std::make_shared<const std::string>(detail::new_key());
  const auto content = std::make_shared<const std::string>(options_.copy ? program.content() : "");
  HostTask task;
  task.program = program.path;
  task.words = options_.words;
  task.folder = std::filesystem::current_path();
  task.key_bytes = key->size();
  const std::string checksum = options_.copy ? "" : program.checksum();
  for (const HostEntry& host : options_.hosts) {
    const auto part = sessions_.empty() ? HostSession::Part::head : HostSession::Part::member;
    HostSession& session = *sessions_.emplace_back(std::make_unique<HostSession>(host, part, output_));
    task.nonce = std::to_string(detail::random_number());
    task.name = host.name;
    task.slots = host.slots;
    task.labels = host.labels;
    task.input = session.input();
    task.checksum = host.local ? "" : checksum;
    task.program_bytes = host.local ? 0 : content->size();
    session.start(task, options_.ssh);
    session.send(key);
    if (!host.local) session.send(content);
  }
}

void Run::turn() {
  std::vector<pollfd> polled{{interrupts_.descriptor(), POLLIN, 0}, output_.wanted()};
  polled.push_back({reads_input() ? STDIN_FILENO : -1, POLLIN, 0});
  for (const auto& session : sessions_)
    for (const pollfd& each : session->wanted()) polled.push_back(each);
  if (::poll(polled.data(), polled.size(), deadline_.patience()) < 0) return;
  if (polled[0].revents != 0) take_signal();
  output_.write(polled[1]);
  if (polled[2].revents != 0) forward_input();
  auto next = polled.begin() + 3;
  for (const auto& session : sessions_) {
    HostSession::Polled its;
    std::copy_n(next, its.size(), its.begin());
    session->serve(its);
    next += its.size();
  }
}

bool Run::reads_input() {
  if (phase_ != Phase::running || head().input() != Input::sent || input_ended_ || !head().wants_input()) return false;
  return ::isatty(STDIN_FILENO) == 0 || ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();  // in the background it would stop us
}

void Run::forward_input() {
  std::array<char, 16 << 10> piece;
  const auto got = ::read(STDIN_FILENO, piece.data(), piece.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  input_ended_ = got <= 0;
  head().send_input({piece.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
}

void Run::take_signal() {
  const auto taken = interrupts_.take();
  if (!taken) return;
  if (taken->signal == SIGCONT) return;  // looked up whether the terminal is ours
  const bool first = std::exchange(signal_, taken->signal) == 0;
  if (phase_ != Phase::running || !first) return enter(phase_ < Phase::clearing ? Phase::clearing : Phase::killing);
  deadline_.set(ending_patience);
  const bool has_it = head().host().local && taken->by_terminal;
  if (!has_it) head().send(taken->signal == SIGINT ? "signal INT\n" : "signal TERM\n");
}

void Run::look() {
  if (deadline_.is_over()) enter(phase_ < Phase::clearing ? Phase::clearing : Phase::killing);
  for (const auto& session : sessions_) notice(*session);
  if (phase_ == Phase::connecting && std::all_of(sessions_.begin(), sessions_.end(), [](const auto& each) { return each->ready(); }))
    begin();
  if (phase_ == Phase::running && head().ended()) enter(Phase::parting);
}

void Run::notice(HostSession& session) {
  const std::string& name = session.host().name;
  if (session.ended()) session.close();
  if (phase_ > Phase::running) return;
  if (session.refused()) return fail(name + ": " + *session.refused());
  if (session.gone() && !session.ready()) {
    const std::string how = "; see what `" + options_.ssh + ' ' + session.host().destination + " true` says";
    return fail(name + (session.host().local ? ": its shell ended at once" : " cannot be reached" + how));
  }
  const int code = session.ended().value_or(0);
  const bool lost = session.ended() ? code != 0 : session.gone().has_value();
  if (session.is_head() && lost && !session.ended()) return fail("the connection to the head, " + name + ", is broken");
  if (!lost || session.is_head() || std::count(parted_.begin(), parted_.end(), &session) != 0) return;
  if (code == cannot_execute || code == not_found) return fail(name + ": the program cannot be executed there");
  parted_.push_back(&session);
  say(name + (session.ended() ? " has ended before the head, with exit code " + std::to_string(code) : ": the connection is broken") +
      "; the others go on");
}

void Run::begin() {
  std::vector<HostWay> ways;
  for (const auto& session : sessions_) {
    const HostEntry& host = session->host();
    HostWay& way = ways.emplace_back(HostWay{host.name, host.local, {}, {}});
    if (!host.local) std::tie(way.launcher_address, way.host_address) = ends_of_ssh(*session->ready());
  }
  const std::uint16_t port = options_.port != 0 ? options_.port : static_cast<std::uint16_t>(20000 + detail::random_number() % 10000);
  std::vector<std::string> endpoints;
  try {
    endpoints = choose_endpoints(ways, options_.address, port);
  } catch (const Error& error) {
    return fail(error.what());
  }
  for (std::size_t i = 0; i < sessions_.size(); ++i)
    sessions_[i]->send((i == 0 ? "go TROUPE_LISTEN " : "go TROUPE_JOIN ") + endpoints[i] + '\n');
  phase_ = Phase::running;
}

void Run::fail(const std::string& why) {
  failed_ = true;
  say(why);
  enter(Phase::clearing);
}

void Run::enter(Phase phase) {
  phase_ = phase;
  switch (phase) {
    case Phase::connecting:
    case Phase::running:
      break;
    case Phase::parting:
      deadline_.set(parting_patience);
      break;
    case Phase::clearing:
      for (const auto& session : sessions_) session->close();
      for (const auto& session : sessions_)  // an ssh that asks for a password does not notice
        if (!session->ready() && !session->host().local) session->signal(SIGTERM);
      deadline_.set(clearing_patience);
      break;
    case Phase::killing:  // but not a head's ssh that brings what its program has printed, to someone who reads slowly
      for (const auto& session : sessions_)
        if (!session->gone() && (!session->is_head() || !session->ended() || signal_ != 0)) session->signal(SIGKILL);
      deadline_.clear();
      break;
  }
}

bool Run::over() const {
  return std::all_of(sessions_.begin(), sessions_.end(), [](const auto& session) { return session->gone(); });
}

void Run::write_the_rest() {
  own_.end();
  Deadline until;
  while (output_.pending() && !until.is_over()) {
    if (signal_ != 0 && !until.is_set()) until.set(writing_patience);
    std::array<pollfd, 2> polled{output_.wanted(), {interrupts_.descriptor(), POLLIN, 0}};
    ::poll(polled.data(), polled.size(), until.patience());
    output_.write(polled[0]);
    if (polled[1].revents != 0) take_signal();
  }
}

int Run::leave() const {
  const int code = failed_ ? run_failed : sessions_.front()->ended().value_or(run_failed);
  if (signal_ != 0 && (code == 128 + signal_ || code == run_failed)) detail::raise_default(signal_);
  return code;
}

}  // namespace

int run_over_hosts(const RunOptions& options) {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(standard, F_GETFD) < 0) [[maybe_unused]]
      const int opened = ::open("/dev/null", O_RDWR);
  return Run{options}.to_the_end();
}

}  // namespace troupe::tools
