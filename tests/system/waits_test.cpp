// troupe: actors in processes. Apache-2.0, see LICENSE.
// Every call that waits, and every way in which what it waits for can go wrong: it ends as its documentation says.
#include "actor/stage.hpp"
#include "system/ipc_cutter.hpp"
#include "system/program.hpp"

#include <future>
#include <map>
#include <random>
#include <stdexcept>

using namespace troupe;

namespace {

struct Pid {};
struct Answer {};
struct Never {};
struct Leave {};
struct Boom {};
struct Busy {};
struct Item {
  std::string text;
};
// What is waited for, in a process of its own.
class Victim : public Actor<Victim, Pid, Answer, Never, Leave, Boom, Busy, Item> {
 public:
  int on(const Pid&) const { return ::getpid(); }
  void on(const Answer&) {
    for (auto& promise : std::exchange(promises_, {})) promise.set_value(1);
    busy_ = false;
  }
  Future<int> on(const Never&) { return promises_.emplace_back().future(); }
  void on(const Leave&) const { ::_exit(0); }
  void on(const Boom&) const { throw std::runtime_error{"boom"}; }
  Task<void> on(Busy) {
    busy_ = true;
    while (busy_) co_await sleep_for(1ms);
  }
  Task<void> on(Item) {
    while (busy_) co_await sleep_for(1ms);
  }

 private:
  std::vector<Promise<int>> promises_;
  bool busy_ = false;
};

struct AwaitIt {
  Ref<Victim> victim;
};
struct AwaitDown {
  Ref<Victim> victim;
};
// Waits in coroutines.
class Waiter : public Actor<Waiter, AwaitIt, AwaitDown, Down> {
 public:
  Task<int> on(AwaitIt await) { co_return co_await await.victim.ask<Never>(); }
  Future<std::string> on(const AwaitDown& await) {
    watch(await.victim);
    return down_.future();
  }
  void on(const Down& down) { down_.set_value(std::string{to_string(down.reason)}); }

 private:
  Promise<std::string> down_;
};

/// How a call ended: its value, or what it threw.
std::string outcome(const std::function<std::string()>& call) {
  try {
    return call();
  } catch (const Timeout&) {
    return "Timeout";
  } catch (const RemoteError&) {
    return "RemoteError";
  } catch (const ActorDied&) {
    return "ActorDied";
  } catch (const Closed&) {
    return "Closed";
  } catch (const Error& error) {
    return std::string{"another error: "} + error.what();
  }
}

enum class Fault { sigkill, sigstop, exit, exception, cut };
std::ostream& operator<<(std::ostream& out, Fault fault) {
  static const std::map<Fault, const char*> names{{Fault::sigkill, "SIGKILL"},
                                                  {Fault::sigstop, "SIGSTOP"},
                                                  {Fault::exit, "_exit(0)"},
                                                  {Fault::exception, "exception"},
                                                  {Fault::cut, "cut"}};
  return out << names.at(fault);
}

/// A call that waits for a victim.
struct Call {
  const char* name;
  std::string (*run)(Node& node, const Ref<Victim>& victim, Duration patience);
  const char* died;       // how it ends when the process has
  const char* timed_out;  // within its patience while the process is stopped
  const char* answered;   // once the victim has answered
};

const std::vector<Call> calls{
    {"Future::get", [](Node&, const Ref<Victim>& victim, Duration patience) { return std::to_string(victim.ask(Never{}, patience).get()); },
     "ActorDied", "Timeout", "1"},
    {"co_await",
     [](Node& node, const Ref<Victim>& victim, Duration patience) {
       return std::to_string(node.spawn<Waiter>().ask(AwaitIt{victim}, patience).get());
     },
     "RemoteError", "Timeout", "1"},
    {"when_any",
     [](Node&, const Ref<Victim>& victim, Duration patience) {
       std::vector<Future<int>> futures;
       futures.push_back(victim.ask(Never{}, patience));
       futures.push_back(victim.ask(Never{}, patience));
       return std::to_string(futures[when_any(futures).get()].get());
     },
     "ActorDied", "Timeout", "1"},
    {"watch",
     [](Node& node, const Ref<Victim>& victim, Duration patience) { return node.spawn<Waiter>().ask(AwaitDown{victim}, patience).get(); },
     "died", "Timeout", "Timeout"},
};

/// Until some moment: what is expected must hold at any.
void let_it_wait(std::mt19937& random) { std::this_thread::sleep_for(std::chrono::milliseconds{random() % 20}); }

/// What `Down` says of each fault.
const char* down_of(Fault fault) { return fault == Fault::sigkill ? "killed" : "failed"; }

}  // namespace

TEST_CASE("each call that waits ends as it should, whatever becomes of what it waits for") {
  const auto fault = GENERATE(Fault::sigkill, Fault::sigstop, Fault::exit, Fault::exception, Fault::cut);
  const auto* const call = &calls[static_cast<std::size_t>(GENERATE(range(0, 4)))];
  CapturedLog log;
  Stage stage{Where::ipc};
  const auto victim = stage.spawn<Victim>();
  const int pid = victim.ask(Pid{}).get();
  CAPTURE(fault, call->name);
  const bool answers = fault == Fault::cut;
  const Duration patience = fault == Fault::sigstop || answers ? Duration{1s} : Duration{20s};

  auto ended = std::async(std::launch::async, [&] { return outcome([&] { return call->run(stage.node, victim, patience); }); });
  std::mt19937 random{std::random_device{}()};
  let_it_wait(random);
  switch (fault) {
    case Fault::sigkill:
      ::kill(pid, SIGKILL);
      break;
    case Fault::sigstop:
      ::kill(pid, SIGSTOP);
      break;
    case Fault::exit:
      victim.tell(Leave{});
      break;
    case Fault::exception:
      victim.tell(Boom{});
      break;
    case Fault::cut:
      IpcCutter{}.cut(random);
      while (ended.wait_for(0s) != std::future_status::ready) victim.tell(Answer{});
      break;
  }

  std::string expected = fault == Fault::sigstop ? call->timed_out : answers ? call->answered : call->died;
  if (expected == "died") expected = down_of(fault);
  REQUIRE(ended.wait_for(15s) == std::future_status::ready);
  CHECK(ended.get() == expected);
  ::kill(pid, SIGKILL);
}

// More than windows hold, and enough to be at work when the fault comes.
constexpr int many = sanitized ? 100'000 : 3'000'000;

TEST_CASE("a tell that waits for credit ends as it should, whatever becomes of the receiver") {
  const auto fault = GENERATE(Fault::sigkill, Fault::sigstop, Fault::cut);
  CapturedLog log;
  Stage stage{Where::ipc};
  const auto victim = stage.spawn<Victim>();
  const int pid = victim.ask(Pid{}).get();
  CAPTURE(fault);
  std::mt19937 random{std::random_device{}()};
  if (fault == Fault::sigstop) ::kill(pid, SIGSTOP);

  const auto tell_all = [&](Duration patience) {
    return outcome([&]() -> std::string {
      try {
        for (int i = 0; i < many; ++i) victim.tell(Item{"text"}, patience);
      } catch (const Full&) {
        return "Full";
      }
      return "all accepted";
    });
  };
  if (fault == Fault::sigstop) {
    CHECK(tell_all(200ms) == "Full");
    ::kill(pid, SIGKILL);
    return;
  }
  auto ended = std::async(std::launch::async, [&] { return tell_all(20s); });
  let_it_wait(random);
  if (fault == Fault::sigkill) {
    ::kill(pid, SIGKILL);
  } else {
    (void)IpcCutter{}.cut(random);
  }

  REQUIRE(ended.wait_for(60s) == std::future_status::ready);
  CHECK(ended.get() == "all accepted");  // what is told to the dead is a dead letter, not an error
  if (fault == Fault::sigkill) CHECK(stage.node.dead_letters() > 0);
}

TEST_CASE("calls that wait at a queue end as they should, whatever becomes of its owner") {
  const auto fault = GENERATE(Fault::sigkill, Fault::sigstop, Fault::cut);
  CapturedLog log;
  Stage stage{Where::ipc};
  Queue<int> queue{stage.node, {.capacity = 1, .place = own_process}};
  queue.put(0);
  const int pid = children_of(::getpid()).at(0);
  const bool full = GENERATE(true, false);
  if (!full) CHECK(queue.get() == 0);
  CAPTURE(fault, full);
  std::mt19937 random{std::random_device{}()};

  auto ended = std::async(std::launch::async, [&] {
    return outcome([&]() -> std::string {
      if (full) {
        queue.put(1);
        return "put";
      }
      return std::to_string(queue.get());
    });
  });
  let_it_wait(random);
  switch (fault) {
    case Fault::sigkill:
      ::kill(pid, SIGKILL);
      break;
    case Fault::sigstop:
      ::kill(pid, SIGSTOP);
      CHECK(ended.wait_for(300ms) == std::future_status::timeout);  // a stopped process is not dead
      ::kill(pid, SIGCONT);
      [[fallthrough]];
    default:
      if (fault == Fault::cut) (void)IpcCutter{}.cut(random);
      if (full) {
        CHECK(queue.get() == 0);
      } else {
        queue.put(7);
      }
      break;
  }

  REQUIRE(ended.wait_for(15s) == std::future_status::ready);
  CHECK(ended.get() == (fault == Fault::sigkill ? "ActorDied" : full ? "put" : "7"));
}
