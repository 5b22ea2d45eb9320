// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/children.hpp>

#include <signal.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/watch.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {
constexpr auto last_words_time = std::chrono::milliseconds{2};  // what lies in the sockets when a process dies is read by then
constexpr int output_looks = 50;  // after each such time, for what it wrote last: a busy machine may take longer to read that
}  // namespace

/// Ends the session of a dead child once its last words were read.
class Children::EndTimer final : public Timer {
 public:
  EndTimer(NodeCore& node, std::shared_ptr<Session> session, ErrorInfo reason)
      : node_{node}, session_{std::move(session)}, reason_{std::make_shared<const ErrorInfo>(std::move(reason))} {}
  void fire() override {
    if (!keep->output_read.load(std::memory_order_acquire) && ++looks_ < output_looks) {
      node_.timers().schedule(*this, node_.clock().now() + last_words_time);
      return;
    }
    node_.drain_now();
    ErrorInfo how = *reason_;
    if (auto words = session_->last_words()) how.cause = std::move(words);
    if (keep->output_read.load(std::memory_order_acquire) && !keep->last_errors.empty()) how.output = keep->last_errors;
    auto reason = std::make_shared<const ErrorInfo>(std::move(how));
    const auto farewell = session_->farewell();
    node_.children().remember(*keep, farewell != nullptr ? *farewell : *reason);
    if (keep->process != nullptr) keep->process->last_words(reason);
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
  int looks_ = 0;
};

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

Children::Record::Record() = default;
Children::Record::~Record() = default;
std::shared_ptr<Session> Children::Record::met() const { return hello != nullptr && hello->said->settled() ? hello->session : nullptr; }

RelayEnd Children::end_of_output(const std::shared_ptr<Record>& record) {
  if (record->process == nullptr)
    return {[record](std::string last_errors) {
              record->last_errors = std::move(last_errors);
              record->output_read.store(true, std::memory_order_release);
            },
            [record] { record->written->fulfil(std::monostate{}); }};
  record->output_read.store(true);  // it has its own way to them
  return {[process = record->process](std::string last_errors) { process->output_read(std::move(last_errors)); },
          [record] {
            record->process->output_written();
            record->written->fulfil(std::monostate{});
          }};
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
    relay_->finish(static_cast<std::uint64_t>(record->pid), end_of_output(record));
    if (record->process != nullptr) record->process->exited(exit->code);
    node_.links().abandon_hello(id, std::make_shared<const ErrorInfo>(reason));
    auto session = record->met();
    if (session == nullptr) session = node_.links().find(id);
    if (session != nullptr) {
      record->end_timer = std::make_unique<EndTimer>(node_, std::move(session), std::move(reason));
      record->end_timer->keep = record;
      ending_.push_back(record);
      record->end_timer->ended = record->ended;
      record->end_timer->parent = std::move(record->parent);
      record->end_timer->cell = record->cell;
    } else {
      ended_.add(id, ending_of(reason));
      if (record->process != nullptr) record->process->last_words(std::make_shared<const ErrorInfo>(std::move(reason)));
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
    if (cell.id() == first_process_actor && record->id == cell.address().node) return signal_child(record->child.pidfd, signal);
  return false;
}

bool Children::signal(const ProcessState& process, int signal) {
  if (process.signal_elsewhere(signal)) return true;
  const std::lock_guard lock{mutex_};
  for (const auto& record : living_)
    if (record->process.get() == &process) return signal_child(record->child.pidfd, signal);
  return false;
}

std::vector<Children::Running> Children::running() const {
  std::vector<Running> all;
  for (const auto& process : elsewhere(Which::awaited)) all.push_back({process->name(), process->pid(), true, nullptr});
  const std::lock_guard lock{mutex_};
  for (const auto& record : living_) {
    const bool function = record->process != nullptr;
    if (record->owner != node_.id() || (function && record->process->daemon())) continue;
    all.push_back({record->name, record->pid, function, record->met()});
  }
  for (const auto& actor : actors_elsewhere_)
    if (!actor.session->ended()) all.push_back(actor);
  return all;
}

std::vector<ProcessInfo> Children::processes() const {
  const std::lock_guard lock{mutex_};
  std::vector<ProcessInfo> all;
  for (const auto& record : living_)
    if (record->process != nullptr) all.push_back({record->pid, record->name});
  return all;
}

bool Children::living(NodeId id) const {
  const auto is = [&](const auto& each) { return each->id == id; };
  const std::lock_guard lock{mutex_};
  return std::any_of(living_.begin(), living_.end(), is) || std::any_of(ending_.begin(), ending_.end(), is);
}

bool Children::leaves(NodeId id) const {
  const auto is = [&](const auto& each) { return each->id == id; };
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock{mutex_};
    if (ended_.find(id) || std::any_of(ending_.begin(), ending_.end(), is)) return true;
    const auto found = std::find_if(living_.begin(), living_.end(), is);
    if (found != living_.end()) session = (*found)->met();
  }
  return session != nullptr && session->farewell() != nullptr;
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

void Children::finish() {
  relay_ = nullptr;
  launcher_ = nullptr;
  const std::lock_guard lock{mutex_};
  for (const auto& record : living_)
    if (record->process != nullptr)
      record->process->give_up(std::make_shared<const ErrorInfo>(
          make_error(ErrorType::closed, "the node has ended, and " + record->name + " could not be ended", Executed::unknown)));
}

}  // namespace troupe::detail
