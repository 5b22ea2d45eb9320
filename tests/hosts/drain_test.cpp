// troupe: actors in processes. Apache-2.0, see LICENSE.
// A head that finishes waits for what it and others have started on other hosts.
#include "hosts/job.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

using namespace troupe;
using Catch::Matchers::Contains;

namespace {

struct Done {};
/// At the head: counts.
class Home : public Actor<Home, Done> {
 public:
  explicit Home(std::shared_ptr<std::atomic<int>> count) : count_{std::move(count)} {}
  void on(const Done&) const { ++*count_; }

 private:
  std::shared_ptr<std::atomic<int>> count_;
};

struct Work {};
/// Takes its time, then tells.
class Slow : public Actor<Slow, Work> {
 public:
  explicit Slow(Ref<Home> home) : home_{std::move(home)} {}
  void on(const Work&) const {
    const auto until = std::chrono::steady_clock::now() + 2ms;
    while (std::chrono::steady_clock::now() < until) {
    }
    home_.tell(Done{});
  }

 private:
  Ref<Home> home_;
};

int wait_for_word(Queue<int> words) { return words.get(); }

std::string all(const DrainReport& report) {
  std::string text;
  for (const StillBusy& each : report.busy) text += each.who + " in " + std::to_string(each.pid) + ": " + each.why + '\n';
  return text;
}

/// Whether the report names what is in process `pid`.
bool names(const DrainReport& report, int pid) {
  return std::any_of(report.busy.begin(), report.busy.end(), [&](const StillBusy& each) { return each.pid == pid; });
}

}  // namespace

TEST_CASE("Node::drain waits for what actors on other hosts have to do, and for what they tell") {
  Job job;
  Node& node = job.head();
  job.host("second");
  node.wait_for_hosts(2);
  const auto count = std::make_shared<std::atomic<int>>(0);
  const auto slow = node.spawn<Slow>(on_host("second"), node.spawn<Home>(count));
  for (int i = 0; i < 100; ++i) slow.tell(Work{});

  const DrainReport report = node.drain(20s);

  INFO(all(report));
  CHECK(report.quiet());
  CHECK(*count == 100);
  CHECK_THROWS_AS(slow.tell(Work{}), Closed);
}

TEST_CASE("Node::drain names who does not finish on another host, whoever has started it, with its process") {
  Job job;
  Node& node = job.head();
  job.host("second");
  job.host("third");
  node.wait_for_hosts(3);
  const auto boss = node.spawn<Boss>(on_host("second"));
  const std::string host = GENERATE("second", "third", "head");
  const Ref<Guest> guest = boss.ask(Hire{host}).get();
  const int pid = self_of(guest).pid;
  guest.tell(Sleep{});

  const DrainReport report = node.drain(500ms);

  INFO(all(report));
  REQUIRE(names(report, pid));
  CHECK_THAT(all(report), Contains("in a handler for"));
}

TEST_CASE("Node::drain waits for a process on another host to return") {
  Job job;
  Node& node = job.head();
  job.host("second");
  node.wait_for_hosts(2);
  Queue<int> words{node};
  auto process = node.start<wait_for_word>({.name = "waiter", .place = on_host("second")}, words);

  const DrainReport waiting = node.drain(300ms);
  words.put(7);
  const DrainReport returned = node.drain(20s);

  CHECK_THAT(all(waiting), Contains("waiter in " + std::to_string(process.pid()) + ": runs its function"));
  INFO(all(returned));
  CHECK(returned.quiet());
  CHECK(process.exit_code() == 7);
}

TEST_CASE("Node::drain is over although somebody on another host has ended") {
  Job job;
  Node& node = job.head();
  job.host("second");
  node.wait_for_hosts(2);
  const auto guest = node.spawn<Guest>(on_host("second"));
  const int pid = self_of(guest).pid;
  guest.tell(Leave{3});
  REQUIRE(eventually([&] { return has_ended(pid); }));

  const DrainReport report = node.drain(20s);

  INFO(all(report));
  CHECK(report.quiet());
}
