// troupe: actors in processes. Apache-2.0, see LICENSE.
// Answers that come later: handlers that return a future and keep its promise.
#include "stage.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Take {};
struct Give {
  std::string item;
};
struct Refuse {};
struct Forget {};
struct Waiting {};
struct Wanted {};
struct Explode {};

/// Whoever takes waits for somebody who gives.
class Counter : public troupe::Actor<Counter, Take, Give, Refuse, Forget, Waiting, Wanted, Explode> {
 public:
  troupe::Future<std::string> on(const Take&) { return waiting_.emplace_back().future(); }
  void on(const Give& give) {
    if (waiting_.empty()) throw std::out_of_range{"nobody waits"};
    waiting_.front().set_value(give.item);
    waiting_.erase(waiting_.begin());
  }
  void on(const Refuse&) {
    waiting_.front().set_error(troupe::NotFound{"sold out"});
    waiting_.erase(waiting_.begin());
  }
  void on(const Forget&) { waiting_.clear(); }
  std::size_t on(const Waiting&) const { return waiting_.size(); }
  std::size_t on(const Wanted&) const {
    std::size_t wanted = 0;
    for (const auto& each : waiting_) wanted += each.wanted() ? 1 : 0;
    return wanted;
  }

  void on(const Explode&) { throw std::runtime_error{"broken"}; }

 private:
  std::vector<troupe::Promise<std::string>> waiting_;
};

/// Takes from a counter, in the process where it lives.
class Customer : public troupe::Actor<Customer, Take, Forget> {
 public:
  explicit Customer(troupe::Ref<Counter> counter) : counter_{counter} {}
  void on(const Take&) { taken_.emplace(counter_.ask(Take{}, troupe::forever)); }
  bool on(const Forget&) { return taken_->cancel(); }

 private:
  troupe::Ref<Counter> counter_;
  std::optional<troupe::Future<std::string>> taken_;
};

struct Run {};
class Keeper : public troupe::Actor<Keeper, Run> {
 public:
  troupe::Task<int> on(const Run&) {
    troupe::Promise<int> promise;
    auto future = promise.future();
    promise.set_value(7);
    co_return co_await std::move(future);
  }
};

}  // namespace

TEST_CASE("an answer that comes later reaches the asker, in every place") {
  Stage stage{GENERATE(every_place)};
  const auto counter = stage.spawn<Counter>();
  auto first = counter.ask(Take{});
  auto second = counter.ask(Take{});
  REQUIRE(counter.ask(Waiting{}).get() == 2);
  CHECK_FALSE(first.ready());

  counter.ask(Give{"tea"}).get();
  CHECK(first.get(5s) == "tea");
  CHECK_FALSE(second.ready());
  counter.ask(Give{"milk"}).get();
  CHECK(second.get(5s) == "milk");
}

TEST_CASE("the error of a promise reaches the asker as it is, in every place") {
  Stage stage{GENERATE(every_place)};
  const auto counter = stage.spawn<Counter>();
  auto taken = counter.ask(Take{});

  counter.tell(Refuse{});
  CHECK_THROWS_AS(taken.get(5s), troupe::NotFound);
}

TEST_CASE("a promise that is dropped ends its future as closed, in every place") {
  Stage stage{GENERATE(every_place)};
  const auto counter = stage.spawn<Counter>();
  auto taken = counter.ask(Take{});

  counter.tell(Forget{});
  CHECK(error_of(std::move(taken)).type == troupe::ErrorType::closed);
  CHECK(counter.ask(Waiting{}).get() == 0);
}

TEST_CASE("promised answers end with their actor as asks do") {
  Stage stage{GENERATE(every_place)};
  const CapturedLog log;

  SECTION("stopped") {
    const auto counter = stage.spawn<Counter>();
    auto taken = counter.ask(Take{});
    REQUIRE(counter.ask(Waiting{}).get() == 1);
    counter.stop();
    const auto error = error_of(std::move(taken));
    CHECK(error.type == troupe::ErrorType::closed);
    CHECK(error.executed == troupe::Executed::unknown);
  }
  SECTION("failed") {
    const auto counter = stage.spawn<Counter>();
    auto taken = counter.ask(Take{});
    auto other = counter.ask(Take{});
    REQUIRE(counter.ask(Waiting{}).get() == 2);
    counter.tell(Explode{});
    const auto error = error_of(std::move(other));
    CHECK(error.type == troupe::ErrorType::actor_died);
    CHECK(troupe::chain_text(error).find("broken") != std::string::npos);
  }
  SECTION("killed") {
    const auto counter = stage.spawn<Counter>();
    auto taken = counter.ask(Take{});
    REQUIRE(counter.ask(Waiting{}).get() == 1);
    counter.kill();
    CHECK(error_of(std::move(taken)).type == troupe::ErrorType::actor_died);
  }
}

TEST_CASE("a promise is not wanted any more once its asker has given up, in every place") {
  Stage stage{GENERATE(every_place)};
  const auto counter = stage.spawn<Counter>();
  auto kept = counter.ask(Take{}, troupe::forever);
  auto given_up = counter.ask(Take{}, troupe::forever);
  REQUIRE(counter.ask(Wanted{}).get() == 2);

  CHECK(given_up.cancel());
  CHECK(eventually([&] { return counter.ask(Wanted{}).get() == 1; }));
  CHECK_FALSE(kept.ready());
}

TEST_CASE("a promise is not wanted any more once its asker's process has died") {
  Stage stage{GENERATE(other_processes)};
  const auto counter = stage.node.spawn<Counter>();
  const auto customer = stage.spawn<Customer>(counter);
  customer.tell(Take{});
  REQUIRE(eventually([&] { return counter.ask(Wanted{}).get() == 1; }));

  customer.kill();
  CHECK(eventually([&] { return counter.ask(Wanted{}).get() == 0; }));
  CHECK(counter.ask(Waiting{}).get() == 1);
}

TEST_CASE("a task may await a promise, and a promise is kept once") {
  Stage stage;
  CHECK(stage.spawn<Keeper>().ask(Run{}).get(5s) == 7);

  troupe::Promise<int> promise;
  auto future = promise.future();
  CHECK_THROWS_AS(promise.future(), troupe::Misuse);
  promise.set_value(1);
  CHECK_THROWS_AS(promise.set_value(2), troupe::Misuse);
  CHECK_FALSE(promise);
  CHECK(future.get() == 1);
}

TEST_CASE("a promise kept by another thread answers a waiting asker") {
  Stage stage;
  troupe::Promise<std::string> promise;
  auto future = promise.future();
  std::thread other{[kept = std::move(promise)]() mutable { kept.set_value("there"); }};

  CHECK(future.get(5s) == "there");
  other.join();
}
