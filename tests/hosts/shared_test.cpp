// troupe: actors in processes. Apache-2.0, see LICENSE.
// Patterns whose owner and users live on different hosts.
#include "hosts/job.hpp"

#include <memory>
#include <numeric>

using namespace troupe;

namespace {

struct Feed {
  Queue<int> queue;
  int first = 0;
  int count = 0;
};
struct Books {
  Dict<std::string, int> counts;
  Value<int> total;
  Value<std::string> last;
  Lock lock;
};
struct Tally {
  Books books;
  int rounds = 0;
};
struct Hold {
  Lock lock;
};
class Clerk : public Actor<Clerk, Feed, Tally, Hold, WhoAreYou> {
 public:
  int on(Feed feed) {
    for (int i = 0; i < feed.count; ++i) feed.queue.put(feed.first + i);
    return feed.count;
  }
  int on(const Tally& tally) {
    const Books& books = tally.books;
    for (int i = 0; i < tally.rounds; ++i) {
      books.counts["in one step"] += 1;
      books.total += 1;
      const std::scoped_lock held{books.lock};
      books.counts.set("in two steps", books.counts.get("in two steps") + 1);
      books.last.set(node().host_name());
    }
    return tally.rounds;
  }
  void on(const Hold& hold) { hold.lock.lock(); }
  int on(const WhoAreYou&) const { return ::getpid(); }
};

int sum_of(Queue<int> queue, Queue<int> sums) {
  int sum = 0;
  int count = 0;
  while (const auto number = queue.next()) {
    sum += *number;
    ++count;
  }
  sums.put_confirmed(sum);
  return count > 0 ? 0 : 1;
}

/// Three hosts, a clerk on each.
struct Office {
  explicit Office(Security security = Security::keys) : job{security} {
    Node& node = job.head();
    job.host("second");
    job.host("third");
    node.wait_for_hosts(3);
    for (const char* host : {"head", "second", "third"}) clerks.push_back(node.spawn<Clerk>(on_host(host)));
  }
  Node& node() { return job.node(); }
  Job job;
  std::vector<Ref<Clerk>> clerks;
};

}  // namespace

TEST_CASE("a queue on one host is filled and emptied by processes of three") {
  Office office{GENERATE(both_securities)};
  const std::string owner = GENERATE("head", "second");
  Queue<int> queue{office.node(), {.place = on_host(owner)}};
  Queue<int> sums{office.node(), {.place = on_host("third")}};
  std::vector<Process> readers;
  for (const char* host : {"head", "second", "third"})
    readers.push_back(office.node().start<sum_of>({.place = on_host(host)}, queue, sums));
  constexpr int each = 2000;

  std::vector<Future<int>> fed;
  for (std::size_t i = 0; i < office.clerks.size(); ++i) fed.push_back(office.clerks[i].ask(Feed{queue, static_cast<int>(i) * each, each}));
  for (auto& future : fed) CHECK(future.get() == each);
  queue.close();
  int sum = 0;
  for (std::size_t i = 0; i < readers.size(); ++i) sum += sums.get();

  CHECK(sum == 3 * each * (3 * each - 1) / 2);
  for (const auto& reader : readers) reader.join();
}

TEST_CASE("dicts, values and locks of one host are used by processes of three, each step once") {
  Office office;
  const auto place = on_host(GENERATE("second", "third"));
  const Books books{Dict<std::string, int>{office.node(), {{"in one step", 0}, {"in two steps", 0}}, {.place = place}},
                    Value<int>{office.node(), 0, {.place = place}}, Value<std::string>{office.node(), "", {.place = place}},
                    Lock{office.node(), {.place = place}}};
  constexpr int rounds = 50;

  std::vector<Future<int>> tallied;
  for (const auto& clerk : office.clerks) tallied.push_back(clerk.ask(Tally{books, rounds}));
  for (auto& future : tallied) CHECK(future.get() == rounds);

  CHECK(books.counts.get("in one step") == 3 * rounds);
  CHECK(books.counts.get("in two steps") == 3 * rounds);
  CHECK(books.total.get() == 3 * rounds);
  CHECK_FALSE(books.last.get().empty());
  CHECK_FALSE(books.lock.locked());
}

TEST_CASE("a lock whose holder is killed on another host is free for the next, and abandoned") {
  Office office;
  const Lock lock{office.node(), {.place = on_host("third")}};
  const auto& holder = office.clerks[1];
  holder.tell(Hold{lock});
  const int pid = holder.ask(WhoAreYou{}).get();
  REQUIRE(lock.locked());

  ::kill(pid, SIGKILL);

  REQUIRE(lock.try_lock_for(20s));
  CHECK(lock.abandoned());
  lock.unlock();
}

TEST_CASE("who waits at a queue whose owner's process is killed on another host is told") {
  Job job;
  Node& node = job.head();
  Program& second = job.host("second");
  job.host("third");
  node.wait_for_hosts(3);
  Queue<int> queue{node, {.place = on_host("second")}};
  const auto owner = children_of(second.pid());
  REQUIRE(owner.size() == 1);
  auto reader = node.start<sum_of>({.place = on_host("third"), .output = Output::discarded}, queue, queue);

  ::kill(owner.front(), SIGKILL);

  CHECK_THROWS_AS(queue.get(), ActorDied);
  reader.join();
  CHECK(reader.exit_code() == 1);
}
