// troupe: actors in processes. Apache-2.0, see LICENSE.
// Actors of one process: how fast they talk, how fast they begin, what they weigh.
#include <troupe/troupe.hpp>

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <semaphore>
#include <vector>

#include "benchmarks/measurements.hpp"

namespace bench {

struct Handled {};
struct Ball {
  std::uint64_t left = 0;
};
struct Item {
  std::uint64_t weight = 1;
};
struct Burst {};

/// Released once, when the actors of a measurement have done their work.
using Done = std::binary_semaphore;

class Player;
struct Partner {
  troupe::Ref<Player> ref;
};

class Player : public troupe::Actor<Player, Partner, Ball, Handled> {
 public:
  explicit Player(Done& done) : done_{done} {}
  void on(const Partner& partner) { partner_ = partner.ref; }
  void on(const Ball& ball) {
    ++handled_;
    if (ball.left == 0) return done_.release();
    partner_.tell(Ball{ball.left - 1});
  }
  std::uint64_t on(const Handled&) const { return handled_; }

 private:
  Done& done_;
  troupe::Ref<Player> partner_;
  std::uint64_t handled_ = 0;
};

class Counter : public troupe::Actor<Counter, Item, Handled> {
 public:
  Counter(std::uint64_t expected, Done& done) : expected_{expected}, done_{done} {}
  void on(const Item& item) {
    handled_ += item.weight;
    if (handled_ == expected_) done_.release();
  }
  std::uint64_t on(const Handled&) const { return handled_; }

 private:
  const std::uint64_t expected_;
  Done& done_;
  std::uint64_t handled_ = 0;
};

/// Sends a hundred in each turn, whatever the other end does: the bound of its mailbox must hold it back.
class Source : public troupe::Actor<Source, Burst> {
 public:
  static constexpr std::uint64_t per_turn = 100;
  Source(troupe::Ref<Counter> sink, std::uint64_t count) : sink_{std::move(sink)}, left_{count} {}
  void on(const Burst&) {
    for (std::uint64_t i = 0; i < per_turn; ++i) sink_.tell(Item{});
    left_ -= per_turn;
    if (left_ > 0) self().tell(Burst{});
  }

 private:
  const troupe::Ref<Counter> sink_;
  std::uint64_t left_;
};

class Sleeper : public troupe::Actor<Sleeper, Handled> {
 public:
  Sleeper(std::atomic<std::size_t>& awake, Done& done) : awake_{awake}, done_{done} {}
  void on(const Handled&) {}

 private:
  void on_start() override {
    if (awake_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_.release();
  }
  std::atomic<std::size_t>& awake_;
  Done& done_;
};

namespace {

// What sleepers report to; outlives their node.
struct Dormitory {
  std::atomic<std::size_t> awake{0};
  Done done{0};
};

std::vector<troupe::Ref<Sleeper>> start_sleepers(troupe::Node& node, Dormitory& dormitory, std::size_t count) {
  dormitory.awake = count;
  std::vector<troupe::Ref<Sleeper>> sleepers;
  sleepers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) sleepers.push_back(node.spawn<Sleeper>(dormitory.awake, dormitory.done));
  dormitory.done.acquire();
  expect_count("sleepers that have not started", dormitory.awake.load(), std::size_t{0});
  return sleepers;
}

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

double local_ping_pong(const Run& run) {
  const std::size_t trips = run.count(3'000'000);
  Done done{0};
  troupe::Node node;
  const auto one = node.spawn<Player>(done);
  const auto other = node.spawn<Player>(done);
  one.tell(Partner{other});
  other.tell(Partner{one});
  const Stopwatch watch;
  one.tell(Ball{2 * trips});
  done.acquire();
  const double elapsed = watch.microseconds();
  expect_count("balls", one.ask(Handled{}).get() + other.ask(Handled{}).get(), std::uint64_t{2 * trips + 1});
  return elapsed / static_cast<double>(trips);
}

double local_4_to_1(const Run& run) {
  const std::uint64_t each = run.count(2'000'000);
  Done done{0};
  troupe::Node node;
  const auto sink = node.spawn<Counter>(4 * each, done);
  std::vector<troupe::Ref<Source>> sources;
  for (int i = 0; i < 4; ++i) sources.push_back(node.spawn<Source>(sink, each));
  const Stopwatch watch;
  for (const auto& source : sources) source.tell(Burst{});
  done.acquire();
  const double elapsed = watch.seconds();
  expect_count("messages", sink.ask(Handled{}).get(), 4 * each);
  return static_cast<double>(4 * each) / elapsed;
}

double local_spawn(const Run& run) {
  const std::size_t count = run.count(300'000);
  Dormitory dormitory;
  troupe::Node node;
  (void)start_sleepers(node, dormitory, 1000);
  const Stopwatch watch;
  const auto sleepers = start_sleepers(node, dormitory, count);
  return static_cast<double>(count) / watch.seconds();
}

double local_idle_actor(const Run& run) {
  const std::size_t count = run.count(200'000);
  Dormitory dormitory;
  troupe::Node node;
  (void)start_sleepers(node, dormitory, 1000);
  const std::size_t before = resident_bytes();
  const auto sleepers = start_sleepers(node, dormitory, count);
  return static_cast<double>(resident_bytes() - before) / static_cast<double>(count);
}

}  // namespace bench
