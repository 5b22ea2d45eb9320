// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages that reached nobody: counted by reason, and told to those who want to know.
#include "stage.hpp"

#include <troupe/node/core.hpp>

#include <atomic>
#include <future>

using namespace troupe;

namespace {

struct Bump {
  int by = 0;
};
struct Stranger {};
class Taker : public Actor<Taker, Bump> {
 public:
  void on(const Bump&) {}
};
// The same class to a sender whose program knows one message more.
class Wider : public Actor<Wider, Bump, Stranger> {
 public:
  void on(const Bump&) {}
  void on(const Stranger&) {}
};

struct Letters {};
class Clerk : public Actor<Clerk, DeadLetter, Letters> {
 public:
  void on(const DeadLetter& letter) { letters_.push_back(letter); }
  std::vector<DeadLetter> on(const Letters&) const { return letters_; }

 private:
  std::vector<DeadLetter> letters_;
};

std::vector<DeadLetter> letters_of(const Ref<Clerk>& clerk) { return clerk.ask(Letters{}).get(); }

struct Hold {};
class SlowClerk : public Actor<SlowClerk, DeadLetter, Hold, Letters> {
 public:
  explicit SlowClerk(std::shared_future<void>* gate) : gate_{gate} {}
  void on(const Hold&) { gate_->wait(); }
  void on(const DeadLetter& letter) {
    ++heard_;
    left_out_ += letter.left_out;
  }
  std::pair<std::uint64_t, std::uint64_t> on(const Letters&) const { return {heard_, left_out_}; }

 private:
  std::shared_future<void>* gate_;
  std::uint64_t heard_ = 0;
  std::uint64_t left_out_ = 0;
};

void await_end(const Ref<Taker>& taker) {
  taker.stop();
  REQUIRE(eventually([&] { return !taker.ask(Bump{}).result(); }));
}

}  // namespace

TEST_CASE("a subscriber is told what reached nobody, who it was for and why") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto clerk = stage.node.spawn<Clerk>();
  stage.node.watch_dead_letters(clerk);
  const auto taker = stage.spawn<Taker>();
  await_end(taker);
  REQUIRE(letters_of(clerk).empty());
  // What comes behind the process's end is noticed by this node; before, by the process itself.
  if (where != Where::here) REQUIRE(eventually([&] { return static_cast<detail::RemoteCell&>(*taker.pointer()).session()->ended(); }));

  taker.tell(Bump{1});
  taker.tell(Bump{2});

  REQUIRE(eventually([&] { return letters_of(clerk).size() == 2; }));
  const auto letter = letters_of(clerk).front();
  CHECK(letter.message.find("Bump") != std::string::npos);
  CHECK(letter.target == taker.name());
  CHECK(letter.reason == Errc::closed);
  CHECK(letter.text.find("stopped") != std::string::npos);
  CHECK(letter.left_out == 0);
  CHECK(stage.node.dead_letters() == 2);
  CHECK(stage.node.dead_letters(Errc::closed) == 2);
  CHECK(stage.node.dead_letters(Errc::died) == 0);
}

TEST_CASE("a message that no handler takes is a dead letter too, at the actor's node") {
  CapturedLog log;
  Stage here;
  Node other{NodeOptions{.handle_signals = false}};
  const auto clerk = other.spawn<Clerk>();
  other.watch_dead_letters(clerk);
  const auto taker = other.spawn<Taker>();
  // A ref of the right address and the wrong class, as from a program of another version.
  other.core().expose(static_cast<detail::LocalCell&>(*taker.pointer()));
  const Ref<Wider> wrong{here.node.core().cell_at(taker.pointer()->address(), other.core().inproc_endpoint())};

  wrong.tell(Stranger{});

  REQUIRE(eventually([&] { return letters_of(clerk).size() == 1; }));
  CHECK(letters_of(clerk).front().reason == Errc::unhandled);
  CHECK(letters_of(clerk).front().message.find("Stranger") != std::string::npos);
  CHECK(letters_of(clerk).front().target == taker.name());
  CHECK(other.dead_letters(Errc::unhandled) == 1);
}

TEST_CASE("a slow subscriber misses letters and is told how many, nobody else waits") {
  CapturedLog log;
  std::promise<void> open;
  auto gate = open.get_future().share();
  Stage stage;
  const auto slow = stage.node.spawn<SlowClerk>(&gate);
  const auto clerk = stage.node.spawn<Clerk>();
  stage.node.watch_dead_letters(slow);
  slow.tell(Hold{});
  const auto taker = stage.node.spawn<Taker>();
  await_end(taker);

  for (int i = 0; i < 5000; ++i) taker.tell(Bump{i});
  CHECK(stage.node.dead_letters() == 5000);
  open.set_value();
  REQUIRE(eventually([&] { return slow.ask(Letters{}).get().first == 1000; }));
  taker.tell(Bump{});

  REQUIRE(eventually([&] { return slow.ask(Letters{}).get().first == 1001; }));
  CHECK(slow.ask(Letters{}).get().second == 4000);
}

TEST_CASE("a subscriber that ended or unsubscribed is told nothing more") {
  CapturedLog log;
  Stage stage;
  const auto clerk = stage.node.spawn<Clerk>();
  const auto dead = stage.node.spawn<Clerk>();
  const auto former = stage.node.spawn<Clerk>();
  for (const auto& each : {clerk, dead, former}) stage.node.watch_dead_letters(each);
  stage.node.watch_dead_letters(clerk);  // twice is once
  dead.stop();
  stage.node.unwatch_dead_letters(former);
  const auto taker = stage.node.spawn<Taker>();
  await_end(taker);

  taker.tell(Bump{1});
  taker.tell(Bump{2});

  REQUIRE(eventually([&] { return letters_of(clerk).size() == 2; }));
  CHECK(letters_of(former).empty());
  CHECK(stage.node.dead_letters() == 2);
}

TEST_CASE("dead letters of a node are told to its own actors only") {
  Stage stage;
  Node other{NodeOptions{.handle_signals = false}};
  CHECK_THROWS_AS(stage.node.watch_dead_letters(other.spawn<Clerk>()), Misuse);
  CHECK_THROWS_AS(stage.node.watch_dead_letters(Recipient<DeadLetter>{}), Misuse);
}
