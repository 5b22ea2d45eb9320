// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/children.hpp>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/random.hpp>
#include <troupe/node/watch.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {
constexpr auto last_words_time = std::chrono::milliseconds{2};  // what lies in the sockets when a process dies is read by then
constexpr auto term_time = std::chrono::seconds{1};             // between SIGTERM and SIGKILL
constexpr std::uint64_t first_actor = 1;                        // the number of a process actor in its process
}  // namespace

/// Ends the session of a dead child once its last words were read.
class Children::EndTimer final : public Timer {
 public:
  EndTimer(NodeCore& node, std::shared_ptr<Session> session, ErrorInfo reason)
      : node_{node}, session_{std::move(session)}, reason_{std::make_shared<const ErrorInfo>(std::move(reason))} {}
  void fire() override {
    node_.drain_now();
    auto reason = reason_;
    if (auto words = session_->last_words()) {
      ErrorInfo with_cause = *reason_;
      with_cause.cause = std::move(words);
      reason = std::make_shared<const ErrorInfo>(std::move(with_cause));
    }
    const auto before = session_->end_reason();  // it said BYE
    node_.children().remember(*keep, before != nullptr ? *before : *reason);
    node_.end_session_later(session_, std::move(reason));
    const auto done = std::exchange(ended, {});
    if (const auto of = std::exchange(parent, {})) of->post_child_ended(std::exchange(cell, {}));
    if (done) done->fulfil(std::monostate{});
    keep = nullptr;  // the last thing: it holds us
  }

  std::shared_ptr<Record> keep;
  Counted<TypedState<void>> ended;
  Counted<LocalCell> parent;
  CellPointer cell;

 private:
  NodeCore& node_;
  const std::shared_ptr<Session> session_;
  const std::shared_ptr<const ErrorInfo> reason_;
};

CellPointer Children::spawn(EntryFunction entry, const Encoded& arguments, std::string name) {
  const CodeKey key = code_key(reinterpret_cast<const void*>(entry));
  auto record = std::make_shared<Record>();
  record->id = {node_.id().host, random_number()};
  record->name = name;
  ChildRole role;
  role.parent = node_.id();
  role.parent_incarnation = node_.incarnation();
  role.parent_endpoint = node_.way_to(node_.endpoint());
  role.id = record->id;
  role.incarnation = random_number();
  role.build = key.build;
  role.build_bytes = key.build_bytes;
  role.offset = key.offset;
  role.name = name;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(arguments.view().data());
  role.arguments.assign(bytes, bytes + arguments.size());
  role.transport = node_.options().child_transport;
  role.insecure = node_.options().insecure;
  role.threads = node_.options().threads;
  role.mailbox_messages = node_.options().mailbox_messages;
  role.outbox_messages = node_.options().outbox_messages;
  role.outbox_bytes = node_.options().outbox_bytes;
  role.max_message_bytes = node_.options().max_message_bytes;
  role.resend_bytes = node_.options().resend_bytes;
  role.linger = node_.options().linger.count();
  role.dead_after = node_.options().dead_after.count();
  role.shared_memory = node_.options().shared_memory;
  Encoded encoded;
  encode(encoded, role);

  ChildSpec spec;
  spec.executable = node_.options().executable;
  spec.arguments = arguments_;
  spec.role.assign(encoded.view().begin(), encoded.view().end());
  spec.name = name;
  {
    const std::lock_guard lock{launcher_mutex_};
    if (launcher_ == nullptr) launcher_ = std::make_unique<Launcher>();
    if (relay_ == nullptr) relay_ = std::make_unique<Relay>();
  }
  const auto hello = std::make_shared<AwaitedHello>();
  hello->said = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
  node_.links().await_hello(record->id, hello);
  try {
    record->child = launcher_->start(spec);
  } catch (const Error& error) {
    node_.links().abandon_hello(record->id, error.info());
    throw;
  }
  record->pid = record->child.pid;
  relay_->add(static_cast<std::uint64_t>(record->pid), std::move(record->child.out), std::move(record->child.err));
  record->ended = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
  {
    const std::lock_guard lock{mutex_};
    living_.push_back(record);
  }
  node_.loop().watch(record->child.pidfd.get(), [this, id = record->id] { on_exit(id); });

  const char* debugged = std::getenv("TROUPE_WAIT_CHILD");
  const Duration timeout = debugged != nullptr && name == debugged ? forever : node_.options().start_timeout;
  if (!node_.wait(*hello->said, after(node_.clock().now(), timeout))) {
    signal_child(record->child.pidfd, SIGKILL);
    raise(ErrorType::timeout,
          name + " (pid " + std::to_string(record->pid) + ") did not reach its Node line within start_timeout, and was ended");
  }
  (void)hello->said->take();
  // Its session may have ended by now, if its constructor threw: then asks are told why.
  CellPointer cell = node_.cell_through(hello->session, first_actor);
  LocalCell* parent = node_.current_cell();
  const std::lock_guard lock{mutex_};
  record->session = hello->session;
  record->cell = cell;
  if (parent != nullptr && std::find(living_.begin(), living_.end(), record) != living_.end()) {
    parent->add_child(cell);
    record->parent = Counted<LocalCell>{parent};
  }
  return cell;
}

ErrorInfo Children::describe_end(const Record& record, const ChildEnd& exit) const {
  std::string text = record.name + " (pid " + std::to_string(record.pid) + ") ";
  if (exit.signal != 0) {
    text += "was killed by signal " + std::to_string(exit.signal) + " (" + ::strsignal(exit.signal) + ')';
  } else {
    text += "exited with " + std::to_string(exit.code);
  }
  ErrorInfo info = make_error(ErrorType::actor_died, std::move(text), Executed::unknown);
  info.actor = record.name;
  if (exit.signal != 0) {
    info.signal = exit.signal;
  } else {
    info.exit_code = exit.code;
  }
  return info;
}

void Children::on_exit(NodeId id) {
  std::shared_ptr<Record> record;
  {
    const std::lock_guard lock{mutex_};
    const auto found = std::find_if(living_.begin(), living_.end(), [&](const auto& each) { return each->id == id; });
    if (found == living_.end()) return;
    record = *found;
    const auto exit = reap(record->child.pidfd);
    if (!exit) return;
    living_.erase(found);
    node_.loop().unwatch(record->child.pidfd.get());
    if (exit->code != 0) node_.sweep();  // it could not remove its socket itself
    ErrorInfo reason = describe_end(*record, *exit);
    reason.output = relay_->last_errors(static_cast<std::uint64_t>(record->pid));
    relay_->finish(static_cast<std::uint64_t>(record->pid));
    node_.links().abandon_hello(id, std::make_shared<const ErrorInfo>(reason));
    auto session = record->session != nullptr ? record->session : node_.links().find(id);
    if (session != nullptr) {
      record->end_timer = std::make_unique<EndTimer>(node_, std::move(session), std::move(reason));
      record->end_timer->keep = record;
      ending_.push_back(record);
      record->end_timer->ended = record->ended;
      record->end_timer->parent = std::move(record->parent);
      record->end_timer->cell = record->cell;
    } else {
      ended_.add(id, ending_of(reason));
    }
  }
  if (record->end_timer != nullptr) {
    node_.timers().schedule(*record->end_timer, node_.clock().now() + last_words_time);
  } else {
    record->ended->fulfil(std::monostate{});
  }
}

void Children::stop(Cell& cell) {
  Encoded nothing{message_headroom};
  (void)send_from_here(static_cast<RemoteCell&>(cell), {.kind = EnvelopeKind::stop, .target = cell.id()}, nothing, forever);
}

bool Children::kill(const Cell& cell) { return signal(cell, SIGKILL); }
bool Children::terminate(const Cell& cell) { return signal(cell, SIGTERM); }

bool Children::signal(const Cell& cell, int signal) {
  const std::lock_guard lock{mutex_};
  for (const auto& record : living_)
    if (cell.id() == first_actor && record->id == cell.address().node) return signal_child(record->child.pidfd, signal);
  return false;
}

bool Children::living(NodeId id) const {
  const auto is = [&](const auto& each) { return each->id == id; };
  const std::lock_guard lock{mutex_};
  return std::any_of(living_.begin(), living_.end(), is) || std::any_of(ending_.begin(), ending_.end(), is);
}

void Children::remember(const Record& record, const ErrorInfo& reason) {
  const std::lock_guard lock{mutex_};
  ended_.add(record.id, ending_of(reason));
  std::erase_if(ending_, [&](const auto& each) { return each.get() == &record; });
}

/// At the end of a process: then it is known.
class Children::Known final : public Continuation {
 public:
  Known(NodeId process, Watcher watcher) : process_{process}, watcher_{std::move(watcher)} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override { state.node().how_ended(process_, watcher_); }
  void call(FutureState&) override {}

 private:
  const NodeId process_;
  const Watcher watcher_;
};

bool Children::how_ended(NodeId id, const Watcher& watcher) {
  std::optional<Ending> known;
  Counted<TypedState<void>> ended;
  {
    const std::lock_guard lock{mutex_};
    known = ended_.find(id);
    for (const auto* list : {&living_, &ending_})
      for (const auto& record : *list)
        if (record->id == id) ended = record->ended;
  }
  if (known) {
    watcher.tell(*known);
  } else if (ended) {
    ended->attach(std::make_unique<Known>(id, watcher));
  }
  return known || ended;
}

bool Children::wait_for_all(TimePoint until) {
  for (;;) {
    Counted<TypedState<void>> ended;
    {
      const std::lock_guard lock{mutex_};
      if (living_.empty()) return true;
      ended = living_.front()->ended;
    }
    if (!node_.loop().wait(*ended, until)) return false;
  }
}

void Children::signal_all(int signal) {
  const std::lock_guard lock{mutex_};
  for (const auto& record : living_) signal_child(record->child.pidfd, signal);
}

void Children::kill_all() { signal_all(SIGKILL); }

void Children::end_all() {
  signal_all(SIGTERM);
  const std::lock_guard lock{mutex_};
  for (const auto& record : living_)
    if (!reap(record->child.pidfd, std::chrono::milliseconds{500})) {
      signal_child(record->child.pidfd, SIGKILL);
      (void)reap(record->child.pidfd, std::chrono::milliseconds{500});
    }
}

void Children::close(TimePoint until) {
  std::vector<CellPointer> cells;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& record : living_)
      if (record->cell) cells.push_back(record->cell);
  }
  for (const auto& cell : cells) stop(*cell);
  if (wait_for_all(until)) return;
  log(LogLevel::warning, "processes still run at the end of the node, and are ended");
  signal_all(SIGTERM);
  if (wait_for_all(node_.clock().now() + term_time)) return;
  signal_all(SIGKILL);
  wait_for_all(node_.clock().now() + term_time);
}

void Children::finish() {
  relay_ = nullptr;
  launcher_ = nullptr;
}

}  // namespace troupe::detail
