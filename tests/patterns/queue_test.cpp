// troupe: actors in processes. Apache-2.0, see LICENSE.
// Queues: what one handle does, with the owner in every place.
#include "actor/stage.hpp"

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using troupe::Queue;

namespace {

template <class T>
Queue<T> queue_at(Stage& stage, Where where, std::uint64_t capacity = troupe::unbounded) {
  return Queue<T>{stage.node, {.capacity = capacity, .name = "tea", .place = where == Where::here ? troupe::here : troupe::own_process}};
}

template <class Call>
auto in_thread(Call call) {
  return std::async(std::launch::async, std::move(call));
}

constexpr auto moment = 20ms;

template <class Call>
auto timed(Call call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::steady_clock::now() - begin;
}

struct Deep {
  std::vector<Deep> inner;
};

}  // namespace

TEST_CASE("Q01 put in all its forms fills a queue, and empty and full say so") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where, 6);
  CHECK(queue.empty());
  CHECK_FALSE(queue.full());

  queue.put(1);
  queue.put(2, 1s);
  queue.put_async(3).get();
  CHECK(queue.try_put(4));
  CHECK(queue.try_put_for(5, 1s));
  queue.put_many({6});

  CHECK_FALSE(queue.empty());
  CHECK(queue.full());
  CHECK(queue.capacity() == 6);
  CHECK(queue.get_many(10) == std::vector<int>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("Q02 a full queue refuses: at once, or after the patience") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where, 1);
  queue.put(1);

  CHECK_FALSE(queue.try_put(2));
  CHECK_THROWS_AS(queue.put(2, 0s), troupe::Full);
  CHECK(timed([&] { CHECK_FALSE(queue.try_put_for(2, moment)); }) >= moment);
  CHECK(timed([&] { CHECK_THROWS_AS(queue.put(2, moment), troupe::Full); }) >= moment);
  CHECK(queue.size() == 1);
  CHECK(queue.get() == 1);
  CHECK(queue.empty());
}

TEST_CASE("Q05 an empty queue has nothing: at once, or after the patience") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);

  CHECK_FALSE(queue.try_get());
  CHECK_THROWS_AS(queue.get(0s), troupe::Timeout);
  CHECK(timed([&] { CHECK_FALSE(queue.try_get_for(moment)); }) >= moment);
  CHECK(timed([&] { CHECK_THROWS_AS(queue.get(moment), troupe::Timeout); }) >= moment);
  CHECK_FALSE(queue.try_get_for(-1s));
  queue.put(1);
  CHECK(queue.try_get_for(moment) == 1);
}

TEST_CASE("Q07 size counts what is in the queue") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);

  CHECK(queue.size() == 0);
  queue.put(1);
  CHECK(queue.size() == 1);
  queue.put(5);
  CHECK(queue.size() == 2);
  queue.get();
  CHECK(queue.size() == 1);
  queue.get();
  CHECK(queue.size() == 0);
}

TEST_CASE("Q10 Q11 an item that cannot be sent is refused at the call and takes no slot") {
  Stage stage{Where::ipc};
  auto queue = queue_at<Deep>(stage, Where::ipc, 1);
  Deep deep;
  for (int i = 0; i < 1000; ++i) {
    Deep outer;
    outer.inner.push_back(std::move(deep));
    deep = std::move(outer);
  }

  CHECK_THROWS_AS(queue.put(std::move(deep)), troupe::Malformed);
  CHECK(queue.try_put(Deep{}));
  CHECK(queue.try_get_for(5s).has_value());
  CHECK(queue.empty());
}

TEST_CASE("Q14 close lets nothing in, and what is in is still taken") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  queue.put_many({1, 2, 3});

  queue.close();

  CHECK(queue.closed());
  CHECK_THROWS_AS(queue.put(4), troupe::Closed);
  CHECK_THROWS_AS(queue.try_put(4), troupe::Closed);
  CHECK_THROWS_AS(queue.put_many({4}), troupe::Closed);
  CHECK(queue.get() == 1);
  CHECK(queue.try_get() == 2);
  CHECK(queue.next() == 3);
  CHECK_FALSE(queue.next());
  CHECK_THROWS_AS(queue.get(), troupe::EndOfStream);
  CHECK_THROWS_AS(queue.try_get(), troupe::Closed);
  CHECK_THROWS_AS(queue.get_many(2), troupe::Closed);
  CHECK_THROWS_AS(queue.get_async().get(), troupe::Closed);
}

TEST_CASE("Q22 close twice is close once, and a closed queue can be looked at") {
  Stage stage;
  auto queue = queue_at<int>(stage, Where::here);
  queue.close();
  queue.close();

  CHECK(queue.empty());
  CHECK_FALSE(queue.next());
}

TEST_CASE("Q25 try_put_many and try_get_many do all or nothing") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where, 3);

  CHECK_FALSE(queue.try_put_many({1, 2, 3, 4}));
  CHECK(queue.empty());
  CHECK(queue.try_put_many({1, 2}));
  CHECK(queue.try_get_many(3).empty());
  CHECK(queue.size() == 2);
  CHECK(queue.try_get_many(2) == std::vector<int>{1, 2});
}

TEST_CASE("close ends whoever waits for room or for items") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto full = queue_at<int>(stage, where, 1);
  auto empty = queue_at<int>(stage, where);
  full.put(1);
  auto put = full.put_async(2);
  auto put_many = in_thread([full]() mutable { full.put_many({3, 4}); });
  auto get = empty.get_async();
  auto next = in_thread([empty]() mutable { return empty.next(); });

  full.close();
  empty.close();

  CHECK(error_of(std::move(put)).type == troupe::ErrorType::closed);
  CHECK(error_of(std::move(get)).type == troupe::ErrorType::end_of_stream);
  CHECK_FALSE(next.get());
  CHECK_THROWS_AS(put_many.get(), troupe::Closed);
  CHECK(full.get() == 1);
  CHECK_FALSE(full.next());
}

TEST_CASE("put_many into a small queue waits for room item by item and keeps the order") {
  Stage stage;
  auto queue = queue_at<int>(stage, Where::here, 2);
  auto all = in_thread([queue]() mutable { queue.put_many({1, 2, 3, 4, 5}); });

  for (int i = 1; i <= 5; ++i) CHECK(queue.try_get_for(5s) == i);
  all.get();
  CHECK(queue.empty());
}

TEST_CASE("who waits for items gets them in the order of coming") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  auto first = queue.get_async();
  auto second = queue.get_async();
  auto third = queue.get_async();

  queue.put_many({1, 2, 3});

  CHECK(first.get(5s) == 1);
  CHECK(second.get(5s) == 2);
  CHECK(third.get(5s) == 3);
}

TEST_CASE("who waits for room gets it in the order of coming, and nobody passes") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where, 1);
  queue.put(1);
  auto second = queue.put_async(2);
  auto third = queue.put_async(3);
  CHECK_FALSE(queue.try_put(4));

  CHECK(queue.get() == 1);
  second.get(5s);
  CHECK_FALSE(third.ready());
  CHECK_FALSE(queue.try_put(4));
  CHECK(queue.get() == 2);
  third.get(5s);
  CHECK(queue.get() == 3);
  CHECK(queue.empty());
}

TEST_CASE("a get that was cancelled takes nothing") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  auto cancelled = queue.get_async();
  auto other = queue.get_async();
  REQUIRE(queue.empty());

  REQUIRE(cancelled.cancel());
  queue.put(1);

  CHECK(other.get(5s) == 1);
}

TEST_CASE("a put that was cancelled while it waited for room adds nothing") {
  Stage stage;
  auto queue = queue_at<int>(stage, Where::here, 1);
  queue.put(1);
  auto cancelled = queue.put_async(2);
  auto other = queue.put_async(3);

  REQUIRE(cancelled.cancel());

  CHECK(queue.get() == 1);
  other.get(5s);
  CHECK(queue.get() == 3);
}

TEST_CASE("join returns when task_done was called for every item, and not more often") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  queue.join();
  queue.put_many({1, 2});
  auto joined = in_thread([queue]() mutable { queue.join(); });

  queue.get_many(2);
  CHECK_FALSE(queue.join_for(0s));
  queue.task_done();
  CHECK(timed([&] { CHECK_FALSE(queue.join_for(moment)); }) >= moment);
  queue.task_done();
  joined.get();
  CHECK(queue.join_for(0s));
  CHECK_THROWS_AS(queue.task_done(), troupe::Misuse);
}

TEST_CASE("an empty handle is misused by every call") {
  Queue<int> queue;

  CHECK_FALSE(queue);
  CHECK_THROWS_AS(queue.put(1), troupe::Misuse);
  CHECK_THROWS_AS(queue.get(), troupe::Misuse);
  CHECK_THROWS_AS(queue.next(), troupe::Misuse);
  CHECK_THROWS_AS(queue.get_async(), troupe::Misuse);
  CHECK_THROWS_AS(queue.close(), troupe::Misuse);
  CHECK_THROWS_AS(queue.size(), troupe::Misuse);
  CHECK_THROWS_AS(queue.join(), troupe::Misuse);
  CHECK_THROWS_AS(queue.begin(), troupe::Misuse);
}

TEST_CASE("a queue without capacity is misuse") {
  Stage stage;
  CHECK_THROWS_AS((Queue<int>{stage.node, {.capacity = 0}}), troupe::Misuse);
}

TEST_CASE("a queue takes items that can only be moved, and vectors") {
  Stage stage;
  Queue<std::unique_ptr<int>> pointers{stage.node};
  pointers.put(std::make_unique<int>(7));
  CHECK(*pointers.get() == 7);

  Queue<std::vector<int>> vectors{stage.node};
  vectors.put({1, 2});
  vectors.put_many({{3}, {4, 5}});
  CHECK(vectors.get() == std::vector<int>{1, 2});
  CHECK(vectors.get_many(2) == std::vector<std::vector<int>>{{3}, {4, 5}});
}

TEST_CASE("destroy ends the queue: closed for everybody, next and loops too") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  auto waits = queue.get_async();
  REQUIRE(queue.empty());

  queue.destroy();

  CHECK(error_of(std::move(waits)).type == troupe::ErrorType::closed);
  CHECK_THROWS_AS(queue.next(), troupe::Closed);
  CHECK_THROWS_AS(queue.put(1), troupe::Closed);
  const auto loop = [&] {
    for (const int item : queue) FAIL(item);
  };
  CHECK_THROWS_AS(loop(), troupe::Closed);
}

TEST_CASE("the queue ends with its node") {
  std::optional<Stage> stage{std::in_place};
  Queue<int> queue{stage->node};
  queue.put(1);

  stage.reset();

  CHECK_THROWS_AS(queue.get(), troupe::Closed);
  CHECK_THROWS_AS(queue.next(), troupe::Closed);
  CHECK_THROWS_AS(queue.put(1), troupe::Closed);
}

TEST_CASE("a call that waits for long says once what for") {
  CapturedLog log;
  Stage stage{Where::here, {.say_waiting_after = 1ms}};
  Queue<int> queue{stage.node, {.name = "tea"}};
  auto waits = in_thread([queue]() mutable { return queue.get(); });

  CHECK(eventually([&] { return log.contains("for an item of the queue 'tea'"); }));
  queue.put(1);
  CHECK(waits.get() == 1);
}
