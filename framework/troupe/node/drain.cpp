// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/drain.hpp>

#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include <troupe/node/cell_extras.hpp>
#include <troupe/node/children.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/session.hpp>
#include <troupe/wire/archive.hpp>

namespace troupe::detail {

namespace {

constexpr Duration first_patience = std::chrono::milliseconds{50};  // of a look; then twice as much
constexpr Duration first_pause = std::chrono::milliseconds{1};      // between two looks; the same
constexpr Duration longest_pause = std::chrono::milliseconds{50};

std::string counted(std::size_t number, const char* one, const char* many) {
  return std::to_string(number) + ' ' + (number == 1 ? one : many);
}

std::string milliseconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

void add(std::string& reasons, const std::string& reason) { reasons += (reasons.empty() ? "" : ", ") + reason; }

}  // namespace

LocalCell::Burden LocalCell::burden() const {
  Burden burden;
  burden.handled = turns_.load(std::memory_order_relaxed) / 4;
  burden.awaited = callbacks.load();
  const Extras* mine = extras_if_any();
  if (mine == nullptr) return burden;
  for (const auto& [key, attachment] : mine->attachments)
    if (attachment->under_way()) ++burden.awaited;
  burden.outbox = mine->outbox.size();
  for (const MailNode* held = mine->first_held; held != nullptr; held = held->next) ++burden.held;
  burden.children = children();
  return burden;
}

// --- A look ---------------------------------------------------------------------------------------------------------------

/// Lifetime: held by its jobs and its timer.
class Drain::Look final : public Timer, public std::enable_shared_from_this<Look> {
 public:
  Look(NodeCore& node, std::shared_ptr<Seen> seen, Counted<TypedState<Findings>> answer)
      : node_{node}, seen_{std::move(seen)}, answer_{std::move(answer)} {}

  void begin(Duration patience) {
    keep_ = shared_from_this();
    node_.timers().schedule(*this, after(node_.clock().now(), patience));
    for (const auto& root : node_.roots()) look_at(root);
    for (const auto& child : node_.children().running()) look_at(child, patience - patience / 8);
    node_.flush_slice();
    answered();
  }

  /// In a turn of `cell`.
  void found(LocalCell& cell) {
    const LocalCell::Burden burden = cell.burden();
    for (const auto& child : burden.children) look_at(child);
    std::string why;
    if (burden.outbox != 0) add(why, counted(burden.outbox, "message", "messages") + " in its outbox");
    if (burden.awaited != 0) add(why, "awaits " + counted(burden.awaited, "answer", "answers"));
    if (burden.held != 0) add(why, counted(burden.held, "message waits", "messages wait") + " until it is made anew");
    const bool moved = has_moved(cell.id(), burden.handled);
    {
      const std::lock_guard lock{mutex_};
      looked_at_.emplace_back(&cell);
      if (!why.empty()) note(cell.label(), std::move(why));
      findings_.moved = findings_.moved || moved;
    }
    answered(cell);
  }
  /// It has ended, or is about to.
  void gone(const LocalCell& cell) {
    {
      const std::lock_guard lock{mutex_};
      findings_.moved = true;
    }
    answered(cell);
  }
  void fire() override {
    const auto keep = std::exchange(keep_, nullptr);
    finish();
  }

 private:
  /// At an ask to a child.
  class Child final : public Continuation {
   public:
    Child(std::shared_ptr<Look> look, std::string name) : look_{std::move(look)}, name_{std::move(name)} {}
    void settled(std::unique_ptr<Continuation>, FutureState& state) override {
      look_->found(name_, static_cast<TypedState<Findings>&>(state).result());
    }
    void call(FutureState&) override {}

   private:
    const std::shared_ptr<Look> look_;
    const std::string name_;
  };

  void look_at(const Counted<LocalCell>& cell);
  void look_at(const Children::Running& child, Duration patience) {
    if (child.function || child.session == nullptr) {
      const std::lock_guard lock{mutex_};
      findings_.busy.push_back({child.name, child.pid, child.function ? "runs its function" : "is being started"});
      return;
    }
    {
      const std::lock_guard lock{mutex_};
      ++awaited_;
      silent_.push_back({child.name, child.pid, "does not answer"});
    }
    const auto state = Counted<TypedState<Findings>>::adopt(TypedState<Findings>::make(node_));
    state->attach(std::make_unique<Child>(shared_from_this(), child.name));
    const std::uint64_t ask = node_.pending().add(*state, *child.session);
    Encoded nothing{message_headroom};
    const Letter letter{.kind = EnvelopeKind::drain, .ask = ask, .deadline = after(node_.clock().now(), patience)};
    if (child.session->try_send(letter, nothing) != Session::Sent::accepted)
      state->fail(make_error(ErrorType::closed, child.name + " has ended"));
  }
  void found(const std::string& child, const Result<Findings>& result) {
    {
      const std::lock_guard lock{mutex_};
      std::erase_if(silent_, [&](const StillBusy& each) { return each.who == child; });
      findings_.moved = findings_.moved || !result || result->moved;
      if (result) findings_.busy.insert(findings_.busy.end(), result->busy.begin(), result->busy.end());
    }
    answered();
  }

  void answered(const LocalCell& cell) {
    {
      const std::lock_guard lock{mutex_};
      waiting_.erase(cell.id());
    }
    answered();
  }
  void answered() {
    {
      const std::lock_guard lock{mutex_};
      if (--awaited_ != 0) return;
    }
    if (node_.timers().cancel(*this)) {
      const auto keep = std::exchange(keep_, nullptr);
      finish();
    }
  }

  bool has_moved(std::uint64_t actor, std::uint64_t handled) {
    const std::lock_guard lock{seen_->mutex};
    const auto [known, fresh] = seen_->handled.try_emplace(actor, handled);
    return std::exchange(known->second, handled) != handled || fresh;
  }

  // Under the mutex.
  void note(std::string who, std::string why) { findings_.busy.push_back({std::move(who), ::getpid(), std::move(why)}); }

  // What is on its way is looked at behind those who could have sent it.
  void finish() {
    std::unique_lock lock{mutex_};
    for (const auto& [id, cell] : waiting_) {
      std::string why;
      const Duration in_turn = node_.draining().in_turn_for(*cell);
      if (in_turn >= Duration::zero()) add(why, "in a handler for " + milliseconds(in_turn));
      const std::size_t messages = cell->waiting_messages();
      if (messages != 0 || why.empty()) add(why, "in the mailbox: " + counted(messages, "message", "messages"));
      note(cell->label(), std::move(why));
    }
    findings_.busy.insert(findings_.busy.end(), silent_.begin(), silent_.end());
    for (const auto& [who, why] : node_.seats().burdens()) note(who, why);
    for (const auto& session : node_.links().all())
      if (std::string why = session->unsent(); !why.empty()) note(session->endpoint(), std::move(why));
    for (const auto& cell : looked_at_) findings_.moved = findings_.moved || cell->waiting_messages() != 0;
    Findings all = std::move(findings_);
    lock.unlock();
    answer_->fulfil(std::move(all));
  }

  NodeCore& node_;
  const std::shared_ptr<Seen> seen_;
  const Counted<TypedState<Findings>> answer_;
  std::shared_ptr<Look> keep_;  // while its timer is scheduled
  std::mutex mutex_;
  std::size_t awaited_ = 1;
  Findings findings_;
  std::vector<Counted<LocalCell>> looked_at_;
  std::unordered_map<std::uint64_t, Counted<LocalCell>> waiting_;
  std::vector<StillBusy> silent_;
};

class Drain::LookJob final : public Job {
 public:
  LookJob(std::shared_ptr<Look> look, LocalCell& cell) : look_{std::move(look)}, cell_{&cell} {}
  void run(LocalCell& cell) override {
    ran_ = true;
    look_->found(cell);
  }
  void dispose() noexcept override {
    if (!ran_) look_->gone(*cell_);
    delete this;
  }

 private:
  const std::shared_ptr<Look> look_;
  const Counted<LocalCell> cell_;
  bool ran_ = false;
};

void Drain::Look::look_at(const Counted<LocalCell>& cell) {
  {
    const std::lock_guard lock{mutex_};
    ++awaited_;
    waiting_.emplace(cell->id(), cell);
  }
  cell->post(std::make_unique<LookJob>(shared_from_this(), *cell));
}

// --- The node's part ------------------------------------------------------------------------------------------------------

void Drain::begin(Refusal refusal) noexcept {
  refusal_.store(refusal);
  begun_.store(true);
}

void Drain::refuse() const {
  if (refusal_.load() == Refusal::wait) {
    const auto end = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
    for (;;) node_.wait(*end, TimePoint::max());
  }
  raise(ErrorType::closed, "the node drains: nothing new is begun");
}

// Negative: it is in none.
Duration Drain::in_turn_for(const LocalCell& cell) {
  const std::uint64_t turn = cell.turn();
  if (turn % 2 == 0) return Duration{-1};
  const TimePoint now = node_.clock().now();
  const std::lock_guard lock{mutex_};
  const auto [known, fresh] = stuck_.try_emplace(cell.id(), Stuck{turn, now});
  if (known->second.turn != turn) known->second = {turn, now};
  return now - known->second.since;
}

Counted<TypedState<Findings>> Drain::look(std::shared_ptr<Seen> seen, Duration patience) {
  auto answer = Counted<TypedState<Findings>>::adopt(TypedState<Findings>::make(node_));
  std::make_shared<Look>(node_, std::move(seen), answer)->begin(patience);
  return answer;
}

DrainReport Drain::run(Refusal refusal, TimePoint until) {
  begin(refusal);
  const auto seen = std::make_shared<Seen>();
  // With less left than this a look finds only that nobody has answered yet, and the one before has said more.
  const Duration shortest = std::min(first_patience, (until - node_.clock().now()) / 8);
  bool quiet_before = false;
  Duration patience = first_patience;
  Duration pause = first_pause;
  for (;;) {
    const auto answer = look(seen, std::min(patience, until - node_.clock().now()));
    node_.wait(*answer, TimePoint::max());
    Findings found = answer->take();
    const bool quiet = found.busy.empty();
    if (quiet && quiet_before && !found.moved) return {};
    quiet_before = quiet;
    const TimePoint now = node_.clock().now();
    const Duration left = until - now;
    if (left <= (quiet ? Duration::zero() : shortest) || node_.closing()) {
      if (quiet) found.busy.push_back({node_.process_name(), ::getpid(), "messages are still being handled"});
      return {std::move(found.busy)};
    }
    if (quiet) continue;
    patience = left < 4 * patience ? left : 2 * patience;
    const auto never = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
    node_.wait(*never, std::min(until, now + pause));
    pause = std::min(pause * 2, longest_pause);
  }
}

/// At a look that the owner has asked for.
class Drain::Reported final : public Continuation {
 public:
  Reported(std::shared_ptr<Session> session, std::uint64_t ask) : session_{std::move(session)}, ask_{ask} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    Encoded body{message_headroom};
    encode(body, *static_cast<TypedState<Findings>&>(state).result());
    session_->reply(ask_, body);
    state.node().flush_slice();
  }
  void call(FutureState&) override {}

 private:
  const std::shared_ptr<Session> session_;
  const std::uint64_t ask_;
};

void Drain::look_for(std::shared_ptr<Session> session, std::uint64_t ask, Duration patience) {
  begin(Refusal::error);
  look(seen_for_owner_, patience)->attach(std::make_unique<Reported>(std::move(session), ask));
}

}  // namespace troupe::detail
