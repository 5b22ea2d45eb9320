// troupe: actors in processes. Apache-2.0, see LICENSE.
// Queues where those of other libraries hang, lose or tear: processes that end at the wrong moment.
#include "actor/stage.hpp"
#include "system/program.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <iostream>
#include <set>
#include <string>
#include <vector>

using troupe::Process;
using troupe::Queue;

namespace {

constexpr auto soon = 20s;

struct GetNow {
  Queue<int> queue;
};
class Getter : public troupe::Actor<Getter, GetNow> {
 public:
  int on(GetNow get) { return get.queue.get(0s); }
};

}  // namespace

TEST_CASE("Q17 that a queue is empty is the same error in another process") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node};

  const auto error = error_of(stage.spawn<Getter>().ask(GetNow{queue}));

  REQUIRE(error.cause != nullptr);
  CHECK(error.cause->type == troupe::ErrorType::timeout);
}

TEST_CASE("Q19 a child hands the queue on to a grandchild") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node};

  stage.node
      .start(
          [](troupe::Node& node, Queue<int> here) {
            here.put(2);
            node.start([](Queue<int> there) { there.put(1); }, here).join();
          },
          queue)
      .join();

  CHECK(std::set<int>{queue.get(soon), queue.get(soon)} == std::set<int>{1, 2});
}

TEST_CASE("R10 a process that has put a large item can be joined before that is taken") {
  Stage stage{GENERATE(other_processes)};
  Queue<std::string> queue{stage.node};
  const Process process = stage.node.start([](Queue<std::string> to) { to.put(std::string(1 << 20, 'x')); }, queue);

  CHECK(process.join_for(soon));

  CHECK(queue.get(soon).size() == 1 << 20);
}

TEST_CASE("R11 what was put confirmed is there, though the process leaves at once") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node};
  for (int i = 0; i < 5; ++i) {
    stage.node
        .start(
            [](Queue<int> to, int item) {
              to.put_confirmed(item);
              ::_exit(0);
            },
            queue, i)
        .join();
    CHECK(queue.try_get() == i);
  }
}

TEST_CASE("R13 producers and consumers that are killed while they put and get block nobody and tear nothing") {
  Stage stage{Where::ipc};
  Queue<std::string> queue{stage.node, {.capacity = 50}};
  const auto produce = [](Queue<std::string> to) {
    for (int i = 0;; ++i) to.put(std::string(static_cast<std::size_t>(i % 300), static_cast<char>('a' + i % 26)));
  };
  const auto consume = [](Queue<std::string> from) {
    while (true) from.get();
  };
  auto whole = [](const std::string& item) { return item.empty() || item == std::string(item.size(), item.front()); };

  for (int round = 0; round < 15; ++round) {
    const Process producer = stage.node.start(produce, queue);
    const Process other = stage.node.start(produce, queue);
    const Process consumer = stage.node.start(consume, queue);
    for (int i = 0; i < 200; ++i) REQUIRE(whole(queue.get(soon)));
    producer.kill();
    for (int i = 0; i < 50; ++i) REQUIRE(whole(queue.get(soon)));
    consumer.kill();
    other.kill();
    for (const Process* each : {&producer, &other, &consumer}) each->join();
    while (auto item = queue.try_get()) REQUIRE(whole(*item));
    REQUIRE(eventually([&] {  // one may still go to who was killed while it waited
      queue.put("x", soon);
      return queue.try_get_for(100ms) == "x";
    }));
  }
}

TEST_CASE("R14 what was just put is in the queue") {
  Stage stage{GENERATE(every_place)};
  Queue<int> queue{stage.node};
  for (int i = 1; i <= 50; ++i) {
    queue.put(i);
    REQUIRE_FALSE(queue.empty());
    REQUIRE(queue.size() == static_cast<std::size_t>(i));
  }
}

namespace {

const ChildMain returning{"queue_returning", [](int argc, char** argv) {
                            troupe::Node node{argc, argv};
                            Queue<int> queue{node};
                            node.start(
                                [](Queue<int> mine) {
                                  for (int i = 0; i < 100; ++i) mine.put(i);
                                  int sum = 0;
                                  for (int i = 0; i < 100; ++i) sum += mine.get();
                                  std::cout << "sum " << sum << std::endl;
                                },
                                queue);
                            return 0;
                          }};

}  // namespace

TEST_CASE("R22 main returns at once, and the process that it started works with its queue to the end") {
  const Folder folder;
  Program program{"queue_returning", folder};

  CHECK(program.prints("sum 4950"));
  CHECK(program.status() == 0);
}

TEST_CASE("R28 whoever is blocked in a queue hears within 2 s that its owner was killed") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> empty{stage.node, {.place = troupe::own_process}};
  Queue<int> full{stage.node, {.capacity = 1, .place = troupe::own_process}};
  full.put(1);
  std::vector<std::future<void>> blocked;
  blocked.push_back(std::async(std::launch::async, [empty]() mutable { (void)empty.get(); }));
  blocked.push_back(std::async(std::launch::async, [empty]() mutable { (void)empty.take(); }));
  blocked.push_back(std::async(std::launch::async, [full]() mutable { full.put(2); }));
  blocked.push_back(std::async(std::launch::async, [full]() mutable { full.join(); }));
  REQUIRE(empty.empty());
  REQUIRE(full.full());

  const auto begin = std::chrono::steady_clock::now();
  for (const pid_t owner : children_of(::getpid())) ::kill(owner, SIGKILL);
  for (auto& each : blocked) CHECK_THROWS_AS(each.get(), troupe::ActorDied);
  CHECK(std::chrono::steady_clock::now() - begin < 2s * (sanitized ? 5 : 1));
}

// --- Types ----------------------------------------------------------------------------------------------------------------

namespace {

struct QueueOfInts {
  Queue<int> queue;
};
struct QueueOfLongs {
  Queue<long> queue;
};

struct Picky {
  int number = 0;
  template <class Archive>
  void save(Archive& archive) const {
    archive(number);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(number);
    if (number < 0) throw std::runtime_error{"not with me"};
  }
};

}  // namespace

TEST_CASE("a handle to a queue of other items is refused, and the error names both") {
  Stage stage;
  Queue<int> queue{stage.node, {.name = "tea"}};
  troupe::detail::Encoded bytes;
  troupe::detail::encode(bytes, QueueOfInts{queue});

  CHECK(troupe::detail::decode<QueueOfInts>(bytes.view()).queue == queue);
  try {
    (void)troupe::detail::decode<QueueOfLongs>(bytes.view());
    FAIL("it was taken for a queue of long");
  } catch (const troupe::Malformed& error) {
    const std::string text = error.what();
    CHECK(text.find("'tea'") != std::string::npos);
    CHECK(text.find("of int") != std::string::npos);
    CHECK(text.find("of long") != std::string::npos);
  }
}

TEST_CASE("an item that its type does not read is Malformed for who gets it, and the next one comes") {
  Stage stage;
  Queue<Picky> queue{stage.node, {.place = troupe::own_process}};
  queue.put(Picky{-1});
  queue.put(Picky{1});
  queue.put(Picky{-1});
  queue.put(Picky{2});

  CHECK_THROWS_AS(queue.get(), troupe::Malformed);
  CHECK(queue.get().number == 1);
  CHECK(error_of(queue.get_async()).type == troupe::ErrorType::malformed);
  CHECK(queue.get(soon).number == 2);
}

namespace {

/// Can only be moved, though its vector looks as if it could be copied.
struct Parcel {
  std::vector<troupe::Connection<int>> ends;
};

}  // namespace

TEST_CASE("ends of pipes wait in queues of other processes, one or many, and go on to whoever gets them") {
  Stage stage{GENERATE(every_place)};
  Queue<Parcel> queue{stage.node, {.place = troupe::own_process}};
  std::vector<troupe::Connection<int>> near;
  for (int i = 0; i < 20; ++i) {
    auto [mine, theirs] = troupe::pipe<int>(stage.node, {.claim_within = 200ms});
    near.push_back(std::move(mine));
    Parcel parcel;
    parcel.ends.push_back(std::move(theirs));
    queue.put(std::move(parcel));
  }
  CHECK_FALSE(near.front().poll(400ms));  // longer than an end may be under way

  for (int i = 0; i < 20; ++i) {
    auto parcel = queue.get(soon);
    parcel.ends.front().send(i);
    CHECK(near[static_cast<std::size_t>(i)].recv(soon) == i);
  }
}
