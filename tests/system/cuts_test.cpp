// troupe: actors in processes. Apache-2.0, see LICENSE.
// Connections that break while work runs: nothing is lost, doubled or turned round, and nothing hangs.
#include "actor/stage.hpp"
#include "system/ipc_cutter.hpp"
#include "system/program.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <random>

using namespace troupe;

namespace {

struct Number {
  std::uint64_t value = 0;
};
struct Large {
  std::uint64_t value = 0;
  std::vector<std::uint64_t> copies;
};
struct Seen {};
struct Next {};
struct Report {
  std::uint64_t count = 0;
  std::uint64_t disorder = 0;
};
// Expects numbers one after the other.
class Counter : public Actor<Counter, Number, Large, Next, Seen> {
 public:
  void on(const Number& number) {
    if (number.value != report_.count) ++report_.disorder;
    ++report_.count;
  }
  void on(const Large& large) {
    on(Number{large.value});
    if (large.copies != std::vector<std::uint64_t>(large.copies.size(), large.value)) ++report_.disorder;
  }
  std::uint64_t on(const Next&) { return report_.count++; }
  Report on(const Seen&) const { return report_; }

 private:
  Report report_;
};

/// Stands between processes that talk over tcp on this host, and cuts what goes through it.
class Proxy {
 public:
  ~Proxy() {
    stop_.store(true);
    for (auto& thread : threads_) thread.join();
    for (const int listener : listeners_) ::close(listener);
  }
  Proxy() = default;
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// @returns an endpoint that leads to `endpoint`
  std::string way_to(const std::string& endpoint) {
    const auto port = static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    const std::lock_guard lock{mutex_};
    for (const auto& [to, through] : ways_)
      if (to == port) return "tcp://127.0.0.1:" + std::to_string(through);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t bytes = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), bytes) != 0 || ::listen(listener, 100) != 0) return endpoint;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &bytes);
    listeners_.push_back(listener);
    ways_.emplace_back(port, ntohs(address.sin_port));
    threads_.emplace_back([this, listener, port] { serve(listener, port); });
    return "tcp://127.0.0.1:" + std::to_string(ways_.back().second);
  }

  bool cut(std::mt19937& random) {
    const std::lock_guard lock{mutex_};
    if (pairs_.empty()) return false;
    auto pair = pairs_.begin();
    std::advance(pair, random() % pairs_.size());
    return ::shutdown(pair->at(random() % 2), SHUT_RDWR) == 0;
  }

 private:
  using Pair = std::array<int, 2>;

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  void serve(int listener, std::uint16_t port) {
    std::list<std::thread> carriers;
    while (!stop_.load()) {
      pollfd wait{listener, POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0) continue;
      const int from = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      const int to = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback(port);
      if (::connect(to, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(from);
        ::close(to);
        continue;
      }
      carriers.emplace_back([this, from, to] { carry({from, to}); });
    }
    for (auto& carrier : carriers) carrier.join();
  }

  void carry(Pair pair) {
    std::list<Pair>::iterator place;
    {
      const std::lock_guard lock{mutex_};
      place = pairs_.insert(pairs_.end(), pair);
    }
    std::array<char, 65536> buffer;
    bool open = true;
    while (open && !stop_.load()) {
      std::array<pollfd, 2> wait{{{pair[0], POLLIN, 0}, {pair[1], POLLIN, 0}}};
      if (::poll(wait.data(), 2, 20) <= 0) continue;
      for (std::size_t i = 0; i < 2 && open; ++i) {
        if (wait[i].revents == 0) continue;
        const auto count = ::recv(pair[i], buffer.data(), buffer.size(), 0);
        for (ssize_t sent = 0; open && sent < count;) {
          const auto more = ::send(pair[1 - i], buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
          open = more > 0;
          sent += more;
        }
        open = open && count > 0;
      }
    }
    const std::lock_guard lock{mutex_};
    pairs_.erase(place);
    ::close(pair[0]);
    ::close(pair[1]);
  }

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::list<Pair> pairs_;
  std::vector<std::pair<std::uint16_t, std::uint16_t>> ways_;
  std::vector<int> listeners_;
  std::vector<std::thread> threads_;
};

/// A node whose connections can be cut.
struct Scene {
  explicit Scene(Where where) : over_tcp{where == Where::tcp}, stage{where, options()} {}
  NodeOptions options() {
    NodeOptions result;
    if (over_tcp) result.child_endpoint = [this](const std::string& endpoint) { return proxy.way_to(endpoint); };
    return result;
  }
  bool cut() { return over_tcp ? proxy.cut(random) : ipc.cut(random); }

  const std::uint32_t seed = std::random_device{}();
  std::mt19937 random{seed};
  Proxy proxy;
  IpcCutter ipc;
  const bool over_tcp;
  Stage stage;
};

constexpr int cuts = sanitized ? 50 : 200;

}  // namespace

TEST_CASE("a million numbered messages arrive once and in order while their connection is cut 200 times") {
  const auto where = GENERATE(other_processes);
  CapturedLog log;
  Scene scene{where};
  CAPTURE(where, scene.seed);
  const auto counter = scene.stage.spawn<Counter>();
  counter.ask(Seen{}).get();
  std::atomic<bool> done{false};
  std::atomic<int> made{0};
  std::thread cutter{[&] {
    std::mt19937 pauses{scene.seed};
    while (!done.load() && made.load() < cuts) {
      std::this_thread::sleep_for(std::chrono::microseconds{pauses() % 20'000});
      if (scene.cut()) ++made;
    }
  }};

  constexpr std::uint64_t all = sanitized ? 100'000 : 1'000'000;
  std::uint64_t next = 0;
  for (; next < all || made.load() < cuts; ++next) {
    counter.tell(Number{next});
    if (next > all) std::this_thread::yield();
  }
  done.store(true);
  cutter.join();

  const Report report = counter.ask(Seen{}, 20s).get();
  CHECK(made.load() >= cuts);
  CHECK(report.count == next);
  CHECK(report.disorder == 0);
}

TEST_CASE("large messages between small ones arrive once, whole and in order while their connection is cut") {
  const auto where = GENERATE(other_processes);
  CapturedLog log;
  Scene scene{where};
  CAPTURE(where, scene.seed);
  const auto counter = scene.stage.spawn<Counter>();

  std::uint64_t next = 0;
  for (int made = 0; made < cuts / 4 || next < 300; ++next) {
    if (next % 3 == 0) {
      counter.tell(Large{next, std::vector<std::uint64_t>(100'000 + next * 500 % 200'000, next)});
    } else {
      counter.tell(Number{next});
    }
    if (next % 4 == 0 && scene.cut()) ++made;
  }

  const Report report = counter.ask(Seen{}, 20s).get();
  CHECK(report.count == next);
  CHECK(report.disorder == 0);
}

TEST_CASE("asks over a connection that is cut again and again are answered, and each was handled once") {
  const auto where = GENERATE(other_processes);
  CapturedLog log;
  Scene scene{where};
  CAPTURE(where, scene.seed);
  const auto counter = scene.stage.spawn<Counter>();

  std::uint64_t wrong = 0;
  std::uint64_t asked = 0;
  for (int made = 0; made < cuts / 4;) {
    for (int i = 0; i < 10; ++i, ++asked)
      if (counter.ask(Next{}, 20s).get() != asked) ++wrong;
    auto under_way = counter.ask(Next{}, 20s);
    if (scene.cut()) ++made;
    if (under_way.get() != asked) ++wrong;
    ++asked;
  }

  CHECK(wrong == 0);
  CHECK(counter.ask(Seen{}).get().count == asked);
}

TEST_CASE("a process that ends in order after a cut has sent everything") {
  const auto where = GENERATE(other_processes);
  CapturedLog log;
  Scene scene{where};
  CAPTURE(where, scene.seed);

  for (int round = 0; round < 20; ++round) {
    const auto counter = scene.stage.spawn<Counter>();
    std::uint64_t next = 0;
    for (; next < 1000; ++next) counter.tell(Number{next});
    (void)scene.cut();
    auto report = counter.ask(Seen{}, 20s);
    counter.stop();
    CHECK(report.get().count == next);
  }
}
