// troupe: actors in processes. Apache-2.0, see LICENSE.
// How hosts become a job, and who is turned away.
#include "hosts/job.hpp"
#include "transports/keys.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace troupe;
using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

namespace {

/// Listens where a head is to be, until somebody has come.
void await_dial(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 10) == 0);
  pollfd wait{listener, POLLIN, 0};
  REQUIRE(::poll(&wait, 1, 20'000) == 1);
  ::close(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  ::close(listener);
}

int exit_code(Program& program) {
  const int status = program.status();
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("hosts join that began before the head and after it, and are told by name") {
  Job job{GENERATE(both_securities)};
  job.host("third", {"--troupe-slots=3", "--troupe-label=gpu,big", "--troupe-label=odd"});
  await_dial(job.port());

  const Node& node = job.head();
  node.wait_for_hosts(2);
  job.host("another", {"--troupe-slots=1"});
  node.wait_for_hosts(3);

  const auto hosts = node.hosts();
  REQUIRE(names_of(hosts) == Names{"another", "head", "third"});
  CHECK(hosts[0].slots == 1);
  CHECK(hosts[1].slots == 2);
  CHECK(hosts[2].slots == 3);
  CHECK(hosts[2].labels == Names{"gpu", "big", "odd"});
  CHECK_FALSE(hosts[0].head);
  CHECK(hosts[1].head);
}

TEST_CASE("who waits for more hosts than there are is told which there are") {
  Job job;
  const Node& node = job.head();
  job.host("second");
  node.wait_for_hosts(2);

  CHECK_THROWS_WITH(node.wait_for_hosts(3, 10ms), Contains("fewer than 3 hosts: head, second"));
  CHECK_THROWS_AS(node.wait_for_hosts(3, 10ms), Timeout);
}

TEST_CASE("a program of one host has itself, and nobody to wait for") {
  const Stage stage;

  const auto hosts = stage.node.hosts();

  REQUIRE(hosts.size() == 1);
  CHECK(hosts[0].name == stage.node.host_name());
  CHECK(hosts[0].head);
  stage.node.wait_for_hosts(1);
  CHECK_THROWS_AS(stage.node.wait_for_hosts(2), Misuse);
}

TEST_CASE("a host's name that is taken is refused in words, and the job goes on") {
  Job job;
  const Node& node = job.head();
  job.host("second");
  node.wait_for_hosts(2);
  const std::string name = GENERATE("second", "head");

  Program& other = job.host(name);

  CHECK(exit_code(other) == 1);
  CHECK_THAT(other.output(), Contains("a host of the job is called '" + name + "' already") && Contains("--troupe-name="));
  CHECK(names_of(node.hosts()) == Names{"head", "second"});
  job.host("third");
  node.wait_for_hosts(3);
}

TEST_CASE("a host that finds no head for as long as it looks leaves with 3 and says what to look at") {
  Job job;
  job.rejoin = 1s;

  Program& host = job.host("second");

  CHECK(exit_code(host) == 3);
  CHECK_THAT(host.output(), Contains("no head has answered at " + job.endpoint() + " for 1 s") && Contains("--troupe-keys"));
}

TEST_CASE("a host with another key, or with none where one is needed or the other way round, does not join") {
  Job job{GENERATE(both_securities)};
  CapturedLog log;
  const Node& node = job.head();
  const Folder other_keys;
  detail::make_keys(other_keys.path());
  job.rejoin = 2s;

  Program& other = job.stranger({"--troupe-join=" + job.endpoint(), "--troupe-keys=" + other_keys.path(), "--troupe-name=x"});
  Program* plain = nullptr;
  if (job.security_option() != "--troupe-insecure")
    plain = &job.stranger({"--troupe-join=" + job.endpoint(), "--troupe-insecure", "--troupe-name=y"});

  CHECK(exit_code(other) == 3);
  if (plain != nullptr) CHECK(exit_code(*plain) == 3);
  CHECK(names_of(node.hosts()) == Names{"head"});
  job.rejoin = 20s;
  job.host("second");
  node.wait_for_hosts(2);
}

TEST_CASE("what contradicts or is unknown is said before anything is begun") {
  struct Given {
    Names options;
    Names environment;
    std::string said;
  };
  const auto given =
      GENERATE(Given{{"--troupe-join=tcp://127.0.0.1:2"}, {}, "--troupe-insecure"},
               Given{{"--troupe-listen=tcp://127.0.0.1:2"}, {}, "--troupe-insecure"},
               Given{{"--troupe-join=tcp://10.9.0.1:2", "--troupe-insecure"}, {}, "without keys tcp stays on this host"},
               Given{{"--troupe-join=tcp://127.0.0.1:2", "--troupe-listen=tcp://127.0.0.1:3"}, {}, "not both"},
               Given{{"--troupe-join=tcp://127.0.0.1:2"}, {"TROUPE_LISTEN=tcp://127.0.0.1:3"}, "not both"},
               Given{{"--troupe-join=ipc:///tmp/x"}, {}, "tcp://ADDRESS:PORT"},
               Given{{"--troupe-join="}, {}, "nothing stands behind the ="}, Given{{"--troupe-join"}, {}, "unknown option --troupe-join"},
               Given{{"--troupe-insecure=1"}, {}, "unknown option"}, Given{{"--troupe-jion=tcp://127.0.0.1:2"}, {}, "--troupe-help"},
               Given{{"--troupe-slots=0"}, {}, "1 or more: 0"}, Given{{"--troupe-slots=many"}, {}, "1 or more: many"},
               Given{{}, {"TROUPE_SLOTS=-1"}, "1 or more: -1"}, Given{{"--troupe-name=" + std::string(64, 'n')}, {}, "63 characters"},
               Given{{"--troupe-label=" + std::string(64, 'l')}, {}, "63 characters"},
               Given{{"--troupe-join=tcp://127.0.0.1:2", "--troupe-keys=/nowhere"}, {}, "troupe keygen /nowhere"});
  Job job;

  Program& program = job.stranger(given.options, given.environment);

  CHECK(exit_code(program) == 2);
  CHECK_THAT(program.output(), Contains(given.said));
}

TEST_CASE("a host says by its environment what others say by options") {
  Job job{Security::insecure};
  const Node& node = job.head();

  job.stranger({}, {"TROUPE_JOIN=" + job.endpoint(), "TROUPE_NAME=second", "TROUPE_SLOTS=5", "TROUPE_LABELS=a,b", "TROUPE_INSECURE=1"});
  node.wait_for_hosts(2);

  const Host second = node.hosts().at(1);
  CHECK(second.name == "second");
  CHECK(second.slots == 5);
  CHECK(second.labels == Names{"a", "b"});
}

TEST_CASE("the help names each option and its variable, and leaves with 0") {
  Job job;

  Program& program = job.stranger({"--troupe-help"});

  CHECK(exit_code(program) == 0);
  for (const char* option : {"listen", "join", "name", "slots", "label", "keys", "insecure", "transport", "help"})
    CHECK_THAT(program.output(), Contains("--troupe-" + std::string{option}));
  for (const char* variable : {"LISTEN", "JOIN", "NAME", "SLOTS", "LABELS", "KEYS", "INSECURE"})
    CHECK_THAT(program.output(), Contains("(TROUPE_" + std::string{variable} + ")"));
}
