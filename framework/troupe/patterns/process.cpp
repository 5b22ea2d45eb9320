// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/process.hpp>

#include <signal.h>

#include <troupe/node/children.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/elsewhere.hpp>
#include <troupe/node/passengers.hpp>
#include <troupe/node/process_state.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/wire/name.hpp>

namespace troupe {

namespace detail {

Node& node_behind(NodeCore& core) { return core.node(); }

namespace {

/// At the end of a process: what was among its arguments and has not arrived there never will.
class NotArrived final : public Continuation {
 public:
  explicit NotArrived(Passengers passengers) noexcept : passengers_{std::move(passengers)} {}
  void settled(std::unique_ptr<Continuation>, FutureState&) override { passengers_.tell({}); }
  void call(FutureState&) override {}

 private:
  const Passengers passengers_;
};

/// At the end of a process: settles one waiter's future, which that may cancel for itself.
class Settles final : public Continuation {
 public:
  explicit Settles(Counted<TypedState<void>> future) noexcept : future_{std::move(future)} {}
  void settled(std::unique_ptr<Continuation>, FutureState& process) override {
    if (process.error() != nullptr) {
      future_->fail(process.error());
    } else {
      future_->fulfil(std::monostate{});
    }
  }
  void call(FutureState&) override {}

 private:
  const Counted<TypedState<void>> future_;
};

}  // namespace

std::shared_ptr<ProcessState> start_process(NodeCore& node, EntryFunction entry, const Encoded& arguments, const ProcessOptions& options) {
  Passengers passengers = Passengers::take();
  try {
    if (node.closing()) raise(ErrorType::closed, options.name + " is not started: the node is ending");
    auto process =
        options.place == own_process ? node.children().start(entry, arguments, options) : start_elsewhere(node, entry, arguments, options);
    if (passengers.any()) process->joined().attach(std::make_unique<NotArrived>(std::move(passengers)));
    return process;
  } catch (...) {
    passengers.tell({});
    throw;
  }
}

// g++ says "... [with auto function = Work::send; ...]", clang "... [function = &Work::send]".
std::string function_name(std::string_view spelled) {
  constexpr std::string_view before = "function = ";
  if (const auto begin = spelled.find(before); begin != std::string_view::npos) spelled.remove_prefix(begin + before.size());
  spelled = spelled.substr(0, spelled.find_first_of(";]"));
  if (spelled.starts_with('&')) spelled.remove_prefix(1);
  for (const std::string_view unnamed : {"{anonymous}::", "(anonymous namespace)::"})
    if (spelled.starts_with(unnamed)) spelled.remove_prefix(unnamed.size());
  return std::string{spelled};
}

std::string lambda_name(const std::type_info& type) { return stable_name(type); }

}  // namespace detail

Process::Process(std::shared_ptr<detail::ProcessState> state) noexcept : state_{std::move(state)} {}

detail::ProcessState& Process::state() const {
  if (state_ == nullptr) throw Misuse{"this process is empty: it was default constructed, moved from or closed"};
  return *state_;
}

void Process::join() const {
  detail::wait_for_others(state().joined(), "for the process", state().name());
  if (is_alive()) detail::raise(state().joined().error());
}

Future<void> Process::join_async() const {
  auto joined = detail::Counted<detail::TypedState<void>>::adopt(detail::TypedState<void>::make(state().node()));
  state().joined().attach(std::make_unique<detail::Settles>(joined));
  return Future<void>{std::move(joined)};
}

bool Process::join_for(Duration patience) const {
  detail::ProcessState& mine = state();
  return detail::wait_for(mine.joined(), detail::after(mine.node().clock().now(), patience));
}

Result<void> Process::result() const {
  join();
  auto failure = state().failure();
  return failure == nullptr ? Result<void>{} : Result<void>{std::move(failure)};
}

bool Process::is_alive() const { return !state().exit_code(); }
std::optional<int> Process::exit_code() const { return state().exit_code(); }

void Process::terminate() const { state().node().children().signal(state(), SIGTERM); }
void Process::kill() const { state().node().children().signal(state(), SIGKILL); }

int Process::pid() const { return state().pid(); }
const std::string& Process::name() const { return state().name(); }
bool Process::daemon() const { return state().daemon(); }
std::string Process::output() const { return state().output(); }
std::string Process::errors() const { return state().errors(); }

detail::NodeCore& Process::troupe_node() const { return state().node(); }
bool Process::troupe_ready() const { return state().joined().settled(); }
void Process::troupe_ring(const detail::Bell& bell) const { state().ring(bell); }

void Process::close() {
  if (state_ == nullptr) return;
  if (is_alive()) throw Misuse{"the process '" + name() + "' lives, and its handle cannot be closed: join it before"};
  state_ = nullptr;
}

std::vector<ProcessInfo> active_children(const Node& node) { return node.core().children().processes(); }
std::optional<ProcessInfo> parent_process(const Node& node) { return node.core().parent_process(); }

std::size_t cpu_count() { return detail::usable_cores(); }

}  // namespace troupe
