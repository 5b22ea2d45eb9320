// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/core.hpp>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iomanip>
#include <sstream>
#include <thread>
#include <utility>

#include <troupe/node/build_id.hpp>
#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/memory.hpp>
#include <troupe/node/runtime_directory.hpp>
#include <troupe/node/watch.hpp>
#include <troupe/wire/limits.hpp>
#include <troupe/wire/name.hpp>

namespace troupe::detail {

namespace {

constexpr auto leave_time = std::chrono::milliseconds{300};  // of a program that was interrupted, for its BYE to other hosts

std::string this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

/// What this thread has put off until its slice ends or it waits.
struct Unsent {
  struct Entry {
    std::shared_ptr<Session> session;
    bool surely;
  };
  std::vector<Entry> sessions;
  TimePoint last_flush{};  // between turns for messages from elsewhere
};

Unsent& unsent() {
  static thread_local Unsent of_thread;
  return of_thread;
}

}  // namespace

std::size_t usable_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return static_cast<std::size_t>(std::max(CPU_COUNT(&cores), 1));
}

std::string ipc_endpoint(NodeId id) {
  std::ostringstream path;
  path << "ipc://" << runtime_directory() << '/' << std::hex << std::setfill('0') << std::setw(16) << id.host << '-' << std::setw(16)
       << id.local << ".ipc";
  return path.str();
}

NodeCore::NodeCore(Node& node, NodeOptions options, NodeId id, std::uint64_t incarnation, std::unique_ptr<Surroundings> surroundings)
    : node_{&node},
      options_{std::move(options)},
      id_{id},
      incarnation_{incarnation},
      host_name_{options_.name.empty() ? this_host() : options_.name},
      process_name_{program_invocation_short_name},
      surroundings_{std::move(surroundings)},
      clock_{surroundings_->clock()},
      began_{clock_.now()},
      timers_{clock_, [this] { loop_->wake(); }},
      callbacks_{surroundings_->callback_waits()},
      transport_{surroundings_->make_transport()},
      loop_{surroundings_->make_loop(*this, timers_)},
      links_{*this},
      executor_{surroundings_->make_executor(options_, [this] { loop_->watch_turns(); })},
      children_{std::make_unique<Children>(*this)} {
  check_type_names();
  unsent().last_flush = {};  // of another clock, perhaps
  InboxOptions inbox_options;
  inbox_options.max_frame_bytes = largest_frame_bytes;
  inbox_options.insecure = options_.insecure;
  auto inbox = transport_->open_inbox(inbox_options);
  if (options_.child_transport == ChildTransport::tcp) {
    endpoints_.push_back(inbox->listen("tcp://127.0.0.1:*"));
  } else {
    endpoints_.push_back(inbox->listen(ipc_endpoint(id_)));
  }
  endpoint_.store(&endpoints_.back());
  if (!options_.keys.empty()) transport_->use_keys(options_.keys);
  if (!options_.listen.empty()) tcp_endpoint_ = inbox->listen(options_.listen);
  if (!options_.join.empty()) tcp_endpoint_ = inbox->listen(transport_->near_side(options_.join));
  (void)inbox->listen(inproc_endpoint());
  loop_->set_inbox(inbox->descriptor());
  links_.open(std::move(inbox));
}

NodeCore::~NodeCore() = default;

std::string NodeCore::inproc_endpoint() const {
  return "inproc://troupe-" + std::to_string(id_.local) + '-' + std::to_string(incarnation_);
}

void NodeCore::join(std::uint64_t job) {
  router_.be_host_node(job);
  endpoint_.store(&endpoints_.emplace_back(Way{job, endpoints_.front()}.text()), std::memory_order_release);
}

void NodeCore::join_as_process(std::uint64_t job, const Address& host_node, const std::string& host_node_endpoint) {
  router_.be_process(job, host_node, host_node_endpoint);
  endpoint_.store(&endpoints_.emplace_back(Way{job, endpoints_.front()}.text()), std::memory_order_release);
}

Hello NodeCore::hello(std::uint64_t last_received) const {
  Hello hello;
  hello.node = id_;
  hello.incarnation = incarnation_;
  hello.build_id = build_id();
  hello.endpoint = endpoint();
  hello.pid = ::getpid();
  hello.host = host_name_;
  hello.job = router_.job();
  hello.last_sequence_seen = last_received;
  return hello;
}

// --- Waiting and sending ----------------------------------------------------------------------------------------------------

BlockingScope::BlockingScope(NodeCore& node) : node_{node} { node_.executor().begin_blocking(); }
BlockingScope::~BlockingScope() { node_.executor().end_blocking(); }

bool NodeCore::wait(FutureState& state, TimePoint until) {
  flush_slice();
  if (state.settled()) return true;
  if (callbacks_.is_current()) return callbacks_.wait(state, until);
  const BlockingScope blocking{*this};
  return loop_->wait(state, until);
}

void NodeCore::flush_later(Session& session, Flush flush) {
  const bool surely = flush == Flush::surely;
  for (auto& entry : unsent().sessions)
    if (entry.session.get() == &session) {
      entry.surely = entry.surely || surely;
      return;
    }
  unsent().sessions.push_back({session.shared_from_this(), surely});
}

void NodeCore::flush_slice() {
  auto& sessions = unsent().sessions;
  if (sessions.empty()) return;
  for (auto& entry : std::exchange(sessions, {})) entry.surely ? entry.session->flush() : entry.session->flush_if_quiet();
}

// Answers must not wait for the end of a long slice.
void NodeCore::after_remote_turn() {
  constexpr Duration longest = std::chrono::microseconds{50};
  Unsent& mine = unsent();
  if (mine.sessions.empty()) return;
  const TimePoint now = clock_.now();
  if (now - mine.last_flush > longest) {
    mine.last_flush = now;
    flush_slice();
  }
}

void NodeCore::dead_letter(std::string_view message, const LocalCell& target) { dead_letter(message, target.end_error(), target.label()); }

void NodeCore::dead_letter(std::string_view message, const ErrorInfo& reason, std::string_view target) {
  dead_letters_.note(message, target, reason, clock_.now(), closing());
}

void NodeCore::report_failure(const LocalCell& cell, const ErrorInfo& error) {
  log(LogLevel::error, cell.label() + " failed: " + error.type_name + ": " + chain_text(error));
}

// --- For sessions -----------------------------------------------------------------------------------------------------------

void NodeCore::watch_link(std::shared_ptr<Session> session, int descriptor) {
  if (descriptor >= 0)
    loop_->watch(descriptor, [weak = std::weak_ptr{session}] {
      if (const auto alive = weak.lock()) alive->pump();
    });
  {
    const std::lock_guard lock{later_mutex_};
    fresh_links_.push_back(std::move(session));
  }
  loop_->wake();
}

void NodeCore::end_session_later(std::shared_ptr<Session> session, std::shared_ptr<const ErrorInfo> reason) {
  {
    const std::lock_guard lock{later_mutex_};
    ending_sessions_.emplace_back(std::move(session), std::move(reason));
  }
  loop_->wake();
}

void NodeCore::on_session_end(SessionEnd told) {
  auto shared = std::make_shared<const SessionEnd>(std::move(told));
  const std::lock_guard lock{later_mutex_};
  session_end_ = std::move(shared);
}

bool NodeCore::may_come_back(const Session& session) const { return session.between_hosts() || children_->living(session.peer()); }

void NodeCore::settle() {
  std::vector<std::pair<std::shared_ptr<Session>, std::shared_ptr<const ErrorInfo>>> ending;
  std::vector<std::shared_ptr<Session>> fresh;
  std::shared_ptr<const SessionEnd> told;
  {
    const std::lock_guard lock{later_mutex_};
    if (ending_sessions_.empty() && fresh_links_.empty()) return;
    told = session_end_;
    ending.swap(ending_sessions_);
    fresh.swap(fresh_links_);
  }
  for (const auto& session : fresh) session->pump();
  if (interrupted_.load()) return;
  for (auto& [session, reason] : ending) {
    session->end(reason);
    links_.forget(*session);
    router_.session_ended(*session, reason);
    if (told != nullptr) (*told)(*session, reason);
  }
}

void NodeCore::remove_endpoint() noexcept {
  segments_.remove_all();
  constexpr std::string_view scheme = "ipc://";
  const std::string direct = way_of(endpoint()).endpoint;
  if (!direct.starts_with(scheme)) return;
  const std::string path = direct.substr(scheme.size());
  ::unlink(path.c_str());
  ::unlink((path + ".lock").c_str());
}

void NodeCore::sweep() {
  if (options_.child_transport == ChildTransport::ipc) transport_->sweep(runtime_directory());
  sweep_segments();
}

bool NodeCore::look_for_stuck() { return executor_->look_for_stuck(); }

void NodeCore::tell_failure(const ErrorInfo& error) {
  for (const auto& session : links_.all()) {
    Encoded body{message_headroom};
    encode(body, error);
    (void)session->try_send({.kind = EnvelopeKind::ended}, body);
  }
}

// --- Life -------------------------------------------------------------------------------------------------------------------

void NodeCore::start() { loop_->start_thread(); }
void NodeCore::run_loop(const std::function<void()>& first) { loop_->run(first); }

void NodeCore::stop_actors(TimePoint until) {
  auto all_ended = Counted<TypedState<void>>::adopt(TypedState<void>::make(*this));
  {
    const std::lock_guard lock{actors_mutex_};
    if (first_root_ == nullptr) return;
    all_ended_ = all_ended;
  }
  for (const auto& root : roots()) root->stop();
  if (!loop_->wait(*all_ended, until)) log(LogLevel::warning, "actors still run at the end of the node, and are left behind");
}

void NodeCore::leave_hosts() {
  std::vector<Counted<TypedState<void>>> byes;
  for (const auto& session : links_.all())
    if (session->kind() == Session::Kind::between_hosts) byes.push_back(session->say_bye());
  const auto heard = [](const auto& bye) { return bye->settled(); };
  for (const TimePoint until = clock_.now() + leave_time; !std::all_of(byes.begin(), byes.end(), heard) && clock_.now() < until;) {
    drain_now();
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

void NodeCore::close(Processes processes) {
  processes == Processes::awaited ? children_->await_processes() : children_->end_processes();
  closing_.store(true);
  const TimePoint until = after(clock_.now(), options_.linger);
  stop_actors(until);
  children_->close(until);
  // Those that carry what others say are the last.
  for (const Session::Kind kind : {Session::Kind::routed, Session::Kind::direct, Session::Kind::between_hosts}) {
    std::vector<Counted<TypedState<void>>> byes;
    for (const auto& session : links_.all())
      if (session->kind() == kind) byes.push_back(session->say_bye());
    for (const auto& bye : byes) loop_->wait(*bye, until);
  }
  callbacks_.stop();
  executor_->stop();
  loop_->stop();
  signals = nullptr;  // they are the program's again
  router_.close();
  const auto closed = std::make_shared<const ErrorInfo>(make_error(ErrorType::closed, "the node has ended", Executed::unknown));
  for (const auto& session : links_.all()) {
    session->end(closed);
    links_.forget(*session);
  }
  pending_.fail_all(closed);
  seats_.end_all(ending_of(*closed));
  links_.close_inbox();
  children_->finish();
  segments_.remove_all();
  transport_.reset();
}

}  // namespace troupe::detail
