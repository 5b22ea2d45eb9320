// troupe: actors in processes. Apache-2.0, see LICENSE.
// An actor for supervisors to replace, and who watches and writes to it.
#pragma once

#include "stage.hpp"

#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <stdexcept>

namespace supervised {

using namespace troupe;

struct Pid {};
struct Bump {};
struct Boom {};
struct Leave {
  int code = 0;
};
struct Item {
  int number = 0;
};
struct Items {};
class Worker;
struct Keep {
  Ref<Worker> self;
};
struct AskYourself {};
struct Deaf {};
struct Sleep {};

class Worker : public Actor<Worker, Pid, Bump, Boom, Leave, Item, Items, Keep, AskYourself, Deaf, Sleep> {
 public:
  Worker() = default;
  Worker(std::string name, Ref<Journal> journal) : name_{std::move(name)}, journal_{std::move(journal)} { note("begins"); }
  void on_stop() override { note("stops"); }
  int on(const Pid&) const { return ::getpid(); }
  int on(const Bump&) { return ++count_; }
  void on(const Boom&) const { throw std::runtime_error{"boom"}; }
  void on(const Leave& leave) const { ::_exit(leave.code); }
  void on(const Item& item) { items_.push_back(item.number); }
  std::vector<int> on(const Items&) const { return items_; }
  void on(const Keep& keep) { self_ = keep.self; }
  Task<int> on(AskYourself) {
    self_.tell(Item{7});
    co_return co_await self_.ask<Bump>();
  }
  void on(const Deaf&) const { ::signal(SIGTERM, SIG_IGN); }
  void on(const Sleep&) const {
    for (;;) ::pause();
  }

 private:
  void note(const std::string& what) const {
    if (journal_) journal_.tell(Note{name_ + ' ' + what});
  }
  std::string name_;
  Ref<Journal> journal_;
  Ref<Worker> self_;
  int count_ = 0;
  std::vector<int> items_;
};

using Texts = std::vector<std::string>;

// Pauses too short to wait for.
inline SupervisorOptions quick(Strategy strategy = one_for_one, unsigned max_restarts = 100) {
  return {.strategy = strategy, .max_restarts = max_restarts, .within = 60s, .backoff = 1us, .max_backoff = 1us};
}

// Asks until somebody answers: one that was under way when the process died ends as ActorDied.
inline int pid_of(const Ref<Worker>& worker) {
  for (int tries = 0; tries < 10; ++tries)
    if (const auto pid = worker.ask(Pid{}).result()) return *pid;
  return 0;
}

inline bool has(const Ref<Journal>& journal, const std::string& note, int times = 1) {
  return eventually([&] {
    const auto notes = notes_of(journal);
    return std::count(notes.begin(), notes.end(), note) == times;
  });
}

struct Seen {};
class Guard : public Actor<Guard, Down, Seen> {
 public:
  template <class A>
  explicit Guard(const Ref<A>& ref) {
    watch(ref);
  }
  void on(const Down& down) { downs_.push_back(down); }
  std::vector<Down> on(const Seen&) const { return downs_; }

 private:
  std::vector<Down> downs_;
};

inline std::vector<Down> seen_by(const Ref<Guard>& guard) { return guard.ask(Seen{}).get(); }

// Writes to a worker from its own process.
struct AskPid {};
struct TellItems {
  int count = 0;
};
class Neighbour : public Actor<Neighbour, AskPid, TellItems> {
 public:
  explicit Neighbour(Ref<Worker> worker) : worker_{std::move(worker)} {}
  int on(const AskPid&) const { return pid_of(worker_); }
  void on(const TellItems& items) const {
    for (int i = 0; i < items.count; ++i) worker_.tell(Item{i});
  }

 private:
  Ref<Worker> worker_;
};

}  // namespace supervised
