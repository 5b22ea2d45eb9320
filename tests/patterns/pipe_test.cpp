// troupe: actors in processes. Apache-2.0, see LICENSE.
// Pipes between processes: what arrives, when an end is the end, and ends that move.
#include "actor/stage.hpp"
#include "system/program.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <variant>
#include <vector>

using troupe::Bytes;
using troupe::Connection;
using troupe::EndOfStream;
using troupe::pipe;
using troupe::Process;
using troupe::Queue;

namespace {

constexpr auto soon = 20s;  // nothing takes that long

template <class T>
void echo(Connection<T> conn) {
  while (auto item = conn.next()) conn.send(std::move(*item));
}

/// An end of a pipe whose other end echoes, here or in a process.
template <class T>
class Echo {
 public:
  Echo(Stage& stage, Where where) {
    auto [ours, theirs] = pipe<T>(stage.node);
    mine = std::move(ours);
    if (where == Where::here) {
      thread_ = std::thread{[conn = std::move(theirs)]() mutable { echo(std::move(conn)); }};
    } else {
      process_ = stage.node.start<echo<T>>(std::move(theirs));
    }
  }
  ~Echo() {
    mine.close();
    if (thread_.joinable()) thread_.join();
    if (process_) process_.join();
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

  Connection<T> mine;

 private:
  std::thread thread_;
  Process process_;
};

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

namespace {

void welcome(troupe::Listener<std::string> listener, Queue<int> started) {
  struct sigaction action {};
  action.sa_handler = [](int) { signals_seen = signals_seen + 1; };
  ::sigaction(SIGUSR1, &action, nullptr);
  started.put(::getpid());
  auto conn = listener.accept();
  conn.send("welcome");
  conn.send(std::to_string(signals_seen));
}

}  // namespace

TEST_CASE("C20 signals do not disturb who waits in accept") {
  Stage stage{GENERATE(other_processes)};
  troupe::Listener<std::string> listener{stage.node};
  Queue<int> started{stage.node};
  const Process process = stage.node.start<welcome>(listener, started);
  const int pid = started.get(soon);

  for (int i = 0; i < 20; ++i) {
    ::kill(pid, SIGUSR1);
    CHECK_FALSE(process.join_for(1ms));
  }
  auto conn = listener.connect();

  CHECK(conn.recv(soon) == "welcome");
  CHECK(std::stoi(conn.recv(soon)) > 0);
  CHECK_FALSE(conn.next());
}

TEST_CASE("who connects is accepted in the order of asking, and what was sent before is received") {
  Stage stage{GENERATE(other_processes)};
  troupe::Listener<int> listener{stage.node, {.name = "desk"}};
  std::vector<Process> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(stage.node.start(
        [](troupe::Listener<int> desk, int number) {
          auto conn = desk.connect();
          conn.send(number);
          conn.send(conn.recv() + number);
          (void)conn.next();
        },
        listener, i));
    auto conn = listener.accept(soon);
    CHECK(conn.recv(soon) == i);
    conn.send(100);
    CHECK(conn.recv(soon) == 100 + i);
  }
  CHECK_FALSE(listener.try_accept_for(0s));
  CHECK_THROWS_AS(listener.accept(1ms), troupe::Timeout);
}

TEST_CASE("who waits to be accepted hears when the listener is closed") {
  Stage stage;
  troupe::Listener<int> listener{stage.node};
  auto conn = listener.connect();

  listener.close();

  CHECK_THROWS_AS(conn.recv(soon), EndOfStream);
  CHECK_THROWS_AS(listener.connect(), troupe::Closed);
  CHECK_THROWS_AS(troupe::Listener<int>{}.accept(), troupe::Misuse);
}

namespace {

const ChildMain name_server{"name_server", [](int argc, char** argv) {
                              troupe::Node node{argc, argv};
                              troupe::Listener<std::string> listener{node};
                              listener.publish("desk");
                              std::cout << "listening" << std::endl;
                              auto conn = listener.accept();
                              std::cout << conn.recv() << std::endl;
                              conn.send("welcome");
                              conn.recv();
                              return 0;
                            }};

const ChildMain name_client{"name_client", [](int argc, char** argv) {
                              troupe::Node node{argc, argv};
                              try {
                                (void)troupe::connect<int>(node, "desk");
                              } catch (const troupe::Malformed&) {
                                std::cout << "of another type" << std::endl;
                              }
                              auto conn = troupe::connect<std::string>(node, "desk");
                              conn.send("a client");
                              std::cout << conn.recv() << std::endl;
                              try {
                                conn.recv();
                              } catch (const EndOfStream& end) {
                                std::cout << (end.info()->cause != nullptr ? "it died" : "it closed") << std::endl;
                              }
                              try {
                                (void)troupe::connect<std::string>(node, "desk");
                              } catch (const troupe::NotFound&) {
                                std::cout << "nobody there" << std::endl;
                              }
                              return 0;
                            }};

}  // namespace

TEST_CASE("programs that are started apart connect by name, and hear of each other's death") {
  const Folder folder;
  Program server{"name_server", folder};
  REQUIRE(server.prints("listening"));
  Program client{"name_client", folder};
  CHECK(client.prints("of another type"));
  CHECK(server.prints("a client"));
  CHECK(client.prints("welcome"));

  ::kill(server.pid(), SIGKILL);

  CHECK(client.prints("it died"));
  CHECK(client.prints("nobody there"));
  CHECK(client.status() == 0);
}

TEST_CASE("a name is one listener's until that ends") {
  Stage stage;
  troupe::Listener<int> first{stage.node};
  troupe::Listener<int> second{stage.node};
  first.publish("pipe-test.one");

  CHECK_THROWS_AS(second.publish("pipe-test.one"), troupe::Refused);
  CHECK_THROWS_AS(second.publish("../elsewhere"), troupe::Misuse);
  CHECK(troupe::Listener<int>::find(stage.node, "pipe-test.one") == first);
  first.close();

  CHECK(eventually([&] {
    try {
      second.publish("pipe-test.one");
      return true;
    } catch (const troupe::Refused&) {
      return false;
    }
  }));
  CHECK(troupe::Listener<int>::find(stage.node, "pipe-test.one") == second);
}

namespace {

void send_ten(Connection<std::pair<int, int>> conn, bool slow) {
  std::minstd_rand random{static_cast<unsigned>(::getpid())};
  for (int i = 0; i < 10; ++i) {
    if (slow) std::this_thread::sleep_for(std::chrono::milliseconds{random() % 20});
    conn.send({i, ::getpid()});
  }
}

}  // namespace

TEST_CASE("C23 everything that four processes send is received by one that waits for any, until all have ended") {
  const bool slow = GENERATE(false, true);
  Stage stage{GENERATE(other_processes)};
  std::vector<Connection<std::pair<int, int>>> readers;
  std::vector<Process> processes;
  std::set<std::pair<int, int>> expected;
  for (int i = 0; i < 4; ++i) {
    auto [reader, writer] = pipe<std::pair<int, int>>(stage.node, {.ways = troupe::Ways::one});
    readers.push_back(std::move(reader));
    processes.push_back(stage.node.start<send_ten>(std::move(writer), slow));
    for (int n = 0; n < 10; ++n) expected.emplace(n, processes.back().pid());
  }

  std::set<std::pair<int, int>> received;
  std::size_t count = 0;
  while (!readers.empty()) {
    std::vector<std::size_t> ended;
    for (const std::size_t ready : troupe::wait_any({readers.begin(), readers.end()}, soon)) {
      if (auto item = readers[ready].next()) {
        received.insert(*item);
        ++count;
      } else {
        ended.push_back(ready);
      }
    }
    for (auto each = ended.rbegin(); each != ended.rend(); ++each) readers.erase(readers.begin() + static_cast<std::ptrdiff_t>(*each));
  }

  CHECK(count == 40);
  CHECK(received == expected);
}

TEST_CASE("C25 wait_any waits as long as it may, and says which one is ready") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Echo<int> a{stage, where};
  Echo<int> b{stage, where};

  const auto before = std::chrono::steady_clock::now();
  CHECK(troupe::wait_any({a.mine, b.mine}, 200ms).empty());
  CHECK(std::chrono::steady_clock::now() - before >= 200ms);
  a.mine.send(1);
  CHECK(troupe::wait_any({a.mine, b.mine}, soon) == std::vector<std::size_t>{0});
  CHECK(troupe::wait_any({b.mine, a.mine}) == std::vector<std::size_t>{1});
  CHECK(a.mine.recv() == 1);
  CHECK(troupe::wait_any({b.mine, a.mine}, 0s).empty());
}

TEST_CASE("C26 wait_any takes processes and connections alike, and names all that are ready") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> gate{stage.node};
  const Process process = stage.node.start([](Queue<int> opened) { opened.get(); }, gate);
  auto [a, far_a] = pipe<int>(stage.node);
  auto [b, far_b] = pipe<int>(stage.node);
  using Places = std::vector<std::size_t>;

  CHECK(troupe::wait_any({a, process, b}, 0s).empty());
  gate.put(1);
  CHECK(troupe::wait_any({a, process, b}, soon) == Places{1});
  far_b.send(2);
  CHECK(troupe::wait_any({a, process, b}, soon) == Places{1, 2});
  far_a.send(1);
  CHECK(troupe::wait_any({a, process, b}, soon) == Places{0, 1, 2});
}

TEST_CASE("C28 wait_any for nothing waits as long as it may") {
  const auto before = std::chrono::steady_clock::now();

  CHECK(troupe::wait_any({}, 50ms).empty());

  CHECK(std::chrono::steady_clock::now() - before >= 50ms);
  CHECK_THROWS_AS(troupe::wait_any({}), troupe::Misuse);
}

TEST_CASE("P13 the end of a process is something to wait for") {
  Stage stage;
  Queue<int> gate{stage.node};
  const Process process = stage.node.start([](Queue<int> opened) { opened.get(); }, gate);
  const Process none;

  CHECK_THROWS_AS(troupe::wait_any({none}, 0s), troupe::Misuse);
  CHECK(troupe::wait_any({process}, 0s).empty());
  gate.put(1);
  process.join();
  CHECK(troupe::wait_any({process}, 1s) == std::vector<std::size_t>{0});
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

// --- How the other end ended ------------------------------------------------------------------------------------------------

namespace {

std::shared_ptr<const troupe::ErrorInfo> cause_of_end(Connection<int>& conn) {
  try {
    const int received = conn.recv(soon);
    FAIL("received " << received);
  } catch (const EndOfStream& end) {
    return end.info()->cause;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("the end of the stream says whether the other end was closed, or its process killed") {
  Stage stage{GENERATE(other_processes)};
  auto [closed, closer] = pipe<int>(stage.node);
  auto [killed, killer] = pipe<int>(stage.node);
  auto [left, leaver] = pipe<int>(stage.node);
  stage.node.start([](Connection<int> conn) { conn.send(1); }, std::move(closer)).join();
  const auto die = [](Connection<int> conn, int signal) {
    conn.send(2);
    conn.recv();
    if (signal != 0) ::kill(::getpid(), signal);
    std::_Exit(3);
  };
  const Process dies = stage.node.start(die, std::move(killer), SIGKILL);
  const Process leaves = stage.node.start(die, std::move(leaver), 0);

  CHECK(closed.recv(soon) == 1);
  CHECK(cause_of_end(closed) == nullptr);
  CHECK_FALSE(closed.next());

  CHECK(killed.recv(soon) == 2);
  killed.send(1);
  const auto cause = cause_of_end(killed);
  REQUIRE(cause != nullptr);
  CHECK(cause->signal == SIGKILL);
  CHECK_THROWS_AS(killed.next(), EndOfStream);

  CHECK(left.recv(soon) == 2);
  left.send(1);
  const auto other = cause_of_end(left);
  REQUIRE(other != nullptr);
  CHECK(other->exit_code == 3);
}

TEST_CASE("a process that is left by exit or by an exception has closed its ends") {
  Stage stage;
  auto [here, there] = pipe<int>(stage.node);
  auto [mine, theirs] = pipe<int>(stage.node);
  stage.node
      .start(
          [](Connection<int> conn) {
            conn.send(1);
            std::exit(0);
          },
          std::move(there))
      .join();
  stage.node
      .start(
          {.output = troupe::Output::discarded},
          [](Connection<int> conn) {
            conn.send(2);
            throw std::runtime_error{"that was it"};
          },
          std::move(theirs))
      .join();

  CHECK(here.recv(soon) == 1);
  CHECK_FALSE(here.next());
  CHECK(mine.recv(soon) == 2);
  CHECK_FALSE(mine.next());
}

// --- Moves --------------------------------------------------------------------------------------------------------------

namespace {

struct Take {
  Connection<int> conn;
};
struct GiveBack {};
class Keeper : public troupe::Actor<Keeper, Take, GiveBack> {
 public:
  void on(Take take) { conn_ = std::move(take.conn); }
  Connection<int> on(const GiveBack&) { return std::move(conn_); }

 private:
  Connection<int> conn_;
};

}  // namespace

TEST_CASE("an end moves to an actor and back, with what was sent before and after") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto [here, there] = pipe<int>(stage.node);
  const auto keeper = stage.spawn<Keeper>();

  there.send(1);
  here.send(10);
  here.send(20);
  CHECK(there.poll(soon));  // holds the first
  keeper.tell(Take{std::move(there)});
  here.send(30);
  auto back = keeper.ask(GiveBack{}).get();
  back.send(2);

  CHECK(here.recv(soon) == 1);
  CHECK(here.recv(soon) == 2);
  for (const int each : {10, 20, 30}) CHECK(back.recv(soon) == each);
}

TEST_CASE("an end that moves on and on loses nothing and keeps the order") {
  Stage stage{GENERATE(other_processes)};
  constexpr int stations = 6;
  constexpr int each = 50;
  auto [here, there] = pipe<int>(stage.node);
  std::vector<troupe::Ref<Keeper>> keepers;
  for (int i = 0; i < 2; ++i) keepers.push_back(stage.spawn<Keeper>());
  Connection<int> end = std::move(there);

  for (int station = 0; station < stations; ++station) {
    for (int i = 0; i < each; ++i) end.send(station * each + i);
    const auto& keeper = keepers[static_cast<std::size_t>(station % 2)];
    keeper.tell(Take{std::move(end)});
    end = keeper.ask(GiveBack{}).get();
  }
  end.close();

  std::vector<int> all;
  while (auto item = here.next()) all.push_back(*item);
  std::vector<int> expected(stations * each);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(all == expected);
}

TEST_CASE("an end that was sent away is empty here, and cannot be sent again") {
  Stage stage{Where::ipc};
  auto [here, there] = pipe<int>(stage.node);
  const auto keeper = stage.spawn<Keeper>();
  Take take{std::move(there)};

  keeper.tell(std::move(take));

  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK_FALSE(there);
  CHECK_THROWS_AS(take.conn.send(1), troupe::Misuse);
  CHECK_THROWS_AS(keeper.tell(std::move(take)), troupe::Misuse);
  // NOLINTEND(bugprone-use-after-move)
  CHECK_THROWS_AS(Connection<int>{}.recv(), troupe::Misuse);
}

TEST_CASE("an end in a message to an actor that has ended is closed, with a cause") {
  Stage stage{GENERATE(other_processes)};
  auto [here, there] = pipe<int>(stage.node);
  const auto keeper = stage.spawn<Keeper>();
  keeper.stop();

  keeper.tell(Take{std::move(there)});

  CHECK(cause_of_end(here) != nullptr);
}

namespace {

class Busy : public troupe::Actor<Busy, Queue<int>, Take> {
 public:
  void on(Queue<int> started) {
    started.put(::getpid());
    ::pause();
  }
  void on(const Take&) {}
};

}  // namespace

TEST_CASE("an end in a message that waits for its handler is closed when the process of that is killed") {
  Stage stage{GENERATE(other_processes)};
  auto [here, there] = pipe<int>(stage.node);
  Queue<int> started{stage.node};
  const auto busy = stage.spawn<Busy>();
  busy.tell(started);
  const int pid = started.get(soon);

  busy.tell(Take{std::move(there)});
  ::kill(pid, SIGKILL);

  CHECK(cause_of_end(here) != nullptr);
}

TEST_CASE("an end that nobody takes in time is closed, with a cause") {
  Stage stage{GENERATE(other_processes)};
  auto [here, there] = pipe<int>(stage.node, {.claim_within = 50ms});
  Queue<int> started{stage.node};
  const auto busy = stage.spawn<Busy>();
  busy.tell(started);
  const int pid = started.get(soon);

  busy.tell(Take{std::move(there)});

  CHECK(cause_of_end(here) != nullptr);
  ::kill(pid, SIGKILL);
}

TEST_CASE("an end among the arguments of a process that does not start is closed, with a cause") {
  Stage stage;
  auto [here, there] = pipe<int>(stage.node);

  CHECK_THROWS_AS(stage.node.start<echo<int>>({.working_directory = "/not/there"}, std::move(there)), troupe::NotFound);

  CHECK(cause_of_end(here) != nullptr);
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
