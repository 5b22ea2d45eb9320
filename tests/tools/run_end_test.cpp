// troupe: actors in processes. Apache-2.0, see LICENSE.
// How `troupe run` ends: by its head, by signals, by its own death.
#include "command.hpp"

namespace {

const std::string stand_in = TROUPE_SOURCE_DIR "/tests/tools/stand_in.sh";

std::vector<std::string> run(const std::string& hosts, const std::string& whom, const std::string& does) {
  return {"run", "--hosts", hosts, "--", stand_in, whom, does};
}

}  // namespace

TEST_CASE("Ctrl-C reaches the head's program once, and ends what serves it") {
  for (const char* hosts : {"a,b", "localhost,b,localhost"}) {
    Command command{run(hosts, "head", "count"), At::terminal};
    REQUIRE(command.prints("started\n"));

    command.write("\3");
    REQUIRE(command.prints("INT\n"));
    command.write("\n");  // ends it

    CHECK(command.out() == "started\nINT\n");
    CHECK(command.wait() == 0);
    CHECK(command.leaves_nothing());
  }
}

TEST_CASE("Ctrl-C ends a program that does not mind it, and the shell sees so") {
  for (const char* hosts : {"a,b", "localhost,b,localhost"}) {
    Command command{run(hosts, "head", "wait"), At::terminal};
    REQUIRE(command.prints("started\n"));

    command.write("\3");

    CHECK(command.wait() == -SIGINT);
    CHECK(command.leaves_nothing());
  }
}

TEST_CASE("SIGINT and SIGTERM to the launcher alone reach the head's program") {
  for (const char* hosts : {"a,b", "localhost,b"}) {
    for (const auto& [number, name] : {std::pair{SIGINT, "INT\n"}, std::pair{SIGTERM, "TERM\n"}}) {
      Command command{run(hosts, "head", "count")};
      REQUIRE(command.prints("started\n"));

      command.signal(number);
      REQUIRE(command.prints(name));
      command.end_input();

      CHECK(command.out() == std::string{"started\n"} + name);
      CHECK(command.wait() == 0);
    }
  }
}

TEST_CASE("The second signal ends what ignored the first, on all hosts") {
  for (const char* hosts : {"a,b", "localhost,b,localhost"}) {
    Command command{run(hosts, "all", "ignore")};
    REQUIRE(command.prints("started\n"));
    REQUIRE(command.complains("[b] started\n"));

    command.signal(SIGINT);
    command.signal(SIGTERM);

    CHECK(command.wait() != 0);
    CHECK(command.leaves_nothing());
  }
}

TEST_CASE("The head's end ends who would go on, and what a program left in its process group") {
  Command leaves{run("a", "head", "leave")};
  Command goes_on{run("a,b", "all", "serve")};

  CHECK(leaves.wait() == 0);
  CHECK(leaves.out() == "started\n");
  CHECK(leaves.leaves_nothing());
  CHECK(goes_on.wait() == 0);
  CHECK(goes_on.leaves_nothing());
}

TEST_CASE("A launcher that is killed leaves nothing behind, on any host") {
  for (const char* hosts : {"a,b", "localhost,b,localhost"}) {
    Command command{run(hosts, "all", "wait")};
    REQUIRE(command.prints("started\n"));
    REQUIRE(command.complains("[b] started\n"));

    command.signal(SIGKILL);

    CHECK(command.wait() == -SIGKILL);
    CHECK(command.leaves_nothing());
  }
}

TEST_CASE("A launcher that is killed before the program runs leaves nothing behind") {
  Command command{run("a,quiet,localhost", "all", "wait")};
  while (command.folder.empty()) std::this_thread::yield();

  command.signal(SIGKILL);

  CHECK(command.wait() == -SIGKILL);
  for (const pid_t each : command.family())  // the ssh that plays a host which never answers does not notice
    if (text_of_file("/proc/" + std::to_string(each) + "/cmdline").starts_with("sleep")) ::kill(each, SIGKILL);
  CHECK(command.leaves_nothing());
}
