// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a program becomes the head of a job of several hosts, or one of its other hosts.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/spawn.hpp>
#include <troupe/cluster/host_agent.hpp>
#include <troupe/node/child_exit.hpp>
#include <troupe/node/configuration.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/elsewhere.hpp>
#include <troupe/node/node.hpp>
#include <troupe/node/way.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {

constexpr int exit_refused = 1;
constexpr int exit_without_head = 3;
constexpr auto first_pause = std::chrono::milliseconds{20};  // between two tries to reach the head
constexpr auto longest_pause = std::chrono::milliseconds{500};
constexpr auto answer_time = std::chrono::seconds{3};  // from a connection to the head's HELLO

/// A connection to who listens where the head should, on which this host says that it is there.
class Knock {
 public:
  explicit Knock(NodeCore& node) : node_{node}, link_{node.transport().dial(node.options().join)} {}
  /// Who waits lets it go while the node's thread perhaps looks at it.
  static std::shared_ptr<const Knock> begin(NodeCore& node) {
    auto knock = std::make_shared<Knock>(node);
    knock->pump();
    node.loop().watch(knock->link_->descriptor(), [weak = std::weak_ptr{knock}] {
      if (const auto alive = weak.lock()) alive->pump();
    });
    return knock;
  }
  ~Knock() { node_.loop().unwatch(link_->descriptor()); }
  Knock(const Knock&) = delete;
  Knock& operator=(const Knock&) = delete;

  enum class State : std::uint8_t { dialing, open, ended };
  [[nodiscard]] State state() const noexcept { return state_.load(); }
  [[nodiscard]] std::shared_ptr<const ErrorInfo> final_reason() const { return link_->final_reason(); }

 private:
  void pump() {
    for (;;) {
      switch (link_->pump()) {
        case LinkEvent::none:
          return;
        case LinkEvent::opened: {
          FrameHeader header;
          header.kind = FrameKind::knock;
          header.source = node_.id();
          header.source_incarnation = node_.incarnation();
          header.epoch = 1;
          Hello hello = node_.hello(0);
          hello.endpoint = node_.tcp_endpoint();
          (void)link_->publish(make_frame_of(header, hello));
          state_.store(State::open);
          break;
        }
        case LinkEvent::ended:
          state_.store(State::ended);
          return;
      }
    }
  }

  NodeCore& node_;
  const std::unique_ptr<Link> link_;
  std::atomic<State> state_{State::dialing};
};

// Waits a little for nothing in particular.
void pause(NodeCore& node, TimePoint until) {
  const auto never = Counted<TypedState<void>>::adopt(TypedState<void>::make(node));
  (void)node.wait(*never, until);
}

/// Tries to reach the head until `until`.
/// @returns the session with it, once it has said HELLO; null: nobody did
std::shared_ptr<Session> reach_head(NodeCore& node, TimePoint until) {
  Duration wait = first_pause;
  const auto hello = std::make_shared<AwaitedHello>();
  hello->said = Counted<TypedState<void>>::adopt(TypedState<void>::make(node));
  node.links().await_hello(NodeId{}, hello);
  while (node.clock().now() < until) {
    const auto knock = Knock::begin(node);
    const TimePoint give_up = std::min(until, node.clock().now() + answer_time);
    while (knock->state() != Knock::State::ended && node.clock().now() < give_up)
      if (node.wait(*hello->said, std::min(give_up, node.clock().now() + first_pause))) return hello->session;
    pause(node, std::min(until, node.clock().now() + wait));
    if (hello->said->settled()) return hello->session;
    wait = std::min<Duration>(wait * 2, longest_pause);
  }
  node.links().abandon_hello(NodeId{}, std::make_shared<const ErrorInfo>(make_error(ErrorType::timeout, "no head")));
  return nullptr;
}

/// @returns whether anybody listens there before `until`
bool head_listens(NodeCore& node, TimePoint until) {
  while (node.clock().now() < until) {
    const auto knock = Knock::begin(node);
    while (knock->state() == Knock::State::dialing && node.clock().now() < until) pause(node, node.clock().now() + first_pause);
    if (knock->state() == Knock::State::open) return true;
    pause(node, std::min(until, node.clock().now() + longest_pause));
  }
  return false;
}

Ref<HostAgent> spawn_agent(Node& node, const Ref<HostAgent>& head) {
  NodeCore& core = node.core();
  const NodeOptions& options = core.options();
  const Address address{core.id(), core.incarnation(), Router::host_agent};
  HostEntry own{{core.host_name(), options.slots != 0 ? options.slots : usable_cores(), options.labels, !head},
                address,
                core.endpoint(),
                core.tcp_endpoint()};
  const ContextScope outside_of_actors{&core, nullptr};
  auto agent = node.spawn<HostAgent>(std::move(own), head);
  core.expose(static_cast<LocalCell&>(*agent.pointer()));
  if (agent.pointer()->address() != address) throw Misuse{"a host's agent must be its node's first actor"};

  /// Of a session that has ended, in a turn of the agent.
  class Ended final : public Job {
   public:
    Ended(NodeId peer, std::shared_ptr<const ErrorInfo> reason) : peer_{peer}, reason_{std::move(reason)} {}
    void run(LocalCell& cell) override { static_cast<HostAgent*>(cell.actor())->session_ended(peer_, reason_); }

   private:
    const NodeId peer_;
    const std::shared_ptr<const ErrorInfo> reason_;
  };
  core.on_session_end([cell = agent.pointer()](const Session& session, const std::shared_ptr<const ErrorInfo>& reason) {
    (void)static_cast<LocalCell&>(*cell).post(std::make_unique<Ended>(session.peer(), reason));
  });
  return agent;
}

[[noreturn]] void leave_job(NodeCore& core, int code) {
  core.close(NodeCore::Processes::ended);
  flush_log(std::chrono::seconds{1});
  leave(code, true);
}

// The same program with the same arguments again, as another incarnation.
[[noreturn]] void begin_again(NodeCore& core) {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  const std::string line{std::istreambuf_iterator<char>{file}, {}};
  std::vector<char*> arguments;
  for (std::size_t at = 0; at < line.size(); at += std::char_traits<char>::length(line.data() + at) + 1)
    arguments.push_back(const_cast<char*>(line.data()) + at);
  arguments.push_back(nullptr);
  core.close(NodeCore::Processes::ended);
  core.signals = nullptr;
  flush_log(std::chrono::seconds{1});
  give_environment(core.options());
  ::execv("/proc/self/exe", arguments.data());
  log(LogLevel::error, "this program could not be started again");
  leave(1, true);
}

[[noreturn]] void serve_head(Node& node) {
  NodeCore& core = node.core();
  const NodeOptions& options = core.options();
  const auto seconds = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(options.rejoin).count());
  const auto session = reach_head(core, after(core.clock().now(), options.rejoin));
  if (session == nullptr) {
    log(LogLevel::error, "no head has answered at " + options.join + " for " + seconds +
                             " s: is it started with --troupe-listen, and with the same key (--troupe-keys)?");
    leave_job(core, exit_without_head);
  }
  const Ref<HostAgent> head{core.cell_through(session, Router::host_agent)};
  const Ref<HostAgent> agent = spawn_agent(node, head);
  // Before others know of this host, and start processes here.
  const Address keeper{session->peer(), session->peer_incarnation(), Router::name_keeper};
  if (!options.directory) core.names().keep_at({keeper, Way{core.router().job(), session->endpoint()}.text()});
  const Address own{core.id(), core.incarnation(), Router::host_agent};
  const std::size_t slots = options.slots != 0 ? options.slots : usable_cores();
  const AdmitHost admission{{{core.host_name(), slots, options.labels, false}, own, core.endpoint(), core.tcp_endpoint()}};
  // The head may be about to begin.
  const TimePoint give_up = after(core.clock().now(), options.dead_after + std::chrono::seconds{1});
  auto admitted = head.ask(admission).result();
  while (!admitted && admitted.error().type == ErrorType::closed && core.clock().now() < give_up && !session->ended()) {
    pause(core, core.clock().now() + longest_pause);
    admitted = head.ask(admission).result();
  }
  if (!admitted && admitted.error().type == ErrorType::refused) {
    log(LogLevel::error, "the head at " + options.join + " does not take this host: " + admitted.error().what);
    leave_job(core, exit_refused);
  }
  if (admitted) agent.tell(*admitted);
  const auto ended = admitted ? agent.ask(AwaitHeadEnd{}, forever).result() : Result<ErrorInfo>{admitted.error()};
  const ErrorInfo end = ended ? *ended : ended.error();
  if (admitted && end.type == ErrorType::closed) leave_job(core, 0);
  log(LogLevel::warning, "the head at " + options.join + " is lost (" + end.what + "); this host looks for it for " + seconds + " s");
  if (!head_listens(core, after(core.clock().now(), options.rejoin))) {
    log(LogLevel::error, "no head at " + options.join + " any more");
    leave_job(core, exit_without_head);
  }
  log(LogLevel::info, "the head at " + options.join + " is back; this host joins anew");
  begin_again(core);
}

}  // namespace

void begin_hosts(Node& node) {
  if (!node.core().options().join.empty()) serve_head(node);
  (void)spawn_agent(node, {});
  if (node.core().names().for_others().address.actor != Router::name_keeper)
    throw Misuse{"who keeps the names of a job must be its head's second actor"};
}

}  // namespace troupe::detail
