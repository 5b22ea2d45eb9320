// troupe: actors in processes. Apache-2.0, see LICENSE.
// Full mailboxes, outboxes, handlers that block: nothing is lost, nothing hangs, one actor never runs on top of another.
#include "stage.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

using namespace troupe;

namespace {

// Gates are shared with actors of this process only.
class Gate {
 public:
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    (void)changed_.wait_for(lock, 20s, [this] { return open_; });
  }
  void await_guests(int count) {
    std::unique_lock lock{mutex_};
    (void)changed_.wait_for(lock, 20s, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

struct Item {
  int sender = 0;
  int number = 0;
};
struct Wait {};
struct Report {};
// Checks that each sender's items come in order.
class Collector : public Actor<Collector, Item, Wait, Report> {
 public:
  explicit Collector(std::shared_ptr<Gate> gate = nullptr) : gate_{std::move(gate)} {}
  void on(const Item& item) {
    if (static_cast<std::size_t>(item.sender) >= next_.size()) next_.resize(static_cast<std::size_t>(item.sender) + 1);
    int& next = next_[static_cast<std::size_t>(item.sender)];
    if (item.number != next) ++disorder_;
    next = item.number + 1;
    ++count_;
  }
  void on(const Wait&) { gate_->pass(); }
  std::pair<int, int> on(const Report&) const { return {count_, disorder_}; }

 private:
  const std::shared_ptr<Gate> gate_;
  std::vector<int> next_;
  int count_ = 0;
  int disorder_ = 0;
};

struct Burst {
  int count = 0;
  int milliseconds = 30000;
};
struct BurstThenStop {
  int count = 0;
};
struct CountRefused {};
// Sends many at once from a handler.
class Sender : public Actor<Sender, Burst, BurstThenStop, CountRefused> {
 public:
  Sender(Ref<Collector> to, int number) : to_{std::move(to)}, number_{number} {}
  void on(const Burst& burst) {
    for (int i = 0; i < burst.count; ++i) {
      try {
        to_.tell(Item{number_, next_}, std::chrono::milliseconds{burst.milliseconds});
        ++next_;
      } catch (const Full&) {
        ++refused_;
      }
    }
  }
  void on(const BurstThenStop& burst) {
    for (int i = 0; i < burst.count; ++i) to_.tell(Item{number_, next_++});
    to_.stop();
  }
  int on(const CountRefused&) const { return refused_; }

 private:
  const Ref<Collector> to_;
  const int number_;
  int next_ = 0;
  int refused_ = 0;
};

struct Token {
  int left = 0;
};
class Ring;
struct Join {
  Ref<Ring> next;
};
struct Passed {};
class Ring : public Actor<Ring, Token, Join, Passed> {
 public:
  void on(const Join& join) { next_ = join.next; }
  void on(const Token& token) {
    ++passed_;
    if (token.left > 0) next_.tell(Token{token.left - 1});
  }
  int on(const Passed&) const { return passed_; }

 private:
  Ref<Ring> next_;
  int passed_ = 0;
};

struct Deep {
  int levels = 0;
};
// Asks another of its kind and blocks for the answer.
class Nested : public Actor<Nested, Deep> {
 public:
  int on(const Deep& deep) {
    if (deep.levels == 0) return 1;
    return 1 + node().spawn<Nested>().ask(Deep{deep.levels - 1}).get();
  }
};

struct Idle {
  int milliseconds = 0;
};
class Idler;
struct Through {
  Ref<Idler> other;
};
class Idler : public Actor<Idler, Idle, Through> {
 public:
  int on(const Idle& idle) {
    std::this_thread::sleep_for(std::chrono::milliseconds{idle.milliseconds});
    return idle.milliseconds;
  }
  int on(const Through& through) { return through.other.ask(Idle{600}).get(); }
};

struct Peck {
  Ref<Idler> whom;
};
class Pecker : public Actor<Pecker, Peck> {
 public:
  long on(const Peck& peck) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) peck.whom.ask(Idle{0}).get();
    return static_cast<long>((std::chrono::steady_clock::now() - start) / 1ms);
  }
};

NodeOptions small(std::uint32_t mailbox, std::size_t outbox = 1000) {
  NodeOptions options;
  options.mailbox_messages = mailbox;
  options.outbox_messages = outbox;
  return options;
}

}  // namespace

TEST_CASE("a tell from a thread to a full mailbox throws Full after its patience, and nothing was added") {
  Stage stage{Where::here, small(4)};
  const auto gate = std::make_shared<Gate>();
  const auto collector = stage.node.spawn<Collector>(gate);
  collector.tell(Wait{});
  gate->await_guests(1);
  int accepted = 0;
  try {
    for (; accepted < 100; ++accepted) collector.tell(Item{0, accepted}, 0ms);
  } catch (const Full&) {
  }
  CHECK(accepted >= 3);
  CHECK(accepted <= 4);

  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(collector.tell(Item{0, accepted}, 50ms), Full);
  CHECK(std::chrono::steady_clock::now() - start >= 50ms);
  CHECK_THROWS_AS(collector.ask(Item{0, accepted}, 20ms), Full);

  gate->open();
  CHECK(collector.ask(Report{}).get() == std::pair{accepted, 0});
}

TEST_CASE("threads that tell faster than an actor takes lose nothing and keep their order") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where, small(4)};
  const auto collector = where == Where::here ? stage.node.spawn<Collector>() : Ref<Collector>{};
  const auto journal = stage.spawn<Journal>();
  std::vector<std::thread> threads;

  for (int sender = 0; sender < 4; ++sender)
    threads.emplace_back([&, sender] {
      for (int i = 0; i < 2000; ++i) {
        if (collector) collector.tell(Item{sender, i});
        if (!collector) journal.tell(Note{std::to_string(sender)});
      }
    });
  for (auto& thread : threads) thread.join();

  if (collector) {
    CHECK(collector.ask(Report{}).get() == std::pair{8000, 0});
  } else {
    CHECK(notes_of(journal).size() == 8000);
  }
}

TEST_CASE("what a handler tells to a full mailbox waits in its outbox, and nothing is lost") {
  Stage stage{Where::here, small(4)};
  const auto gate = std::make_shared<Gate>();
  const auto collector = stage.node.spawn<Collector>(gate);
  std::vector<Ref<Sender>> senders;
  for (int i = 0; i < 4; ++i) senders.push_back(stage.node.spawn<Sender>(collector, i));
  collector.tell(Wait{});
  gate->await_guests(1);

  for (const auto& sender : senders) sender.ask(Burst{500}).get();  // returns: 500 fit into the outbox
  gate->open();

  REQUIRE(eventually([&] { return collector.ask(Report{}).get().first == 2000; }));
  CHECK(collector.ask(Report{}).get().second == 0);
}

TEST_CASE("a handler whose outbox is full waits, then gets Full, what was accepted arrives") {
  Stage stage{Where::here, small(4, 10)};
  const auto gate = std::make_shared<Gate>();
  const auto collector = stage.node.spawn<Collector>(gate);
  const auto sender = stage.node.spawn<Sender>(collector, 0);
  collector.tell(Wait{});
  gate->await_guests(1);

  auto burst = sender.ask(Burst{20, 10});
  burst.get();
  gate->open();

  // Its outbox is drained before it takes the next message.
  const int refused = sender.ask(CountRefused{}).get();
  CHECK(refused >= 5);
  CHECK(refused <= 7);
  REQUIRE(eventually([&] { return collector.ask(Report{}).get().first == 20 - refused; }));
  CHECK(collector.ask(Report{}).get().second == 0);
}

TEST_CASE("an outbox is emptied after its actor's end") {
  Stage stage{Where::here, small(4)};
  const auto gate = std::make_shared<Gate>();
  const auto collector = stage.node.spawn<Collector>(gate);
  const auto sender = stage.node.spawn<Sender>(collector, 0);
  collector.tell(Wait{});
  gate->await_guests(1);

  sender.ask(Burst{300}).get();
  sender.stop();
  CHECK(error_of(sender.ask(CountRefused{})).code == Errc::closed);
  gate->open();

  CHECK(eventually([&] { return collector.ask(Report{}).get() == std::pair{300, 0}; }));
}

TEST_CASE("a stop from a handler stands behind what that handler told before, also what is still in its outbox") {
  CapturedLog log;
  Stage stage{Where::here, small(4)};
  const auto gate = std::make_shared<Gate>();
  const auto collector = stage.node.spawn<Collector>(gate);
  const auto sender = stage.node.spawn<Sender>(collector, 0);
  collector.tell(Wait{});
  gate->await_guests(1);
  const auto before = stage.node.dead_letters();

  sender.ask(BurstThenStop{50}).get();
  gate->open();

  REQUIRE(eventually([&] { return !collector.ask(Report{}).result().has_value(); }));
  CHECK(stage.node.dead_letters() == before);
}

TEST_CASE("messages go on round a circle of full mailboxes") {
  const auto place = GENERATE(here, own_process);
  CAPTURE(place == own_process);
  Stage stage{Where::here, small(2)};
  std::vector<Ref<Ring>> ring;
  for (int i = 0; i < 4; ++i) ring.push_back(stage.node.spawn<Ring>(place));
  for (std::size_t i = 0; i < ring.size(); ++i) ring[i].ask(Join{ring[(i + 1) % ring.size()]}).get();

  for (int token = 0; token < 40; ++token) ring[static_cast<std::size_t>(token) % ring.size()].tell(Token{99});

  CHECK(eventually([&] {
    int passed = 0;
    for (const auto& actor : ring) passed += actor.ask(Passed{}).get();
    return passed == 4000;
  }));
}

TEST_CASE("a handler may block in an ask: others go on, with one thread too") {
  NodeOptions options;
  options.threads = GENERATE(std::size_t{1}, std::size_t{2});
  Stage stage{Where::here, options};

  CHECK(stage.node.spawn<Nested>().ask(Deep{20}).get() == 21);
}

TEST_CASE("64 handlers may block at one time, one more is misuse, and those before end well") {
  NodeOptions options;
  options.threads = 1;
  Stage stage{Where::here, options};

  CHECK(stage.node.spawn<Nested>().ask(Deep{64}).get() == 65);
  const auto error = error_of(stage.node.spawn<Nested>().ask(Deep{65}));
  CHECK(chain_text(error).find("64 handlers") != std::string::npos);
  CHECK(stage.node.spawn<Nested>().ask(Deep{64}).get() == 65);
}

TEST_CASE("handlers of a process actor may block in asks to actors of their own process") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  Stage stage{where};

  CHECK(stage.spawn<Nested>().ask(Deep{5}).get() == 6);
}

TEST_CASE("a handler that waits at another node takes none of that node's threads") {
  NodeOptions options;
  options.threads = 1;
  Stage first{Where::here, options};
  Stage second{Where::ipc, options};
  const auto slow = second.spawn<Idler>();
  const auto relay = first.node.spawn<Idler>();

  auto long_one = relay.ask(Through{slow});  // blocks in the first node for what the second one brings
  const auto local = second.node.spawn<Idler>();
  CHECK(local.ask(Idle{0}).get(400ms) == 0);
  CHECK(long_one.get() == 600);
}

TEST_CASE("a handler that waits holds up no other actor of its process") {
  Stage stage{Where::ipc};
  const auto slow = stage.spawn<Idler>();
  const auto asker = stage.spawn<Pecker>();
  const auto local = stage.node.spawn<Idler>();
  const auto relay = stage.node.spawn<Idler>();

  auto long_one = relay.ask(Through{slow});  // its thread reads the node's inbox meanwhile
  const long milliseconds = asker.ask(Peck{local}).get();
  CHECK(long_one.get() == 600);

  CHECK(milliseconds < 300);  // 20 asks
}

TEST_CASE("several nodes in one process: their actors reach each other, and this_node says that there are several") {
  Stage first;
  const auto alone = this_node().spawn<Nested>();
  CHECK(alone.ask(Deep{0}).get() == 1);
  Stage second;

  CHECK_THROWS_AS(this_node(), Misuse);
  const auto collector = first.node.spawn<Collector>();
  const auto sender = second.node.spawn<Sender>(collector, 0);
  sender.ask(Burst{3000}).get();
  CHECK(eventually([&] { return collector.ask(Report{}).get() == std::pair{3000, 0}; }));
}
