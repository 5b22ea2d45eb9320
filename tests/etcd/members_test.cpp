// troupe: actors in processes. Apache-2.0, see LICENSE.
// Several members of etcd of which one is cut off, and servers that are no etcd.
#include "etcd/hosts.hpp"

#include <atomic>

namespace {

troupe::NodeOptions with(const std::string& endpoints, troupe::Duration lease = 3s, troupe::Duration timeout = 5s) {
  troupe::etcd::Options etcd{.lease = lease, .timeout = timeout};
  std::istringstream list{endpoints};
  for (std::string endpoint; std::getline(list, endpoint, ',');) etcd.endpoints.push_back(endpoint);
  troupe::NodeOptions options;
  troupe::etcd::use(options, etcd);
  return options;
}

/// Publishes, finds and gives back names all the time, at two hosts.
class Load {
 public:
  Load(troupe::Node& one, troupe::Node& other) : thread_{[this, &one, &other] { run(one, other); }} {}
  ~Load() {
    over_ = true;
    thread_.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  [[nodiscard]] int rounds() const { return rounds_; }
  [[nodiscard]] std::string failure() {
    const std::lock_guard lock{mutex_};
    return failure_;
  }
  /// @returns whether so many more rounds come to pass, none of which fails
  bool goes_on(int rounds) {
    const int enough = rounds_ + rounds;
    return eventually([&] { return rounds_ >= enough || !failure().empty(); }) && failure().empty();
  }

 private:
  void run(troupe::Node& one, troupe::Node& other) {
    const auto number = one.spawn<Number>(7);
    while (!over_) {
      const std::string name = "load." + std::to_string(rounds_);
      try {
        one.publish(name, number);
        if (other.find<Number>(name).ask(Get{}).get() != 7) throw std::runtime_error{"another number"};
        one.unpublish(name);
        ++rounds_;
      } catch (const std::exception& error) {
        const std::lock_guard lock{mutex_};
        failure_ = error.what();
        return;
      }
    }
  }

  std::atomic<bool> over_{false};
  std::atomic<int> rounds_{0};
  std::mutex mutex_;
  std::string failure_;
  std::thread thread_;
};

/// Answers every request alike, whatever it is.
class Nonsense {
 public:
  explicit Nonsense(std::string says) : says_{std::move(says)}, listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(::listen(listener_, 100) == 0);
    endpoint = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread{[this] { run(); }};
  }
  ~Nonsense() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  Nonsense(const Nonsense&) = delete;
  Nonsense& operator=(const Nonsense&) = delete;

  std::string endpoint;

 private:
  void run() {
    std::vector<int> kept;
    for (int accepted = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); accepted >= 0;
         accepted = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) {
      if (says_ == "nothing") {
        kept.push_back(accepted);
        continue;
      }
      std::array<char, 4096> request;
      (void)!::read(accepted, request.data(), request.size());
      (void)!::send(accepted, says_.data(), says_.size(), MSG_NOSIGNAL);
      ::close(accepted);
    }
    for (const int each : kept) ::close(each);
  }

  const std::string says_;
  const int listener_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("of three members each is cut off in turn: calls under load go on, and nobody misses what happens to names") {
  if (skipped()) return;
  const EtcdServer server{3};
  const troupe::etcd::Options of_all{.endpoints = {server.endpoint(0), server.endpoint(1), server.endpoint(2)},
                                     .lease = 60s};  // longer than any pause of the machine
  Stage one{Where::here, with(of_all)};
  Stage other{Where::here, with(of_all)};
  const auto herald = other.spawn<Herald>();
  other.node.watch_names(herald, "event.");
  one.node.publish("event.first", 1);
  REQUIRE(eventually([&] { return herald.ask(Heard{}).get() == "+event.first"; }));
  Load load{one.node, other.node};
  REQUIRE(load.goes_on(5));

  for (std::size_t member = 0; member < 3; ++member) {
    CAPTURE(member);
    const std::string event = "event." + std::to_string(member);
    server.pause(member);
    CHECK(load.goes_on(10));
    one.node.publish(event, 1);
    CHECK(eventually([&] { return herald.ask(Heard{}).get().ends_with("+" + event); }));
    server.go_on(member);
    REQUIRE(server.healthy());
    CHECK(load.goes_on(5));
  }
  CHECK(load.failure().empty());
  CHECK(herald.ask(Heard{}).get() == "+event.first+event.0+event.1+event.2");
}

TEST_CASE("of three members one dies and comes back, then another: names stay, calls go on") {
  if (skipped()) return;
  EtcdServer server{3};
  Stage one{Where::here, with(server.endpoints())};
  Stage other{Where::here, with(server.endpoints())};
  one.node.publish("stays", 7);
  Load load{one.node, other.node};
  REQUIRE(load.goes_on(5));

  for (const std::size_t member : {0, 2}) {
    CAPTURE(member);
    server.kill(member);
    CHECK(load.goes_on(10));
    CHECK(other.node.find<int>("stays") == 7);
    server.start(member);
    REQUIRE(server.healthy());
  }
  CHECK(load.goes_on(5));
}

TEST_CASE("without a majority calls end as unreachable, and go on when it is back") {
  if (skipped()) return;
  const EtcdServer server{3};
  Stage one{Where::here, with(server.endpoints(), 60s, 3s)};
  one.node.publish("stays", 7);

  server.pause(0);
  server.pause(1);
  CHECK_THROWS_AS(one.node.publish("lost", 8), troupe::NodeLost);
  CHECK_THROWS_AS(one.node.find<int>("stays"), troupe::NodeLost);
  server.go_on(0);
  server.go_on(1);
  REQUIRE(server.healthy());

  CHECK(one.node.find<int>("stays") == 7);
  CHECK(eventually([&] {
    try {
      (void)one.node.find<int>("lost");
      return false;
    } catch (const troupe::NotFound&) {
      return true;
    }
  }));
}

TEST_CASE("a server that is no etcd ends a call as unreachable, within the timeout and in words") {
  const std::string says = GENERATE(as<std::string>{}, "", "nothing", "garbage", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
                                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
                                    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
                                    "HTTP/1.1 500 Oh\r\nContent-Length: 12\r\n\r\n{\"code\":true}");
  CAPTURE(says);
  const Nonsense nonsense{says};
  Stage stage{Where::here, with(nonsense.endpoint, 3s, 500ms)};

  const auto begin = std::chrono::steady_clock::now();
  try {
    (void)stage.node.find<Number>("name");
    FAIL("found");
  } catch (const troupe::NodeLost& error) {
    CHECK(std::string{error.what()}.find(nonsense.endpoint + ": ") != std::string::npos);
  }
  CHECK_THROWS_AS(stage.node.publish("name", 1), troupe::NodeLost);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("servers that are no etcd beside one that is do no harm") {
  if (skipped()) return;
  const EtcdServer server;
  const Nonsense garbage{"garbage"};
  const Nonsense nothing{"nothing"};
  Stage stage{Where::here, with(garbage.endpoint + ',' + nothing.endpoint + ',' + server.endpoint(0))};

  stage.node.publish("name", 1);

  CHECK(stage.node.wait_for<int>("name") == 1);
}
