// troupe: actors in processes. Apache-2.0, see LICENSE.
// Credit: an actor in another process that does not keep up stops those who write to it, nobody else, and no memory grows.
#include "stage.hpp"
#include "system/program.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

using namespace troupe;

namespace {

struct Load {
  int number = 0;
  std::string ballast;
};
struct Hold {};
struct Release {};
struct Tally {};
struct Pid {};
// Takes nothing between Hold and the opening of a file that the test holds closed: see `Latch`.
class Store : public Actor<Store, Load, Hold, Tally, Pid> {
 public:
  explicit Store(std::string latch) : latch_{std::move(latch)} {}
  void on(const Load& load) {
    if (load.number != count_) ++disorder_;
    ++count_;
  }
  void on(const Hold&) const {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (::access(latch_.c_str(), F_OK) == 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  }
  std::pair<int, int> on(const Tally&) const { return {count_, disorder_}; }
  int on(const Pid&) const { return ::getpid(); }

 private:
  const std::string latch_;
  int count_ = 0;
  int disorder_ = 0;
};

// A file that exists until it is opened: processes wait for its end.
class Latch {
 public:
  Latch() {
    const int file = ::mkstemp(path_.data());
    REQUIRE(file >= 0);
    ::close(file);
  }
  ~Latch() { open(); }
  Latch(const Latch&) = delete;
  Latch& operator=(const Latch&) = delete;
  void open() const { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "troupe-latch-XXXXXX").string();
};

// Two actors behind one connection.
struct MakeStore {
  std::string latch;
};
class House : public Actor<House, MakeStore> {
 public:
  Ref<Store> on(const MakeStore& make) { return node().spawn<Store>(make.latch); }
};

// Tells until there is no room at all. @returns how many were accepted
int fill(const Ref<Store>& store, const std::string& ballast, int most = 100'000) {
  int accepted = 0;
  try {
    for (; accepted < most; ++accepted) store.tell(Load{accepted, ballast}, 0ms);
  } catch (const Full&) {
  }
  return accepted;
}

struct Flood {
  Ref<Store> to;
  int count = 0;
  int milliseconds = 0;
};
struct Accepted {};
// Tells from its handler.
class Flooder : public Actor<Flooder, Flood, Accepted> {
 public:
  void on(const Flood& flood) {
    for (int i = 0; i < flood.count; ++i) {
      try {
        flood.to.tell(Load{accepted_, ""}, std::chrono::milliseconds{flood.milliseconds});
        ++accepted_;
      } catch (const Full&) {
        return;
      }
    }
  }
  int on(const Accepted&) const { return accepted_; }

 private:
  int accepted_ = 0;
};

struct Around {
  int from = 0;
};
class Circle;
struct Close {
  Ref<Circle> next;
};
struct Refusals {};
// Each message becomes ten for the next one: no room is enough.
class Circle : public Actor<Circle, Around, Close, Refusals> {
 public:
  void on(const Close& close) { next_ = close.next; }
  void on(const Around& around) {
    for (int i = 0; i < 10 && refused_ == 0; ++i) {
      try {
        next_.tell(Around{around.from}, 1s);
      } catch (const Full&) {
        ++refused_;
      }
    }
  }
  int on(const Refusals&) const { return refused_; }

 private:
  Ref<Circle> next_;
  int refused_ = 0;
};

double resident_mebibytes(int pid) {
  std::ifstream statm{"/proc/" + std::to_string(pid) + "/statm"};
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace

TEST_CASE("an actor elsewhere that takes nothing stops its sender after a first window, and all that was accepted arrives in order") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  Stage stage{where};
  const Latch latch;
  const auto store = stage.spawn<Store>(latch.path());
  store.tell(Hold{});

  const int accepted = fill(store, "");
  CHECK(accepted == 63);  // and Hold
  CHECK_THROWS_AS(store.tell(Load{accepted, ""}, 20ms), Full);
  CHECK_THROWS_AS(store.ask(Tally{}, 20ms), Full);

  latch.open();
  CHECK(store.ask(Tally{}).get() == std::pair{accepted, 0});
}

TEST_CASE("a window counts bytes too, and lets a message through that is larger than itself") {
  Stage stage{Where::ipc};
  const Latch latch;
  const auto store = stage.spawn<Store>(latch.path());
  store.tell(Hold{});

  const std::string large(1 << 20, 'x');
  const int accepted = fill(store, large);
  CHECK(accepted == 1);

  latch.open();
  CHECK(store.ask(Tally{}).get() == std::pair{accepted, 0});
  for (int i = 0; i < 20; ++i) store.tell(Load{accepted + i, large});
  CHECK(store.ask(Tally{}).get() == std::pair{accepted + 20, 0});
}

TEST_CASE("a window grows for an actor that keeps up, and what it lost in a stall it gets back") {
  Stage stage{Where::ipc};
  const Latch latch;
  const auto store = stage.spawn<Store>(latch.path());
  for (int i = 0; i < 50'000; ++i) store.tell(Load{i, ""});
  REQUIRE(store.ask(Tally{}).get() == std::pair{50'000, 0});
  store.tell(Hold{});

  int next = 50'000;
  try {
    for (;; ++next) store.tell(Load{next, ""}, 0ms);
  } catch (const Full&) {
  }
  CHECK(next - 50'000 > 64);
  CHECK(next - 50'000 <= 16'384);

  latch.open();
  CHECK(store.ask(Tally{}).get() == std::pair{next, 0});
}

TEST_CASE("an actor that is stuck holds up nobody who writes to its neighbour in the same process") {
  Stage stage{Where::ipc};
  const Latch latch;
  const Latch none;
  none.open();
  const auto house = stage.spawn<House>();
  const auto stuck = house.ask(MakeStore{latch.path()}).get();
  const auto quick = house.ask(MakeStore{none.path()}).get();
  stuck.tell(Hold{});
  const int accepted = fill(stuck, std::string(1000, 'x'));
  CHECK(accepted > 0);

  for (int i = 0; i < 10'000; ++i) quick.tell(Load{i, ""});
  CHECK(quick.ask(Tally{}).get(10s) == std::pair{10'000, 0});

  latch.open();
  CHECK(stuck.ask(Tally{}).get() == std::pair{accepted, 0});
}

TEST_CASE("what a handler tells to a stuck actor elsewhere waits in its outbox, and arrives after the stall") {
  const auto sender_place = GENERATE(here, own_process);
  CAPTURE(sender_place == here);
  Stage stage{Where::ipc};
  const Latch latch;
  const auto store = stage.spawn<Store>(latch.path());
  const auto flooder = stage.node.spawn<Flooder>(sender_place);
  store.ask(Tally{}).get();
  store.tell(Hold{});

  flooder.tell(Flood{store, 900, 0});
  CHECK(flooder.ask(Accepted{}).get(10s) == 900);

  latch.open();
  CHECK(eventually([&] { return store.ask(Tally{}).get() == std::pair{900, 0}; }));
}

TEST_CASE("a handler whose outbox is full of messages for elsewhere gets Full after its patience") {
  NodeOptions options;
  options.outbox_messages = 50;
  Stage stage{Where::ipc, options};
  const Latch latch;
  const auto store = stage.spawn<Store>(latch.path());
  const auto flooder = stage.node.spawn<Flooder>();
  store.tell(Hold{});

  flooder.tell(Flood{store, 900, 20});
  latch.open();
  // Its outbox is emptied before it takes the next message.
  const int accepted = flooder.ask(Accepted{}).get(10s);

  CHECK(accepted >= 113);  // a window, but for Hold, and an outbox
  CHECK(eventually([&] { return store.ask(Tally{}).get() == std::pair{accepted, 0}; }));
}

TEST_CASE("an outbox for elsewhere is emptied after its actor's end") {
  Stage stage{Where::ipc};
  const Latch latch;
  const auto store = stage.spawn<Store>(latch.path());
  const auto flooder = stage.node.spawn<Flooder>();
  store.tell(Hold{});
  flooder.tell(Flood{store, 500, 0});
  flooder.stop();
  CHECK(error_of(flooder.ask(Accepted{})).code == Errc::closed);

  latch.open();

  CHECK(eventually([&] { return store.ask(Tally{}).get() == std::pair{500, 0}; }));
}

TEST_CASE("the death of a stuck process ends what waits for its room, asks in outboxes too") {
  CapturedLog log;
  Stage stage{Where::ipc};
  const Latch latch;
  const auto store = stage.spawn<Store>(latch.path());
  const int pid = store.ask(Pid{}).get();
  store.tell(Hold{});
  const auto flooder = stage.node.spawn<Flooder>();
  flooder.tell(Flood{store, 900, 0});
  flooder.ask(Accepted{}).get();
  const auto before = stage.node.dead_letters();
  std::atomic<bool> returned{false};
  std::thread waiting{[&] {
    store.tell(Load{0, ""}, 20s);  // a dead letter
    returned = true;
  }};

  ::kill(pid, SIGKILL);

  CHECK(eventually([&] { return returned.load(); }));
  waiting.join();
  CHECK(error_of(store.ask(Tally{})).code == Errc::died);
  CHECK(eventually([&] { return stage.node.dead_letters() > before + 800; }));
}

TEST_CASE("what is told to actors that have ended needs no credit, and is counted") {
  CapturedLog log;
  Stage stage{Where::ipc};
  const auto house = stage.spawn<House>();
  const auto store = house.ask(MakeStore{"nowhere"}).get();
  store.ask(Tally{}).get();
  store.stop();
  REQUIRE(eventually([&] { return store.ask(Tally{}).result().error().code == Errc::closed; }));

  for (int i = 0; i < 1000; ++i) store.tell(Load{i, ""}, 5s);  // 15 windows

  CHECK(error_of(store.ask(Tally{})).code == Errc::closed);
}

TEST_CASE("actors that tell each other in a circle without enough room go on by patience") {
  CapturedLog log;
  const auto place = GENERATE(here, own_process);
  CAPTURE(place == here);
  NodeOptions options;
  options.mailbox_messages = 20;
  options.outbox_messages = 20;
  Stage stage{Where::here, options};
  std::vector<Ref<Circle>> circle;
  for (int i = 0; i < 3; ++i) circle.push_back(stage.node.spawn<Circle>(place));
  for (std::size_t i = 0; i < circle.size(); ++i) circle[i].ask(Close{circle[(i + 1) % circle.size()]}).get();

  circle[0].tell(Around{});

  CHECK(eventually(
      [&] { return std::any_of(circle.begin(), circle.end(), [](const auto& each) { return each.ask(Refusals{}).get() > 0; }); }));
}

TEST_CASE("a sender at full speed grows neither its own memory nor that of a reader that was stopped") {
  if (sanitized) return;
  Stage stage{Where::ipc};
  const Latch latch;
  const auto store = stage.spawn<Store>(latch.path());
  const int pid = store.ask(Pid{}).get();
  int next = 0;
  const std::string ballast(200, 'x');
  for (; next < 100'000; ++next) store.tell(Load{next, ballast});
  const double ours = resident_mebibytes(::getpid());
  const double theirs = resident_mebibytes(pid);

  ::kill(pid, SIGSTOP);
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (std::chrono::steady_clock::now() < until) {
    try {
      store.tell(Load{next, ballast}, 100ms);
      ++next;
    } catch (const Full&) {
    }
  }
  const double ours_after = resident_mebibytes(::getpid());
  ::kill(pid, SIGCONT);

  CHECK(store.ask(Tally{}).get() == std::pair{next, 0});
  CHECK(ours_after < ours + 64);
  CHECK(resident_mebibytes(pid) < theirs + 64);
}
