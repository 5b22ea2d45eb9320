// troupe: actors in processes. Apache-2.0, see LICENSE.
// Connections that are asked for and accepted, within a program and by name between programs.
#include "patterns/pipes.hpp"
#include "system/program.hpp"

#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <vector>

using troupe::EndOfStream;
using troupe::Process;
using troupe::Queue;

namespace {

volatile sig_atomic_t signals_seen = 0;

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

TEST_CASE("L02 who is accepted receives, and nobody is accepted after the close") {
  Stage stage;
  troupe::Listener<int> listener{stage.node};
  {
    auto client = listener.connect();
    auto accepted = listener.accept(soon);
    client.send(1729);
    CHECK(accepted.recv(soon) == 1729);
  }

  listener.close();

  CHECK_THROWS_AS(listener.accept(), troupe::Closed);
}

TEST_CASE("L05 L07 what a process sends at once behind its connect is there for who accepts, and for poll") {
  Stage stage{GENERATE(other_processes)};
  troupe::Listener<std::string> listener{stage.node};
  const Process client = stage.node.start(
      [](troupe::Listener<std::string> desk) {
        auto conn = desk.connect();
        conn.send("hello");
        if (conn.poll(soon)) conn.send(conn.recv() + " too");
        (void)conn.next();
      },
      listener);

  auto conn = listener.accept(soon);

  CHECK(conn.recv(soon) == "hello");
  conn.send("hello");
  CHECK(conn.recv(soon) == "hello too");
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

TEST_CASE("L01 G19 a name is one listener's until that ends, and then another's") {
  Stage stage;
  troupe::Listener<int> first{stage.node};
  troupe::Listener<int> second{stage.node};
  const std::string name = "listener-test." + std::to_string(::getpid());
  first.publish(name);

  CHECK_THROWS_AS(second.publish(name), troupe::Refused);
  CHECK_THROWS_AS(second.publish("../elsewhere"), troupe::Misuse);
  CHECK(troupe::Listener<int>::find(stage.node, name) == first);
  first.close();

  CHECK(eventually([&] {
    try {
      second.publish(name);
      return true;
    } catch (const troupe::Refused&) {
      return false;
    }
  }));
  CHECK(troupe::Listener<int>::find(stage.node, name) == second);
}
