// troupe: actors in processes. Apache-2.0, see LICENSE.
// Several futures as one, in handlers and threads.
#include "stage.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace troupe;

struct Both {
  int left = 0;
  std::string right;
};
struct Each {
  std::vector<int> numbers;
};
struct First {};

struct Number {
  int value = 0;
};
struct Text {
  std::string value;
};
struct Fail {};
class Source : public Actor<Source, Number, Text, Fail> {
 public:
  int on(const Number& number) { return number.value; }
  std::string on(const Text& text) { return text.value; }
  int on(const Fail&) { throw std::out_of_range{"none"}; }
};

// Asks several at once in a handler.
class Collector : public Actor<Collector, Both, Each, First> {
 public:
  explicit Collector(Ref<Source> source) : source_{std::move(source)} {}
  Task<std::string> on(Both both) {
    const auto [left, right] = co_await when_all(source_.ask<Number>(both.left), source_.ask<Text>(both.right));
    co_return right + std::to_string(left);
  }
  Task<int> on(Each each) {
    std::vector<Future<int>> futures;
    for (const int number : each.numbers) futures.push_back(source_.ask<Number>(number));
    int sum = 0;
    for (const int value : co_await when_all(std::move(futures))) sum += value;
    co_return sum;
  }
  Task<int> on(First) {
    Promise<int> never;
    std::vector<Future<int>> futures;
    futures.push_back(never.future());
    futures.push_back(source_.ask<Number>(7));
    const std::size_t first = co_await when_any(futures);
    co_return static_cast<int>(first) * 10 + futures[first].get();
  }

 private:
  const Ref<Source> source_;
};

TEST_CASE("when_all brings the values in their order, as a vector or a tuple, also from other processes") {
  Stage stage{GENERATE(Where::here, Where::ipc)};
  const auto collector = stage.node.spawn<Collector>(stage.spawn<Source>());

  CHECK(collector.ask(Both{4, "number "}).get() == "number 4");
  CHECK(collector.ask(Each{{1, 2, 3, 4}}).get() == 10);
  CHECK(collector.ask(Each{{}}).get() == 0);
}

TEST_CASE("when_all ends with the first error, and does not wait for the others") {
  Stage stage;
  const auto source = stage.node.spawn<Source>();
  Promise<int> never;

  auto all = when_all(never.future(), source.ask(Fail{}));
  CHECK_THROWS_AS(all.get(), std::out_of_range);
}

TEST_CASE("when_all of voids and values waits for all") {
  Stage stage;
  Promise<void> done;
  Promise<int> number;
  auto all = when_all(done.future(), number.future());

  number.set_value(3);
  CHECK_FALSE(all.ready());
  done.set_value();
  CHECK(std::get<1>(all.get()) == 3);
}

TEST_CASE("when_all may be told of callbacks that are still running") {
  Stage stage;
  Promise<int> number;
  auto future = number.future();
  int seen = 0;
  future.then([&](const Result<int>& result) { seen = result.value(); });
  std::vector<Future<int>> futures;
  futures.push_back(std::move(future));
  auto all = when_all(std::move(futures));

  number.set_value(5);
  CHECK(all.get() == std::vector{5});
  CHECK(seen == 5);
}

TEST_CASE("when_any says which future is the first, and the others can be waited for again") {
  Stage stage;
  std::vector<Promise<int>> promises(3);
  std::vector<Future<int>> futures;
  for (auto& promise : promises) futures.push_back(promise.future());

  auto first = when_any(futures);
  CHECK_FALSE(first.ready());
  promises[1].set_value(11);
  CHECK(first.get() == 1);
  CHECK(futures[1].get() == 11);
  auto next = when_any(futures[0], futures[2]);
  promises[2].set_error(Timeout{"late"});
  CHECK(next.get() == 1);
  CHECK_THROWS_AS(futures[2].get(), Timeout);
}

TEST_CASE("when_any in a handler takes the answer that is there") {
  Stage stage;
  const auto collector = stage.node.spawn<Collector>(stage.node.spawn<Source>());

  CHECK(collector.ask(First{}).get() == 17);
}

TEST_CASE("when_any of nothing, and of an empty future, is misuse") {
  Stage stage;
  const Future<int> empty;

  CHECK_THROWS_AS(when_any(std::vector<Future<int>>{}), Misuse);
  CHECK_THROWS_AS(when_any(empty), Misuse);
}

class Over final : public detail::Gathering {
 public:
  explicit Over(std::shared_ptr<int> token) : token_{std::move(token)} {}
  void settled(std::size_t, detail::FutureState&) override {}
  [[nodiscard]] bool over() const noexcept override { return true; }

 private:
  const std::shared_ptr<int> token_;
};

TEST_CASE("a future that is asked again and again whether it is the first keeps nothing of that") {
  Stage stage;
  Promise<int> long_one;
  const auto future = long_one.future();
  const auto token = std::make_shared<int>(0);

  for (int i = 0; i < 10; ++i) detail::gather(future.shared_state(), std::make_shared<Over>(token), 0);

  CHECK(token.use_count() == 2);  // ours, and the last one's
}

}  // namespace
