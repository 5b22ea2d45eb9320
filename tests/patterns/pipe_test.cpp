// troupe: actors in processes. Apache-2.0, see LICENSE.
// Pipes: what arrives, in which form and order, and when it is the end.
#include "patterns/pipes.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <variant>
#include <vector>

using troupe::Bytes;
using troupe::Connection;
using troupe::EndOfStream;
using troupe::pipe;
using troupe::Process;
using troupe::Queue;

namespace {

Bytes bytes(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("C01 an echo brings back values and bytes as they are") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  using Item = std::variant<int, double, std::monostate>;
  Echo<std::vector<Item>> values{stage, where};
  Echo<Bytes> raw{stage, where};

  values.mine.send({1, 2.25, std::monostate{}});
  raw.mine.send(bytes("hello world"));

  CHECK(values.mine.recv(soon) == std::vector<Item>{1, 2.25, std::monostate{}});
  CHECK(raw.mine.recv(soon) == bytes("hello world"));
}

TEST_CASE("C02 bytes are received into a buffer, from an offset on, and one that is too small takes none") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Echo<Bytes> echo{stage, where};
  const std::array<int, 4> sent{1, 2, 3, 4};
  std::array<int, 10> buffer{};
  const auto all = std::as_writable_bytes(std::span{buffer});

  echo.mine.send_bytes(std::as_bytes(std::span{sent}));
  CHECK(echo.mine.recv_into(all) == 16);
  CHECK(buffer == std::array<int, 10>{1, 2, 3, 4});
  buffer.fill(0);
  echo.mine.send_bytes(std::as_bytes(std::span{sent}));
  CHECK(echo.mine.recv_into(all, 3 * sizeof(int)) == 16);
  CHECK(buffer == std::array<int, 10>{0, 0, 0, 1, 2, 3, 4});
  echo.mine.send_bytes(std::as_bytes(std::span{sent}));
  CHECK_THROWS_AS(echo.mine.recv_into(all.first(15)), troupe::Full);
  CHECK_THROWS_AS(echo.mine.recv_into(all, 41), troupe::Misuse);
  CHECK(echo.mine.recv_into(all.first(16)) == 16);
}

TEST_CASE("C04 poll looks, waits, and takes nothing") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Echo<std::optional<int>> echo{stage, where};

  CHECK_FALSE(echo.mine.poll());
  CHECK_FALSE(echo.mine.poll(-1s));
  const auto before = std::chrono::steady_clock::now();
  CHECK_FALSE(echo.mine.poll(100ms));
  CHECK(std::chrono::steady_clock::now() - before >= 100ms);
  echo.mine.send(std::nullopt);
  CHECK(echo.mine.poll(soon));
  CHECK(echo.mine.poll());
  CHECK(echo.mine.recv(soon) == std::nullopt);
  CHECK_FALSE(echo.mine.poll());
}

TEST_CASE("C05 a message of 16 MiB arrives") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Echo<std::string> echo{stage, where};
  std::string large(16 << 20, 'x');
  large.back() = 'y';

  echo.mine.send(large);

  CHECK((echo.mine.recv(soon) == large));
}

TEST_CASE("C07 a pipe of one way goes one way") {
  Stage stage;
  auto [reader, writer] = pipe<int>(stage.node, {.ways = troupe::Ways::one});

  writer.send(1);
  CHECK(reader.recv(soon) == 1);
  CHECK(reader.readable());
  CHECK_FALSE(reader.writable());
  CHECK(writer.writable());
  CHECK_FALSE(writer.readable());
  CHECK_THROWS_AS(reader.send(2), troupe::Misuse);
  CHECK_THROWS_AS(writer.recv(), troupe::Misuse);
  CHECK_THROWS_AS(writer.poll(), troupe::Misuse);
}

TEST_CASE("C10 parts of bytes that are not there are refused, and nothing is sent") {
  Stage stage;
  auto [here, there] = pipe<Bytes>(stage.node);
  const std::string text = "abcdefghijklmnopqrstuvwxyz";
  const auto all = std::as_bytes(std::span{text});
  constexpr auto minus_one = static_cast<std::size_t>(-2);  // what is left of a number below zero

  CHECK_THROWS_AS(here.send_bytes(all, 27), troupe::Misuse);
  CHECK_THROWS_AS(here.send_bytes(all, 22, 5), troupe::Misuse);
  CHECK_THROWS_AS(here.send_bytes(all, 26, 1), troupe::Misuse);
  CHECK_THROWS_AS(here.send_bytes(all, minus_one), troupe::Misuse);
  CHECK_THROWS_AS(here.send_bytes(all, 4, minus_one), troupe::Misuse);
  CHECK_FALSE(there.poll());
  here.send_bytes(all, 7, 8);
  here.send_bytes(all, 26);
  CHECK(there.recv(soon) == bytes("hijklmno"));
  CHECK(there.recv(soon).empty());
}

TEST_CASE("C11 an end is closed with its scope, and what was sent there is still received") {
  Stage stage;
  std::optional<Connection<int>> reader;
  {
    auto [ours, writer] = pipe<int>(stage.node);
    reader.emplace(std::move(ours));
    writer.send(1729);
    CHECK_FALSE(reader->closed());
    CHECK_FALSE(writer.closed());
  }

  CHECK(reader->recv(soon) == 1729);
  CHECK_THROWS_AS(reader->recv(soon), EndOfStream);
  reader->close();
  reader->close();
  CHECK(reader->closed());
  CHECK_THROWS_AS(reader->recv(), troupe::Closed);
  CHECK_THROWS_AS(reader->send(1), troupe::Closed);
}

TEST_CASE("C13 an empty message is one, however often it is polled for") {
  Stage stage;
  auto [here, there] = pipe<Bytes>(stage.node);

  there.send({});

  CHECK(here.poll(soon));
  CHECK(here.poll());
  CHECK(here.recv(soon).empty());
  CHECK_FALSE(here.poll());
}

namespace {

const std::vector<std::string> strings{"hello", "", "a", "b", "", "bye", "", "lop"};

void send_strings(Connection<std::string> conn) {
  for (const auto& each : strings) {
    conn.send(each);
    (void)conn.recv();
  }
}

}  // namespace

TEST_CASE("C14 messages that are polled for come one by one, the empty ones too") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto [here, there] = pipe<std::string>(stage.node);
  Process process;
  std::thread thread;
  if (where == Where::here) {
    thread = std::thread{[conn = std::move(there)]() mutable { send_strings(std::move(conn)); }};
  } else {
    process = stage.node.start<send_strings>(std::move(there));
  }

  std::vector<std::string> received;
  while (received.size() < strings.size()) {
    while (!here.poll(10ms)) {
    }
    received.push_back(here.recv());
    here.send("more");
  }

  CHECK(received == strings);
  if (thread.joinable()) thread.join();
}

TEST_CASE("C16 messages do not merge") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Echo<std::string> echo{stage, where};

  for (const char* each : {"a", "b", "cd"}) echo.mine.send(each);

  for (const char* each : {"a", "b", "cd"}) {
    CHECK(echo.mine.poll(soon));
    CHECK(echo.mine.poll(0s));
    CHECK(echo.mine.poll(1s));
    CHECK(echo.mine.recv() == each);
  }
}

namespace {

struct Access {
  Connection<std::string> end;
  bool write = false;
};
void use_ends(Connection<Access> conn) {
  while (auto access = conn.next()) {
    if (access->write) {
      access->end.send("all is well");
    } else {
      const std::string text = access->end.recv();
      access->end.send(text + text);
    }
  }
}

}  // namespace

TEST_CASE("C17 ends of pipes are sent through a pipe, and used where they arrive") {
  Stage stage{GENERATE(other_processes)};
  auto [ours, theirs] = pipe<Access>(stage.node);
  const Process process = stage.node.start<use_ends>(std::move(theirs));

  auto [reader, writer] = pipe<std::string>(stage.node);
  ours.send({std::move(writer), true});
  CHECK(reader.recv(soon) == "all is well");
  CHECK_THROWS_AS(reader.recv(soon), EndOfStream);

  auto [here, there] = pipe<std::string>(stage.node);
  here.send("foobar");
  ours.send({std::move(there), false});
  CHECK(here.recv(soon) == "foobarfoobar");
  ours.close();
  process.join();
  CHECK(process.exit_code() == 0);
}

namespace {

volatile sig_atomic_t signals_seen = 0;

void be_interrupted(Connection<std::string> conn) {
  struct sigaction action {};
  action.sa_handler = [](int) { signals_seen = signals_seen + 1; };
  ::sigaction(SIGUSR1, &action, nullptr);  // without SA_RESTART
  conn.send("ready");
  conn.send(conn.recv());
  conn.send(std::string(std::size_t{16 << 20} + 1, 'x'));
  conn.send(std::to_string(signals_seen));
}

}  // namespace

TEST_CASE("C19 signals do not disturb who receives or sends") {
  Stage stage{GENERATE(other_processes)};
  auto [here, there] = pipe<std::string>(stage.node);
  const Process process = stage.node.start<be_interrupted>(std::move(there));

  CHECK(here.recv(soon) == "ready");
  for (int i = 0; i < 20; ++i) {
    ::kill(process.pid(), SIGUSR1);
    CHECK_FALSE(here.poll(5ms));
  }
  here.send("1234");
  CHECK(here.recv(soon) == "1234");
  ::kill(process.pid(), SIGUSR1);
  CHECK(here.recv(soon).size() == (16 << 20) + 1);
  CHECK(std::stoi(here.recv(soon)) > 0);
}

TEST_CASE("C29 what was sent is received, then comes the end, and nothing can be sent") {
  Stage stage;
  auto [here, there] = pipe<int>(stage.node);
  there.send(1);
  there.send(2);
  there.close();

  CHECK(here.recv(soon) == 1);
  CHECK(here.recv(soon) == 2);
  CHECK(here.poll(soon));
  CHECK_THROWS_AS(here.recv(soon), EndOfStream);
  CHECK_THROWS_AS(here.try_recv(), EndOfStream);
  CHECK_FALSE(here.next());
  CHECK(here.poll());
  CHECK_THROWS_AS(here.send(3), troupe::Closed);
}
TEST_CASE("a sender waits while its pipe is full, and is refused when its patience ends") {
  Stage stage;
  auto [here, there] = pipe<int>(stage.node, {.capacity = 2});

  here.send(1);
  CHECK(here.try_send(2));
  CHECK_FALSE(here.try_send(3));
  CHECK_THROWS_AS(here.send(3, 10ms), troupe::Full);
  CHECK(there.recv(soon) == 1);
  here.send(3, soon);
  CHECK(there.recv(soon) == 2);
  CHECK(there.recv(soon) == 3);
}

TEST_CASE("a sender that waits for room hears when the other end is closed") {
  Stage stage{Where::ipc};
  auto [here, there] = pipe<int>(stage.node, {.capacity = 1});
  Queue<int> gate{stage.node};
  const Process process = stage.node.start(
      [](Connection<int> conn, Queue<int> opened) {
        opened.get();
        conn.close();
      },
      std::move(there), gate);

  here.send(1);
  gate.put(1);

  CHECK_THROWS_AS(here.send(2, soon), troupe::Closed);
}

TEST_CASE("many small items pass between two processes in order") {
  Stage stage{GENERATE(other_processes)};
  constexpr int count = 20'000;
  auto [reader, writer] = pipe<int>(stage.node, {.ways = troupe::Ways::one});
  const Process process = stage.node.start(
      [](Connection<int> conn) {
        for (int i = 0; i < count; ++i) conn.send(i);
      },
      std::move(writer));

  int next = 0;
  while (auto item = reader.next()) {
    if (*item != next) break;
    ++next;
  }

  CHECK(next == count);
}
