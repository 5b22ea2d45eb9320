// troupe: actors in processes. Apache-2.0, see LICENSE.
// What every transport promises: one list, run over inproc, ipc and tcp.
#include "catch.hpp"
#include "transports/rig.hpp"

#include <troupe/wire/error.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>

#include <sys/epoll.h>

using namespace rig;
using troupe::detail::default_transports;
using troupe::detail::Transport;

namespace {

// An inbox of the generated scheme.
struct Node {
  explicit Node(std::size_t max_frame_bytes = InboxOptions{}.max_frame_bytes) : scheme{GENERATE("inproc", "ipc", "tcp")} {
    INFO(scheme);
    options.max_frame_bytes = max_frame_bytes;
    options.insecure = true;
    inbox = transport->open_inbox(options);
    endpoint = inbox->listen(fresh_endpoint(scheme, directory));
    inbox->drain(nothing, 1);
  }
  std::string scheme;
  Directory directory;
  std::shared_ptr<Transport> transport = default_transports();
  InboxOptions options;
  std::unique_ptr<Inbox> inbox;
  std::string endpoint;
  Frames nothing;
};

std::size_t open_descriptors() { return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {})); }

// As a node has it: asleep in epoll until the descriptor says something.
class Epoll {
 public:
  explicit Epoll(int descriptor) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted);
  }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;
  ~Epoll() { close(epoll_); }
  [[nodiscard]] bool wait(int ms) const {
    epoll_event event{};
    return epoll_wait(epoll_, &event, 1, ms) == 1;
  }

 private:
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
};

}  // namespace

TEST_CASE("frames of any size arrive whole and in order") {
  Node node;
  const auto link = dial_open(*node.transport, node.endpoint);
  std::vector<Block> sent;
  for (const int bytes : {8, 33, 34, 80, 1023, 1024, 1025, 8191, 8192, 8193, 65536, 1 << 20, 5 << 20})
    sent.push_back(frame_of(sent.size() + 1, static_cast<std::size_t>(bytes)));
  sent.push_back(frame_of(99, 80));

  for (const auto& frame : sent) REQUIRE(link->publish(frame));

  Frames frames;
  REQUIRE(receive(*node.inbox, frames, sent.size()));
  REQUIRE(frames.bytes.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) CHECK(same_bytes(sent[i], frames.bytes[i]));
}

TEST_CASE("frames carry the number of their connection") {
  Node node;
  const auto one = dial_open(*node.transport, node.endpoint);
  const auto other = dial_open(*node.transport, node.endpoint);

  for (int i = 0; i < 10; ++i) {
    REQUIRE(one->publish(frame_of(1)));
    REQUIRE(other->publish(frame_of(2)));
  }

  Frames frames;
  REQUIRE(receive(*node.inbox, frames, 20));
  std::map<std::uint64_t, std::uint64_t> sender_of;
  for (std::size_t i = 0; i < 20; ++i) {
    const auto [entry, fresh] = sender_of.try_emplace(frames.connections[i], number_of(frames.bytes[i]));
    CHECK(entry->second == number_of(frames.bytes[i]));
  }
  CHECK(sender_of.size() == 2);
}

TEST_CASE("publish says false until the link is open, and loses nothing of what it took") {
  Node node;
  const auto link = node.transport->dial(node.endpoint);

  CHECK_FALSE(link->publish(frame_of(1)));
  REQUIRE(says(*link, LinkEvent::opened));
  REQUIRE(link->publish(frame_of(2)));

  Frames frames;
  REQUIRE(receive(*node.inbox, frames, 1));
  REQUIRE(frames.bytes.size() == 1);
  CHECK(number_of(frames.bytes[0]) == 2);
}

TEST_CASE("a dial to nobody ends the link") {
  Node node;
  node.inbox.reset();
  const auto link = node.transport->dial(node.endpoint);

  CHECK(says(*link, LinkEvent::ended));

  CHECK_FALSE(link->publish(frame_of(1)));
  CHECK(link->pump() == LinkEvent::none);
}

TEST_CASE("a link ends when its peer goes, and then takes no more") {
  Node node;
  const auto link = dial_open(*node.transport, node.endpoint);
  REQUIRE(link->publish(frame_of(1)));

  node.inbox.reset();

  CHECK(says(*link, LinkEvent::ended));
  CHECK_FALSE(link->publish(frame_of(2)));
  CHECK(link->pump() == LinkEvent::none);
}

TEST_CASE("a frame over the inbox's limit ends its connection and no other") {
  Node node{100'000};
  const auto good = dial_open(*node.transport, node.endpoint);
  const auto bad = dial_open(*node.transport, node.endpoint);
  REQUIRE(good->publish(frame_of(1, 100'000)));

  REQUIRE(bad->publish(frame_of(2, 100'001)));

  CHECK(says(*bad, LinkEvent::ended));
  REQUIRE(good->publish(frame_of(3)));
  Frames frames;
  REQUIRE(receive(*node.inbox, frames, 2));
  CHECK(number_of(frames.bytes[0]) == 1);
  CHECK(number_of(frames.bytes[1]) == 3);
  CHECK(good->pump() == LinkEvent::none);
}

TEST_CASE("links and inboxes close at once, whatever is under way") {
  Node node;
  auto link = dial_open(*node.transport, node.endpoint);
  for (std::uint64_t i = 0; i < 100; ++i) REQUIRE(link->publish(frame_of(i, 1 << 20)));
  const auto begin = Clock::now();

  SECTION("link first") {
    link.reset();
    node.inbox.reset();
  }
  SECTION("inbox first") {
    node.inbox.reset();
    link.reset();
  }

  CHECK(Clock::now() - begin < std::chrono::seconds{10});  // not the linger, which would be for ever
}

TEST_CASE("200,000 frames reach a reader that begins when all were sent") {
  Node node;
  const auto link = dial_open(*node.transport, node.endpoint);
  constexpr std::uint64_t count = 200'000;
  for (std::uint64_t i = 0; i < count; ++i) REQUIRE(link->publish(frame_of(i)));

  struct InOrder final : troupe::detail::FrameVisitor {
    std::uint64_t next = 0;
    void on_frame(std::span<const std::byte> frame, std::uint64_t) override {
      if (number_of(frame) == next) ++next;
    }
  } reader;
  on_each_wake(node.inbox->descriptor(), [&] {
    while (node.inbox->drain(reader, 1000) == 1000) {
    }
    return reader.next == count;
  });

  CHECK(reader.next == count);
}

TEST_CASE("drain stops at its budget and goes on without a new wake-up") {
  Node node;
  const auto link = dial_open(*node.transport, node.endpoint);
  for (std::uint64_t i = 0; i < 10; ++i) REQUIRE(link->publish(frame_of(i)));
  Frames frames;

  REQUIRE(on_each_wake(node.inbox->descriptor(), [&] { return node.inbox->drain(frames, 1) == 1; }));
  CHECK(frames.bytes.size() == 1);
  REQUIRE(receive(*node.inbox, frames, 10));

  CHECK(frames.bytes.size() == 10);
  CHECK(node.inbox->drain(frames, 10) == 0);
}

TEST_CASE("no wake-up is missed: frames in small bursts for a second, each awaited in epoll") {
  Node node;
  const auto link = dial_open(*node.transport, node.endpoint);
  std::atomic<std::uint64_t> arrived{0};
  std::atomic<std::uint64_t> all{UINT64_MAX};
  std::atomic<bool> over{false};
  std::thread sender{[&] {
    std::minstd_rand random{7};
    std::uint64_t sent = 0;
    for (const auto end = Clock::now() + std::chrono::seconds{1}; Clock::now() < end && !over;) {
      for (auto burst = 1 + random() % 12; burst > 0; --burst)
        if (link->publish(frame_of(sent))) ++sent;
      while (arrived < sent && !over) std::this_thread::yield();
    }
    all = sent + 1;
    link->publish(frame_of(sent));
  }};
  struct Count final : troupe::detail::FrameVisitor {
    std::uint64_t frames = 0;
    void on_frame(std::span<const std::byte>, std::uint64_t) override { ++frames; }
  } counter;
  const Epoll epoll{node.inbox->descriptor()};
  bool woken = true;
  while (woken && counter.frames < all) {
    woken = epoll.wait(5000);
    while (node.inbox->drain(counter, 3) == 3) {
    }
    arrived = counter.frames;
  }
  over = true;
  sender.join();

  CHECK(woken);
  CHECK(counter.frames == all);
  CHECK(counter.frames > 100);
}

TEST_CASE("an idle inbox and an idle link leave epoll asleep") {
  Node node;
  const auto link = dial_open(*node.transport, node.endpoint);
  REQUIRE(link->publish(frame_of(1)));
  Frames frames;
  REQUIRE(receive(*node.inbox, frames, 1));
  const Epoll inbox_epoll{node.inbox->descriptor()};
  const Epoll link_epoll{link->descriptor()};

  int wakes = 0;
  for (int i = 0; i < 20; ++i) {
    if (inbox_epoll.wait(2)) ++wakes;
    node.inbox->drain(frames, 10);
    if (link_epoll.wait(2)) ++wakes;
    link->pump();
  }

  CHECK(wakes <= 3);
  CHECK(frames.bytes.size() == 1);
}

TEST_CASE("cut ends the connection on both sides, and a new dial gets a new one") {
  Node node;
  const auto before = open_descriptors();
  auto link = dial_open(*node.transport, node.endpoint);
  REQUIRE(link->publish(frame_of(1)));
  Frames frames;
  REQUIRE(receive(*node.inbox, frames, 1));

  link->cut();

  CHECK(says(*link, LinkEvent::ended));
  CHECK_FALSE(link->publish(frame_of(2)));
  link.reset();
  CHECK(eventually([&] {
    node.inbox->drain(frames, 10);
    return open_descriptors() <= before;
  }));
  link = dial_open(*node.transport, node.endpoint);
  REQUIRE(link->publish(frame_of(3)));
  REQUIRE(receive(*node.inbox, frames, 2));
  CHECK(number_of(frames.bytes[1]) == 3);
  CHECK(frames.connections[0] != frames.connections[1]);
}

TEST_CASE("an endpoint that somebody has is refused, and its owner keeps it") {
  Node node;
  const auto other = node.transport->open_inbox(node.options);

  CHECK_THROWS_AS(other->listen(node.endpoint), troupe::Refused);

  const auto link = dial_open(*node.transport, node.endpoint);
  REQUIRE(link->publish(frame_of(1)));
  Frames frames;
  CHECK(receive(*node.inbox, frames, 1));
}

TEST_CASE("an endpoint can be had again when its owner has closed") {
  Node node;
  node.inbox.reset();
  node.inbox = node.transport->open_inbox(node.options);

  REQUIRE(eventually([&] {
    try {
      return node.inbox->listen(node.endpoint) == node.endpoint;
    } catch (const troupe::Refused&) {
      return false;  // tcp: libzmq closes a port soon after, not at once
    }
  }));

  const auto link = dial_open(*node.transport, node.endpoint);
  REQUIRE(link->publish(frame_of(1)));
  Frames frames;
  CHECK(receive(*node.inbox, frames, 1));
}

TEST_CASE("threads may take turns to publish under a mutex") {
  Node node;
  const auto link = dial_open(*node.transport, node.endpoint);
  constexpr std::uint64_t per_thread = 2000;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (std::uint64_t i = 0; i < per_thread; ++i) {
        auto frame = frame_of(thread << 32 | i, i % 16 == 0 ? 4096 : 64);
        const std::lock_guard lock{mutex};
        link->publish(frame);
      }
    });
  Frames frames;
  const bool all = receive(*node.inbox, frames, 4 * per_thread);
  for (auto& thread : threads) thread.join();

  REQUIRE(all);
  std::map<std::uint64_t, std::uint64_t> next;
  for (const auto& frame : frames.bytes) CHECK((number_of(frame) & 0xffffffff) == next[number_of(frame) >> 32]++);
}

TEST_CASE("what one thread wrote before publish, the drainer may read") {
  Node node;
  const auto link = dial_open(*node.transport, node.endpoint);
  std::uint64_t plain = 0;
  std::thread writer{[&] {
    plain = 42;
    link->publish(frame_of(1));
  }};

  Frames frames;
  REQUIRE(receive(*node.inbox, frames, 1));

  CHECK(plain == 42);
  writer.join();
}

TEST_CASE("one inbox may listen on several endpoints") {
  Node node;
  const auto second = node.inbox->listen(fresh_endpoint("ipc", node.directory));
  node.inbox->drain(node.nothing, 1);
  const auto one = dial_open(*node.transport, node.endpoint);
  const auto other = dial_open(*node.transport, second);

  REQUIRE(one->publish(frame_of(1)));
  REQUIRE(other->publish(frame_of(2)));

  Frames frames;
  CHECK(receive(*node.inbox, frames, 2));
}

TEST_CASE("an endpoint of no known scheme is misuse that names the known ones") {
  const auto transport = default_transports();
  const auto inbox = transport->open_inbox({});

  for (const std::string endpoint : {"", "udp://127.0.0.1:1", "pgm://x", "tipc://x", "ws://127.0.0.1:1", "/tmp/x", "IPC:///tmp/x"}) {
    INFO(endpoint);
    CHECK_THROWS_AS(transport->dial(endpoint), troupe::Misuse);
    try {
      inbox->listen(endpoint);
      FAIL("listened");
    } catch (const troupe::Misuse& error) {
      const std::string text = error.what();
      CHECK(text.find("inproc://, ipc:// or tcp://") != std::string::npos);
    }
  }
}
