// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe run --hosts` with a real sshd on each of three hosts. This test is beside them, at `outside`.
#include "lab.hpp"

#include <cstdlib>

namespace {

// That of ssh.sh.
std::string ssh() {
  const char* command = std::getenv("TROUPE_SSH");
  REQUIRE(command != nullptr);
  return command;
}

/// `troupe run --hosts HOSTS [OPTIONS] -- program COUNT [MODE]`
std::vector<std::string> run(const std::string& hosts, const std::vector<std::string>& words,
                             const std::vector<std::string>& options = {}) {
  std::vector<std::string> all{"run", "--hosts", hosts};
  all.insert(all.end(), options.begin(), options.end());
  all.insert(all.end(), {"--", program});
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

}  // namespace

TEST_CASE("A program runs over three hosts, with their slots and labels, and leaves nothing on them") {
  Command command{run("h1:2,h2:1,h3:4", {"3"}, {"--label", "h3=gpu"}), At::pipeline, ssh()};

  CHECK(command.out() == "h1 2 head\nh2 1\nh3 4 gpu\non h1\non h2\non h3\n");
  CHECK(command.err().empty());
  CHECK(command.wait() == 0);
  CHECK(hosts_are_empty());
}

TEST_CASE("A head on this machine is found by the hosts that ssh reaches from it") {
  Command command{run("localhost:1,h1:1,h2:1", {"3", "work"}), At::pipeline, ssh()};

  REQUIRE(command.prints("working\n"));
  command.write("to the head\n");
  REQUIRE(command.prints("to the head\n"));
  command.end_input();

  CHECK(command.out() == "h1 1\nh2 1\nlocalhost 1 head\non h1\non h2\non localhost\nworking\nto the head\nright\n");
  CHECK(command.wait() == 0);
  CHECK(hosts_are_empty());
}

TEST_CASE("Two runs at once do not meet") {
  Command one{run("h1:1,h2:1", {"2", "wait"}), At::pipeline, ssh()};
  Command other{run("h1:1,h2:1,h3:1", {"3", "wait"}), At::pipeline, ssh()};
  REQUIRE(one.prints("waiting\n"));
  REQUIRE(other.prints("waiting\n"));
  one.end_input();
  other.end_input();

  CHECK(one.out() == "h1 1 head\nh2 1\non h1\non h2\nwaiting\n");
  CHECK(other.out() == "h1 1 head\nh2 1\nh3 1\non h1\non h2\non h3\nwaiting\n");
}

TEST_CASE("Ctrl-C ends the program on all hosts within two seconds") {
  for (const char* hosts : {"h1,h2,h3", "localhost,h1,h2"}) {
    Command command{run(hosts, {"3", "work"}), At::terminal, ssh()};
    REQUIRE(command.prints("working\n"));
    const auto began = std::chrono::steady_clock::now();

    command.write("\3");

    CHECK(command.wait() == -SIGINT);
    CHECK(std::chrono::steady_clock::now() - began < 4s);  // and what ssh takes, on a busy machine
    CHECK(command.err().find("interrupted: ending all processes") != std::string::npos);
    CHECK(hosts_are_empty());
  }
}

TEST_CASE("A host that is killed is named, and the pool goes on without it") {
  Command command{run("h1:2,h2:2,h3:2", {"3", "work"}), At::pipeline, ssh()};
  REQUIRE(command.prints("working\n"));
  const auto host_node = living("TROUPE_NAME=h3");
  REQUIRE(!host_node.empty());

  for (const pid_t each : host_node) ::kill(each, SIGKILL);

  CHECK(command.complains("troupe: h3 has ended before the head, with exit code 137; the others go on\n"));
  CHECK(command.prints("down h3\n"));
  command.end_input();
  CHECK(command.out().ends_with("right\n"));
  CHECK(command.wait() == 0);
  CHECK(hosts_are_empty());
}

TEST_CASE("A connection of ssh's that breaks ends the program on that host, and the others go on") {
  Command command{run("h1:2,h2:2,h3:2", {"3", "work"}), At::pipeline, ssh()};
  REQUIRE(command.prints("working\n"));

  for (const pid_t each : command.family())
    if (text_of_file("/proc/" + std::to_string(each) + "/cmdline").find(std::string{'\0'} + "h3" + '\0') != std::string::npos)
      ::kill(each, SIGKILL);

  CHECK(command.complains("troupe: h3: the connection is broken; the others go on\n"));
  CHECK(command.prints("down h3\n"));
  command.end_input();
  CHECK(command.out().ends_with("right\n"));
  CHECK(command.wait() == 0);
  CHECK(hosts_are_empty());
}

TEST_CASE("A head that is killed ends the run with its exit code") {
  Command command{run("h1:2,h2:2,h3:2", {"3", "wait"}), At::pipeline, ssh()};
  REQUIRE(command.prints("waiting\n"));

  for (const pid_t each : living("TROUPE_NAME=h1")) ::kill(each, SIGKILL);

  CHECK(command.wait() == 137);
  CHECK(hosts_are_empty());
}

TEST_CASE("A launcher that is killed leaves nothing on the hosts") {
  Command command{run("h1:2,h2:2,h3:2", {"3", "work"}), At::pipeline, ssh()};
  REQUIRE(command.prints("working\n"));

  command.signal(SIGKILL);

  CHECK(command.wait() == -SIGKILL);
  CHECK(hosts_are_empty());
}

TEST_CASE("A launcher whose cable is pulled leaves nothing on the hosts") {
  // TCP gives up after some seconds here instead of a quarter of an hour.
  for (const char* host : {"h1", "h2", "h3"}) lab(std::string{"on "} + host + " sh -c 'echo 3 >/proc/sys/net/ipv4/tcp_retries2'");
  Command command{run("h1:2,h2:2,h3:2", {"3", "wait"}), At::pipeline, ssh()};
  REQUIRE(command.prints("waiting\n"));

  lab("drop outside h1");
  lab("drop outside h2");
  lab("drop outside h3");

  CHECK(comes_true([] { return living().empty(); }, 50s));
  CHECK(hosts_are_empty());
}

TEST_CASE("A host with another build is refused, and runs what is sent to it") {
  lab("on h2 mount --bind /bin/true " + program);
  Command refused{run("h1,h2", {"2"}), At::pipeline, ssh()};
  Command sent{run("h1:1,h2:1", {"2"}, {"--copy"}), At::pipeline, ssh()};

  CHECK(refused.wait() == 125);
  CHECK(refused.err() == "troupe: h2: " + program + " is another build there than here; --copy brings this one\n");
  CHECK(sent.out() == "h1 1 head\nh2 1\non h1\non h2\n");
  CHECK(sent.wait() == 0);
  CHECK(hosts_are_empty());
}

TEST_CASE("A program that is not on a host, and a host that is nowhere, end the run with what to type") {
  lab("on h2 mount -t tmpfs tmpfs " TROUPE_BINARY_DIR "/tests/lab");
  Command missing{run("h1,h2", {"2"}), At::pipeline, ssh()};
  Command nowhere{run("h1,10.9.0.99", {"2"}), At::pipeline, ssh() + " -o ConnectTimeout=2"};

  CHECK(missing.wait() == 125);
  CHECK(missing.err() == "troupe: h2: " + program + " is not there, or may not be run; --copy brings it\n");
  CHECK(nowhere.wait() == 125);
  CHECK(nowhere.err().find("troupe: 10.9.0.99 cannot be reached; see what `" + ssh()) != std::string::npos);
  CHECK(hosts_are_empty());
}
