// troupe: actors in processes. Apache-2.0, see LICENSE.
// What only ipc has: files, owners that die, descriptors that run out. And the addresses that tcp takes.
#include "catch.hpp"
#include "transports/rig.hpp"

#include <troupe/wire/error.hpp>

#include <array>
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

using namespace rig;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

// This test program again, with one of its hidden tests, which reads TROUPE_TEST_ENDPOINT.
class Child {
 public:
  Child(const std::string& test, const std::string& endpoint) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    setenv("TROUPE_TEST_ENDPOINT", endpoint.c_str(), 1);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
    std::string program = "/proc/self/exe";
    std::string name = test;
    std::array<char*, 3> argv{program.data(), name.data(), nullptr};
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ) != 0) throw std::runtime_error{"no child"};
    posix_spawn_file_actions_destroy(&actions);
    unsetenv("TROUPE_TEST_ENDPOINT");
    close(ends[1]);
    from_child_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill(pid_, SIGKILL);
    static_cast<void>(status());
    close(from_child_);
  }
  [[nodiscard]] bool is_ready() const {
    pollfd one{from_child_, POLLIN, 0};
    char byte = 0;
    return poll(&one, 1, 20'000) == 1 && read(from_child_, &byte, 1) == 1;
  }
  int status() {
    int status = 0;
    if (!waited_) waitpid(pid_, &status, 0);
    waited_ = true;
    return status;
  }
  void die() {
    kill(pid_, SIGKILL);
    static_cast<void>(status());
  }

 private:
  pid_t pid_ = -1;
  int from_child_ = -1;
  bool waited_ = false;
};

const char* child_endpoint() { return std::getenv("TROUPE_TEST_ENDPOINT"); }

struct Nodes {
  Directory directory;
  std::shared_ptr<troupe::detail::Transport> transport = troupe::detail::default_transports();
  std::unique_ptr<Inbox> inbox = transport->open_inbox({});
};

}  // namespace

TEST_CASE("child: owns an endpoint until it is killed", "[.]") {
  if (child_endpoint() == nullptr) return;
  const auto inbox = troupe::detail::default_transports()->open_inbox({});
  inbox->listen(child_endpoint());
  REQUIRE(write(3, "", 1) == 1);
  poll(nullptr, 0, 20'000);
}

TEST_CASE("child: runs out of descriptors", "[.]") {
  if (child_endpoint() == nullptr) return;
  rlimit few{200, 200};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  const auto transport = troupe::detail::default_transports();
  const auto inbox = transport->open_inbox({});
  inbox->listen(child_endpoint());
  std::vector<int> taken;
  for (int fd = open("/dev/null", O_RDONLY); fd >= 0; fd = open("/dev/null", O_RDONLY)) taken.push_back(fd);
  for (int i = 0; i < 20; ++i) {
    close(taken.back());
    taken.pop_back();
  }

  CHECK_THROWS_AS(transport->open_inbox({}), troupe::Refused);
  CHECK_THROWS_AS(transport->dial(child_endpoint()), troupe::Refused);
  CHECK_THROWS_AS(inbox->listen(child_endpoint() + std::string{"2"}), troupe::Refused);
  CHECK_FALSE(fs::exists(std::string{child_endpoint()}.substr(6) + "2"));

  for (const int fd : taken) close(fd);
  const auto link = dial_open(*transport, child_endpoint());
  REQUIRE(link->publish(frame_of(1)));
  Frames frames;
  CHECK(receive(*inbox, frames, 1));
}

TEST_CASE("a process short of descriptors is refused and lives") {
  Nodes nodes;
  Child child{"child: runs out of descriptors", "ipc://" + nodes.directory.path("n")};

  const int status = child.status();

  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("an ipc socket is the owner's alone, its directory is untouched, both files go with the inbox") {
  Nodes nodes;
  fs::permissions(nodes.directory.path(), fs::perms{0751});
  const auto path = nodes.directory.path("n");

  CHECK(nodes.inbox->listen("ipc://" + path) == "ipc://" + path);

  CHECK(mode_of(path) == 0700);
  CHECK(mode_of(path + ".lock") == 0600);
  CHECK(mode_of(nodes.directory.path()) == 0751);
  nodes.inbox.reset();
  CHECK(fs::is_empty(nodes.directory.path()));
}

TEST_CASE("an ipc path may have 107 bytes and no more") {
  Nodes nodes;
  const auto with_length = [&](std::size_t bytes) {
    return nodes.directory.path(std::string(bytes - nodes.directory.path().size() - 1, 'x'));
  };

  CHECK_NOTHROW(nodes.inbox->listen("ipc://" + with_length(107)));
  CHECK_NOTHROW(dial_open(*nodes.transport, "ipc://" + with_length(107)));

  CHECK_THROWS_AS(nodes.inbox->listen("ipc://" + with_length(108)), troupe::Misuse);
  CHECK_THROWS_AS(nodes.transport->dial("ipc://" + with_length(108)), troupe::Misuse);
  CHECK_THROWS_AS(nodes.inbox->listen("ipc://relative"), troupe::Misuse);
  CHECK_THROWS_AS(nodes.inbox->listen("ipc://@abstract"), troupe::Misuse);
  CHECK_THROWS_AS(nodes.inbox->listen("ipc://*"), troupe::Misuse);
}

TEST_CASE("a living process's endpoint is refused by name, a killed one's is taken over") {
  Nodes nodes;
  const auto path = nodes.directory.path("n");
  Child owner{"child: owns an endpoint until it is killed", "ipc://" + path};
  REQUIRE(owner.is_ready());
  const auto link = dial_open(*nodes.transport, "ipc://" + path);
  try {
    nodes.inbox->listen("ipc://" + path);
    FAIL("stolen");
  } catch (const troupe::Refused& error) {
    CHECK(std::string{error.what()}.find("in use by process ") != std::string::npos);
  }
  nodes.transport->sweep(nodes.directory.path());
  CHECK(fs::exists(path));

  owner.die();

  CHECK(says(*link, LinkEvent::ended));
  REQUIRE(fs::exists(path));
  CHECK_NOTHROW(nodes.inbox->listen("ipc://" + path));
  const auto again = dial_open(*nodes.transport, "ipc://" + path);
  REQUIRE(again->publish(frame_of(1)));
  Frames frames;
  CHECK(receive(*nodes.inbox, frames, 1));
}

TEST_CASE("sweep removes what dead owners left, and nothing else") {
  Nodes nodes;
  const auto& directory = nodes.directory;
  nodes.inbox->listen("ipc://" + directory.path("living"));
  Child owner{"child: owns an endpoint until it is killed", "ipc://" + directory.path("dead")};
  REQUIRE(owner.is_ready());
  owner.die();
  std::ofstream{directory.path("notes")} << "mine";
  std::ofstream{directory.path("notes.lock")} << "mine";
  std::ofstream{directory.path("alone.lock")};
  REQUIRE(fs::exists(directory.path("dead")));

  nodes.transport->sweep(directory.path());

  CHECK_FALSE(fs::exists(directory.path("dead")));
  CHECK_FALSE(fs::exists(directory.path("dead.lock")));
  CHECK_FALSE(fs::exists(directory.path("alone.lock")));
  CHECK(fs::exists(directory.path("living")));
  CHECK(fs::exists(directory.path("living.lock")));
  CHECK(fs::exists(directory.path("notes")));
  CHECK(fs::exists(directory.path("notes.lock")));
  CHECK_NOTHROW(nodes.transport->sweep(directory.path("nowhere")));
}

TEST_CASE("what is no socket is never bound over") {
  Nodes nodes;
  const auto path = nodes.directory.path("n");
  std::ofstream{path} << "mine";

  CHECK_THROWS_AS(nodes.inbox->listen("ipc://" + path), troupe::Refused);
  CHECK_THROWS_AS(nodes.inbox->listen("ipc://" + nodes.directory.path("no/such/directory")), troupe::Refused);

  CHECK(fs::file_size(path) == 4);
  CHECK_FALSE(fs::exists(path + ".lock"));
}

TEST_CASE("tcp listens on loopback, only if told that this is insecure, and says the real port") {
  Nodes nodes;
  InboxOptions insecure;
  insecure.insecure = true;
  const auto open_inbox = nodes.transport->open_inbox(insecure);

  CHECK_THROWS_AS(nodes.inbox->listen("tcp://127.0.0.1:*"), troupe::Misuse);
  for (const std::string host : {"0.0.0.0", "*", "192.168.0.1", "example.org", "[::]", "127.0.0.1.example.org", "", "eth0"}) {
    INFO(host);
    CHECK_THROWS_AS(open_inbox->listen("tcp://" + host + ":*"), troupe::Misuse);
    CHECK_THROWS_AS(nodes.transport->dial("tcp://" + host + ":7000"), troupe::Misuse);
  }
  for (const std::string port : {"", "0", "65536", "-1", "http", "7000x"}) {
    INFO(port);
    CHECK_THROWS_AS(open_inbox->listen("tcp://127.0.0.1:" + port), troupe::Misuse);
  }
  CHECK_THROWS_AS(nodes.transport->dial("tcp://127.0.0.1:*"), troupe::Misuse);

  const auto endpoint = open_inbox->listen("tcp://localhost:*");
  REQUIRE(endpoint.starts_with("tcp://127.0.0.1:"));
  const auto port = endpoint.substr(endpoint.rfind(':'));
  CHECK(port != ":*");
  CHECK_NOTHROW(dial_open(*nodes.transport, "tcp://localhost" + port));
}
