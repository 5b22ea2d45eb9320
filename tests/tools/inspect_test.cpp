// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe ps`, `hosts` and `dead-letters` beside running programs.
#include "actor/supervised.hpp"
#include "said.hpp"
#include "system/program.hpp"

#include <troupe/node/core.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <stdexcept>
#include <string>

using namespace troupe;
using Json = nlohmann::json;

namespace {

struct Enter {};
struct Count {};
struct Fail {};
struct Pid {};
struct Load {
  std::string bytes;
};
class Desk : public Actor<Desk, Enter, Count, Fail, Pid, Load> {
 public:
  void on(const Enter&) const {
    std::cout << "entered" << std::endl;
    for (;;) ::pause();
  }
  void on(const Count&) const {}
  void on(const Fail&) const { throw std::runtime_error{"boom"}; }
  int on(const Pid&) const { return ::getpid(); }
  void on(const Load&) const {}
};

[[noreturn]] void stay() {
  std::cout << "ready" << std::endl;
  for (;;) ::pause();
}

const ChildMain blocked{"tools_blocked", [](int argc, char** argv) -> int {
                          Node node{argc, argv};
                          const auto desk = node.spawn<Desk>();
                          desk.ask(Count{}).get();
                          desk.tell(Enter{});
                          for (int i = 0; i < 7; ++i) desk.tell(Count{});
                          node.publish("reception", desk);
                          stay();
                        }};

const ChildMain idle{"tools_idle", [](int argc, char** argv) -> int {
                       Node node{argc, argv};
                       const auto desk = node.spawn<Desk>();
                       stay();
                     }};

struct Tick {};
class Clockwork : public Actor<Clockwork, Tick> {
 public:
  explicit Clockwork(Ref<Desk> to) : to_{std::move(to)} { every(5ms, Tick{}); }
  void on(const Tick&) const { to_.tell(Count{}); }

 private:
  Ref<Desk> to_;
};

const ChildMain ticking{"tools_ticking", [](int argc, char** argv) -> int {
                          Node node{argc, argv};
                          const auto desk = node.spawn<Desk>();
                          const auto clockwork = node.spawn<Clockwork>(desk);
                          stay();
                        }};

const ChildMain restarted{"tools_restarted", [](int argc, char** argv) -> int {
                            set_log_sink([](LogLevel, std::string_view) {});
                            Node node{argc, argv};
                            Supervisor supervisor{node, supervised::quick()};
                            const auto here_desk = supervisor.spawn<Desk>();
                            const auto there = supervisor.spawn<Desk>(own_process);
                            there.kill();
                            for (int i = 0; i < 3; ++i) here_desk.tell(Fail{});
                            while (supervisor.restarts() < 4 || !there.ask(Pid{}).result()) std::this_thread::sleep_for(1ms);
                            stay();
                          }};

const ChildMain lost{"tools_lost", [](int argc, char** argv) -> int {
                       set_log_sink([](LogLevel, std::string_view) {});
                       Node node{argc, argv};
                       const auto stopped = node.spawn<Desk>();
                       const auto failed = node.spawn<Desk>();
                       stopped.stop();
                       failed.tell(Fail{});
                       while (stopped.ask(Pid{}).result() || failed.ask(Pid{}).result()) std::this_thread::sleep_for(1ms);
                       for (int i = 0; i < 3; ++i) stopped.tell(Count{});
                       for (int i = 0; i < 2; ++i) failed.tell(Enter{});
                       stay();
                     }};

const ChildMain linked{"tools_linked", [](int argc, char** argv) -> int {
                         Node node{argc, argv};
                         const auto desk = node.spawn<Desk>(own_process);
                         const int pid = desk.ask(Pid{}).get();
                         node.core().links().all().front()->cut();
                         desk.ask(Pid{}).get();
                         ::kill(pid, SIGSTOP);
                         for (int i = 0; i < 5; ++i) desk.tell(Load{std::string(10'000, 'x')});
                         std::cout << "child " << pid << std::endl;
                         stay();
                       }};

/// `troupe ps` that takes its time.
const ChildMain asking{"tools_asking", [](int, char**) -> int {
                         const std::string directory = std::string{::getenv("XDG_RUNTIME_DIR")} + "/troupe-" + std::to_string(::geteuid());
                         const std::string command = std::string{TROUPE_BINARY_DIR} + "/tools/troupe";
                         return ::execl(command.c_str(), "troupe", "ps", "--interval", "600", "--in", directory.c_str(), nullptr);
                       }};

/// In the runtime directory of the programs in `folder`.
Said inspect(const Folder& folder, const std::string& arguments) {
  const std::string directory = folder.path() + "/troupe-" + std::to_string(::geteuid());
  ::mkdir(directory.c_str(), 0700);
  return troupe_command(arguments + " --in " + directory, "XDG_RUNTIME_DIR=" + folder.path());
}

Json node_of(const Json& json, pid_t pid) {
  for (const auto& node : json.at("nodes"))
    if (node.at("pid") == pid) return node;
  return {};
}

Json actor_of(const Json& node, const std::string& type) {
  for (const auto& actor : node.at("actors"))
    if (actor.at("type").get<std::string>().find(type) != std::string::npos) return actor;
  return {};
}

}  // namespace

TEST_CASE("troupe ps shows what waits for a blocked actor, for how long, and its name") {
  const Folder folder;
  Program program{"tools_blocked", folder};
  REQUIRE(program.prints("ready"));
  REQUIRE(program.prints("entered"));

  const Said said = inspect(folder, "ps --json --interval 0.2");

  REQUIRE(said.code == 0);
  const Json node = node_of(said.json(), program.pid());
  CHECK(said.json().at("nodes").size() == 1);
  CHECK(node.at("answered") == true);
  CHECK(node.at("process") == "tools_tests");
  const Json desk = actor_of(node, "Desk");
  CHECK(desk.at("waiting") == 7);
  CHECK(desk.at("handled") == 1);
  CHECK(desk.at("restarts") == 0);
  CHECK(desk.at("state") == "held");
  CHECK(desk.at("messages_per_s") == 0.0);
  CHECK(desk.at("oldest_s") >= 0.15);
  CHECK(desk.at("names") == Json::array({"reception"}));
  const Said table = inspect(folder, "ps --interval 0.01");
  CHECK(table.code == 0);
  CHECK(table.text.rfind("PROCESS", 0) == 0);
  CHECK(table.has("Desk#1"));
  CHECK(table.has("held"));
  CHECK(table.has("reception"));
}

TEST_CASE("troupe ps counts messages per second") {
  const Folder folder;
  Program program{"tools_ticking", folder};  // 200 a second at most
  REQUIRE(program.prints("ready"));

  Json desk;
  REQUIRE(eventually([&] {
    desk = actor_of(node_of(inspect(folder, "ps --json --interval 0.3").json(), program.pid()), "Desk");
    return desk.at("messages_per_s") >= 20.0;
  }));
  CHECK(desk.at("messages_per_s") <= 400.0);
  CHECK(desk.at("handled") >= 6);
  CHECK(desk.at("waiting") <= 1);
}

TEST_CASE("troupe ps shows how often supervised actors were made anew, in this process and in one of their own") {
  const Folder folder;
  Program program{"tools_restarted", folder};
  REQUIRE(program.prints("ready"));

  const Json json = inspect(folder, "ps --json --interval 0.01").json();

  const Json parent = node_of(json, program.pid());
  CHECK(actor_of(parent, "Desk").at("restarts") == 3);
  REQUIRE(json.at("nodes").size() == 2);
  CHECK(json.at("nodes")[0] == parent);  // a process stands behind its parent
  const Json child = json.at("nodes")[1];
  CHECK(child.at("parent") == parent.at("node"));
  CHECK(actor_of(child, "Desk").at("restarts") == 1);
}

TEST_CASE("a stopped process is named within the patience, the others are shown, and it goes on undisturbed") {
  const Folder folder;
  Program stopped{"tools_idle", folder};
  Program living{"tools_idle", folder};
  REQUIRE(stopped.prints("ready"));
  REQUIRE(living.prints("ready"));
  REQUIRE(::kill(stopped.pid(), SIGSTOP) == 0);
  REQUIRE(eventually([&] { return stat_of(stopped.pid()).at(0) == "T"; }));

  const Said said = inspect(folder, "ps --json --patience 0.3 --interval 0.01");
  const Said table = inspect(folder, "ps --patience 0.3 --interval 0.01");
  const Said links = inspect(folder, "hosts --patience 0.3");
  const Said letters = inspect(folder, "dead-letters --patience 0.3");

  CHECK(said.code == 0);
  const Json silent = node_of(said.json(), stopped.pid());
  CHECK(silent.at("answered") == false);
  CHECK(silent.at("problem").get<std::string>().find("is stopped") != std::string::npos);
  CHECK(node_of(said.json(), living.pid()).at("answered") == true);
  for (const Said* each : {&table, &links, &letters}) {
    CHECK(each->code == 0);
    CHECK(each->has("kill -CONT " + std::to_string(stopped.pid())));
    CHECK(each->has(std::to_string(living.pid())));
  }
  REQUIRE(::kill(stopped.pid(), SIGCONT) == 0);
  CHECK(eventually([&] {  // those who asked meanwhile are gone
    const Json node = node_of(inspect(folder, "hosts --json").json(), stopped.pid());
    return node.at("answered") == true && node.at("links").empty();
  }));
  const Json after = node_of(inspect(folder, "dead-letters --json").json(), stopped.pid());
  CHECK(after.at("dead_letters") == 0);
  CHECK(after.at("dropped_frames") == 0);
  REQUIRE(::kill(stopped.pid(), SIGKILL) == 0);
  CHECK(stopped.output() == "ready\n");
}

TEST_CASE("a troupe command that is killed leaves nothing at the nodes that it has asked") {
  const Folder folder;
  Program program{"tools_idle", folder};
  REQUIRE(program.prints("ready"));
  const Program inspecting{"tools_asking", folder};

  CHECK(eventually([&] { return !node_of(inspect(folder, "hosts --json").json(), program.pid()).at("links").empty(); }));
  REQUIRE(::kill(inspecting.pid(), SIGKILL) == 0);

  CHECK(eventually([&] { return node_of(inspect(folder, "hosts --json").json(), program.pid()).at("links").empty(); }));
  CHECK(node_of(inspect(folder, "dead-letters --json").json(), program.pid()).at("dead_letters") == 0);
  REQUIRE(::kill(program.pid(), SIGKILL) == 0);
  CHECK(program.output() == "ready\n");
}

TEST_CASE("troupe dead-letters counts by reason and names the last") {
  const Folder folder;
  Program program{"tools_lost", folder};
  REQUIRE(program.prints("ready"));

  const Json node = node_of(inspect(folder, "dead-letters --json --last 3").json(), program.pid());
  const Said table = inspect(folder, "dead-letters");

  CHECK(node.at("dead_letters") == 5);
  CHECK(node.at("by_reason") == Json{{"closed", 3}, {"died", 2}});
  REQUIRE(node.at("last").size() == 3);
  CHECK(node.at("last")[0].at("reason") == "died");
  CHECK(node.at("last")[0].at("message").get<std::string>().find("Enter") != std::string::npos);
  CHECK(node.at("last")[0].at("target").get<std::string>().find("Desk#2") != std::string::npos);
  CHECK(node.at("last")[0].at("text").get<std::string>().find("boom") != std::string::npos);
  CHECK(node.at("last")[2].at("reason") == "closed");
  CHECK(node.at("last")[0].at("ago_s") >= 0.0);
  CHECK(table.has("3 closed, 2 died"));
  CHECK(table.has("Desk#1"));
}

TEST_CASE("troupe hosts shows links with epoch, re-dials, and what is not acknowledged") {
  const Folder folder;
  Program program{"tools_linked", folder};
  REQUIRE(program.prints("ready"));

  const Said said = inspect(folder, "hosts --json --patience 0.3");
  const Said table = inspect(folder, "hosts --patience 0.3");

  const Json json = said.json();
  REQUIRE(json.at("nodes").size() == 2);
  const Json node = node_of(json, program.pid());
  REQUIRE(node.at("links").size() == 1);
  const Json link = node.at("links")[0];
  CHECK(link.at("state") == "open");
  CHECK(link.at("session") == 1);
  CHECK(link.at("connection").get<int>() == link.at("redials").get<int>() + 1);
  CHECK(link.at("redials") >= 1);
  CHECK(link.at("unacknowledged_bytes") >= 50'000);
  CHECK(link.at("peer") == json.at("nodes")[1].at("node"));
  CHECK(json.at("hosts").size() == 1);
  CHECK(json.at("hosts")[0].at("nodes") == 1);  // the other one is stopped
  CHECK(json.at("hosts")[0].at("actors") == 0);
  CHECK(table.has("HOST"));
  CHECK(table.has("RE-DIALS"));
  CHECK(table.has("kB"));
}

TEST_CASE("where there are no nodes the troupe command says so") {
  const Folder folder;

  for (const char* command : {"ps", "hosts", "dead-letters"}) {
    CAPTURE(command);
    const Said said = inspect(folder, command);
    const Said json = inspect(folder, std::string{command} + " --json");

    CHECK(said.code == 0);
    CHECK(said.has("You have no nodes here; looked in " + folder.path()));
    CHECK(json.code == 0);
    CHECK(json.json().at("nodes").empty());
  }
  CHECK(inspect(folder, "ps --patience never").code != 0);
}
