// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a supervisor gets from what is to what should be: one halt or start after the other.
#include <algorithm>
#include <utility>

#include <troupe/actor/supervisor_actor.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

// Does what can be done now; what it then waits for calls it again.
void SupervisorActor::step() {
  for (const auto& child : children_) look_at_deadline(*child);
  switch (mode_) {
    case Mode::running:
      std::erase_if(groups_, [this](Group& group) { return step_group(group); });
      if (groups_.empty() && std::exchange(report_started_, false))
        tell_above([id = above_->child](SupervisorActor& above) { above.child_started(id); });
      return;
    case Mode::halting:
      if (!halt_last(all())) return;
      mode_ = Mode::halted;
      tell_above([id = above_->child, why = std::exchange(why_, nullptr)](SupervisorActor& above) {
        above.child_vacant(id, why == nullptr ? Exit::normal : Exit::failed, why);
      });
      return;
    case Mode::ending:
      if (!end_last()) return;
      mode_ = Mode::ended;
      troupe_cell().begin_end(why_ == nullptr ? EndReason::normal : EndReason::failed);
      return;
    case Mode::halted:
    case Mode::ended:
      return;
  }
}

// @returns true: its members are up again
bool SupervisorActor::step_group(Group& group) {
  if (!group.starting) {
    if (!halt_last(group.members)) return false;
    if (now() < group.not_before) {
      look_at(group.not_before);
      return false;
    }
    group.starting = true;
  }
  for (const std::uint64_t id : group.members) {
    Child* child = find(id);
    if (child == nullptr) continue;
    if (child->state == State::vacant) start(*child);
    if (child->state != State::up) return false;
  }
  return true;
}

bool SupervisorActor::halt_last(const std::vector<std::uint64_t>& members) {
  for (auto id = members.rbegin(); id != members.rend(); ++id) {
    Child* child = find(*id);
    if (child == nullptr || child->state == State::vacant) continue;
    const bool stands = child->state == State::up || child->state == State::starting;
    if (stands && child->spec->options.restart == Restart::temporary) {
      end(*child);
    } else if (stands) {
      halt(*child);
    }
    return false;
  }
  return true;
}

bool SupervisorActor::end_last() {
  if (children_.empty()) return true;
  Child& last = *children_.back();
  if (last.state != State::ending) end(last);
  return false;
}

void SupervisorActor::halt_all(std::shared_ptr<const ErrorInfo> why) {
  if (mode_ != Mode::running) return;  // it reports when it has halted
  mode_ = Mode::halting;
  groups_.clear();
  report_started_ = false;
  why_ = std::move(why);
  step();
}

void SupervisorActor::restart_all() {
  if (mode_ != Mode::halted) return;
  mode_ = Mode::running;
  recent_.clear();
  for (const auto& child : children_) child->recent.clear();
  groups_.push_back({all(), now(), false});
  report_started_ = true;
  step();
}

// Children end first, one by one.
bool SupervisorActor::defer_end(const std::shared_ptr<const ErrorInfo>& why) {
  if (mode_ == Mode::ended) return false;
  if (mode_ == Mode::ending) return true;
  mode_ = Mode::ending;
  groups_.clear();
  if (why != nullptr) why_ = why;
  post_to_supervisor(troupe_cell(), [](SupervisorActor& self) { self.step(); });
  return true;
}

void SupervisorActor::tell_above(std::function<void(SupervisorActor&)> work) const { post_to_supervisor(*above_->cell, std::move(work)); }

void SupervisorActor::look_at(TimePoint when) { send_after(when - now(), Look{}); }

}  // namespace troupe::detail
