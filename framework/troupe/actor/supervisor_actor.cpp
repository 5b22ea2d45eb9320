// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/supervisor_actor.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <troupe/node/children.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

class SupervisorJob final : public Job {
 public:
  explicit SupervisorJob(std::function<void(SupervisorActor&)> work) : work_{std::move(work)} {}
  void run(LocalCell& cell) override {
    if (!cell.ending()) work_(*static_cast<SupervisorActor*>(cell.actor()));  // else it was killed, or has nobody left
  }

 private:
  const std::function<void(SupervisorActor&)> work_;
};

/// What the cell of a child in this process knows of us.
class ChildSupervision final : public Supervision {
 public:
  ChildSupervision(LocalCell& supervisor, std::uint64_t id, std::shared_ptr<const ChildRecipe> spec)
      : supervisor_{supervisor}, id_{id}, spec_{std::move(spec)} {}
  void* construct() override { return spec_->construct(); }
  void started() override {
    post_to_supervisor(supervisor_, [id = id_](SupervisorActor& supervisor) { supervisor.child_started(id); });
  }
  bool vacant(EndReason reason, const std::shared_ptr<const ErrorInfo>& error) override {
    const Exit exit = reason == EndReason::normal ? Exit::normal : reason == EndReason::failed ? Exit::failed : Exit::killed;
    return post_to_supervisor(supervisor_,
                              [id = id_, exit, error](SupervisorActor& supervisor) { supervisor.child_vacant(id, exit, error); });
  }

 private:
  LocalCell& supervisor_;  // the parent: outlives its children
  const std::uint64_t id_;
  const std::shared_ptr<const ChildRecipe> spec_;
};

constexpr auto term_time = std::chrono::seconds{1};  // between SIGTERM and SIGKILL

std::string in_seconds(Duration duration) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + " s" : std::to_string(milliseconds) + " ms";
}

}  // namespace

bool post_to_supervisor(LocalCell& cell, std::function<void(SupervisorActor&)> work) {
  return cell.post(std::make_unique<SupervisorJob>(std::move(work)));
}

SupervisorActor::SupervisorActor(const SupervisorOptions& options, std::shared_ptr<std::atomic<std::uint64_t>> restarts,
                                 std::optional<SupervisorAbove> above)
    : options_{options}, restarts_{std::move(restarts)}, above_{std::move(above)} {
  troupe_cell().before_end() = [this](const std::shared_ptr<const ErrorInfo>& why) { return defer_end(why); };
}

// It has children left only if it was killed: they end as those of every actor do, and nobody will sit in their seats.
SupervisorActor::~SupervisorActor() {
  if (why_ == nullptr) why_ = std::make_shared<const ErrorInfo>(troupe_cell().end_error());
  for (const auto& child : children_)
    if (child->is_process()) child->seat().end(last_word(*child));
}

// --- Children -------------------------------------------------------------------------------------------------------------

CellPointer SupervisorActor::begin_child(std::shared_ptr<const ChildRecipe> spec) {
  if (mode_ != Mode::running || troupe_cell().ending())
    raise(ErrorType::closed, "the supervisor is ending or being restarted: nothing was started");
  auto child = std::make_unique<Child>();
  child->id = next_child_++;
  child->spec = std::move(spec);
  NodeCore& node = troupe_cell().node();
  if (child->is_process()) {
    const auto seat = node.seats().make(child->spec->name);
    child->cell = CellPointer{seat.get()};
    begin_process(*child);
  } else if (child->is_supervisor()) {
    const SupervisorAbove above{Counted<LocalCell>{&troupe_cell()}, child->id};
    child->cell = Actor::spawn<SupervisorActor>(*child->spec->nested, child->spec->restarts, above).pointer();
    watch_over(child->cell);
  } else {
    child->cell =
        spawn_supervised(node, *child->spec->behaviour, std::make_unique<ChildSupervision>(troupe_cell(), child->id, child->spec));
    watch_over(child->cell);
  }
  children_.push_back(std::move(child));
  return children_.back()->cell;
}

void SupervisorActor::watch_over(const CellPointer& cell) {
  troupe_cell().start_watch(cell, [](LocalCell& supervisor, const Cell& target, const Ending& ending) {
    static_cast<SupervisorActor*>(supervisor.actor())->child_ended(target.address(), ending);
  });
}

void SupervisorActor::begin_process(Child& child) {
  child.process = spawn_process(troupe_cell().node(), child.spec->place, child.spec->entry, child.spec->arguments, child.spec->name);
  watch_over(child.process);
  child.seat().move(child.process);
}

void SupervisorActor::end_child(const Address& address) {
  for (const auto& child : children_)
    if (child->cell->address() == address && child->state != State::ending) {
      end(*child);
      return;
    }
}

void SupervisorActor::start(Child& child) {
  child.state = State::starting;
  if (child.is_supervisor()) {
    post_to_supervisor(child.local(), [](SupervisorActor& nested) { nested.restart_all(); });
    return;
  }
  if (!child.is_process()) {
    child.local().restart();
    return;
  }
  try {
    begin_process(child);
    child.state = State::up;
  } catch (...) {
    const auto failure = describe(std::current_exception());
    log(LogLevel::error, child.seat().label() + " could not be started again: " + chain_text(*failure));
    post_to_supervisor(troupe_cell(), [id = child.id, failure](SupervisorActor& self) { self.child_vacant(id, Exit::failed, failure); });
  }
}

void SupervisorActor::halt(Child& child) {
  child.state = State::halting;
  if (child.is_supervisor()) {
    post_to_supervisor(child.local(), [](SupervisorActor& nested) { nested.halt_all(nullptr); });
    return;
  }
  if (!child.is_process()) {
    child.local().halt();
  } else if (child.process) {
    troupe_cell().node().stop(*child.process);
  }
  await_end(child);
}

void SupervisorActor::end(Child& child) {
  child.state = State::ending;
  if (child.is_supervisor()) {
    child.local().end(why_);
    return;
  }
  if (!child.is_process()) {
    child.local().end(why_);
  } else if (child.process) {
    troupe_cell().node().stop(*child.process);
  } else {  // nobody sits there
    post_to_supervisor(troupe_cell(),
                       [address = child.cell->address(), last = child.last](SupervisorActor& self) { self.child_ended(address, last); });
  }
  await_end(child);
}

void SupervisorActor::await_end(Child& child) {
  child.urged = 0;
  look_at(child.deadline = after(now(), child.spec->options.stop_timeout));
}

void SupervisorActor::look_at_deadline(Child& child) {
  if ((child.state != State::halting && child.state != State::ending) || now() < child.deadline) return;
  child.deadline = TimePoint::max();
  ++child.urged;
  if (!child.is_process()) {
    log(LogLevel::warning, child.local().label() + " did not end within its stop_timeout, and is killed after its turn");
    child.local().kill();
    return;
  }
  if (!child.process) return;
  Children& processes = troupe_cell().node().children();
  if (child.urged > 1) {
    if (!processes.kill(*child.process)) kill_actor(*child.process);  // it is on another host, or has ended
    return;
  }
  log(LogLevel::warning, child.seat().label() + " did not end within its stop_timeout, and gets SIGTERM");
  (void)processes.terminate(*child.process);
  look_at(child.deadline = after(now(), term_time));
}

// --- What children say ----------------------------------------------------------------------------------------------------

void SupervisorActor::child_started(std::uint64_t id) {
  Child* child = find(id);
  if (child == nullptr || child->state != State::starting) return;
  child->state = State::up;
  step();
}

void SupervisorActor::child_vacant(std::uint64_t id, Exit reason, const std::shared_ptr<const ErrorInfo>& error) {
  Child* child = find(id);
  if (child == nullptr || child->state == State::ending) return;
  const bool expected = child->state == State::halting;
  child->state = State::vacant;
  child->deadline = TimePoint::max();
  if (mode_ == Mode::running && !expected) recover(*child, reason, error);
  step();
}

// Of a cell or a seat: for good. Of a process: who sits there next is ours to say.
void SupervisorActor::child_ended(const Address& address, const Ending& ending) {
  const auto found = std::find_if(children_.begin(), children_.end(), [&](const auto& each) {
    return each->cell->address() == address || (each->process && each->process->address() == address);
  });
  if (found == children_.end()) return;
  Child& ended = **found;
  if (ended.is_process()) {
    ended.process = {};
    ended.last = ending;
    ended.seat().move({});
    if (ended.state != State::ending) {
      child_vacant(ended.id, ending.reason, std::make_shared<const ErrorInfo>(ending.error));
      return;
    }
    ended.seat().end(last_word(ended));
  }
  const std::unique_ptr<Child> child = std::move(*found);
  children_.erase(found);
  for (Group& group : groups_) std::erase(group.members, child->id);
  if (child->state != State::ending && mode_ != Mode::ending) give_up(std::make_shared<const ErrorInfo>(ending.error));  // it was killed
  step();
}

// How a process child ended, to those who watch and ask: as itself, unless the supervisor gave up.
Ending SupervisorActor::last_word(const Child& child) const {
  if (why_ == nullptr) return child.last;
  ErrorInfo error = make_error(ErrorType::actor_died, child.seat().label() + " is not restarted");
  error.actor = child.seat().label();
  error.cause = why_;
  return {Exit::failed, std::move(error)};
}

void SupervisorActor::recover(Child& child, Exit reason, const std::shared_ptr<const ErrorInfo>& error) {
  const Restart restart = child.spec->options.restart;
  if (restart == Restart::temporary || (restart == Restart::transient && reason == Exit::normal)) {
    end(child);
    return;
  }
  const TimePoint present = now();
  const auto forget_old = [&](std::deque<TimePoint>& restarts) {
    while (!restarts.empty() && present - restarts.front() >= options_.within) restarts.pop_front();
  };
  forget_old(recent_);
  forget_old(child.recent);
  if (recent_.size() >= options_.max_restarts) {
    give_up(error);
    return;
  }
  recent_.push_back(present);
  child.recent.push_back(present);
  restarts_->fetch_add(1);
  Group group{affected_by(child), after(present, pause_for(child)), false};
  // Groups that overlap are one.
  for (const Group& other : groups_) {
    const bool overlaps = std::any_of(other.members.begin(), other.members.end(), [&](std::uint64_t id) {
      return std::find(group.members.begin(), group.members.end(), id) != group.members.end();
    });
    if (!overlaps) continue;
    group.members.insert(group.members.end(), other.members.begin(), other.members.end());
    group.not_before = std::max(group.not_before, other.not_before);
  }
  std::sort(group.members.begin(), group.members.end());
  group.members.erase(std::unique(group.members.begin(), group.members.end()), group.members.end());
  std::erase_if(groups_, [&](const Group& other) {
    return other.members.empty() || std::find(group.members.begin(), group.members.end(), other.members.front()) != group.members.end();
  });
  groups_.push_back(std::move(group));
}

Duration SupervisorActor::pause_for(const Child& child) const {
  Duration pause = options_.backoff;
  for (std::size_t i = 1; i < child.recent.size() && pause < options_.max_backoff; ++i) pause *= 2;
  pause = std::min(pause, options_.max_backoff);
  const auto half = static_cast<std::uint64_t>(pause.count() / 2);
  return half == 0 ? pause : pause - Duration{static_cast<Duration::rep>(troupe_cell().node().random_number() % half)};
}

std::vector<std::uint64_t> SupervisorActor::affected_by(const Child& child) const {
  if (options_.strategy == Strategy::one_for_one) return {child.id};
  std::vector<std::uint64_t> affected = all();
  if (options_.strategy == Strategy::rest_for_one) std::erase_if(affected, [&](std::uint64_t id) { return id < child.id; });
  return affected;
}

void SupervisorActor::give_up(const std::shared_ptr<const ErrorInfo>& error) {
  ErrorInfo info = make_error(ErrorType::actor_died, "the supervisor gave up: more than " + std::to_string(options_.max_restarts) +
                                                         " restarts within " + in_seconds(options_.within));
  info.cause = error;
  const auto why = std::make_shared<const ErrorInfo>(std::move(info));
  if (above_) {
    halt_all(why);
  } else {
    why_ = why;
    troupe_cell().fail(why);
  }
}

SupervisorActor::Child* SupervisorActor::find(std::uint64_t id) {
  const auto found = std::find_if(children_.begin(), children_.end(), [&](const auto& each) { return each->id == id; });
  return found == children_.end() ? nullptr : found->get();
}

std::vector<std::uint64_t> SupervisorActor::all() const {
  std::vector<std::uint64_t> ids;
  ids.reserve(children_.size());
  for (const auto& child : children_) ids.push_back(child->id);
  return ids;
}

TimePoint SupervisorActor::now() const { return troupe_cell().node().clock().now(); }

}  // namespace troupe::detail
