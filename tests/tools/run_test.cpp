// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe run` over hosts that ssh.sh plays on this machine: what arrives there, and what comes back.
#include "command.hpp"

#include <sys/stat.h>

#include <random>

namespace {

const std::string stand_in = TROUPE_SOURCE_DIR "/tests/tools/stand_in.sh";

/// `troupe run --hosts HOSTS -- stand_in.sh WORDS`
std::vector<std::string> run(const std::string& hosts, const std::vector<std::string>& words, std::vector<std::string> options = {}) {
  std::vector<std::string> all{"run", "--hosts", hosts};
  all.insert(all.end(), options.begin(), options.end());
  all.insert(all.end(), {"--", stand_in});
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

std::string lines_of(const std::string& text, const std::string& prefix) {
  std::string found;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(prefix)) found += line.substr(prefix.size()) + '\n';
  return found;
}

}  // namespace

TEST_CASE("Words of the user's arrive on every host as they were written") {
  const std::vector<std::string> words{"a b", "it's", "", "$HOME", "`x` $(y) \\ \" !", "*", "--", "-x", "two\nlines", "\xc3\xa9"};
  std::vector<std::string> all{"all", "tell"};
  all.insert(all.end(), words.begin(), words.end());
  std::string expected;
  for (const auto& word : words) expected += "word <" + word + ">\n";

  for (const char* hosts : {"a,b", "localhost,localhost"}) {
    Command command{run(hosts, all)};

    CHECK(command.out().ends_with(expected));
    CHECK(lines_of(command.err(), hosts[0] == 'a' ? "[b] " : "[localhost-2] ").ends_with(expected));
    CHECK(command.wait() == 0);
    CHECK(command.leaves_nothing());
  }
}

TEST_CASE("Each host is told who it is, and where the head is") {
  Command command{run("a:3,b:8,b", {"all", "tell"}, {"--port", "7000", "--label", "all", "--label", "b=gpu"})};

  const std::string folder = "folder " + std::filesystem::current_path().string() + '\n';
  CHECK(command.out() == "TROUPE_LABELS=all\nTROUPE_LISTEN=tcp://10.0.0.1:7000\nTROUPE_NAME=a\nTROUPE_SLOTS=3\n" + folder);
  CHECK(lines_of(command.err(), "[b] ") ==
        "TROUPE_JOIN=tcp://10.0.0.1:7000\nTROUPE_LABELS=all,gpu\nTROUPE_NAME=b\nTROUPE_SLOTS=8\n" + folder);
  CHECK(lines_of(command.err(), "[b-2] ").find("TROUPE_NAME=b-2\n") != std::string::npos);
  CHECK(lines_of(command.err(), "[b-2] ").find("TROUPE_SLOTS") == std::string::npos);
  CHECK(command.wait() == 0);
}

TEST_CASE("Standard input and output of the head pass byte by byte, and no host else's") {
  std::mt19937 random{7};
  std::string bytes;
  for (int i = 0; i < 300000; ++i) bytes += static_cast<char>(random());

  for (const char* hosts : {"a,b", "localhost,b"}) {
    Command command{run(hosts, {"head", "cat"})};
    command.write(bytes);
    command.end_input();

    const bool same = command.out() == bytes;
    CHECK(same);
    CHECK(command.wait() == 0);
    CHECK(command.leaves_nothing());
  }
}

TEST_CASE("A head that does not read its input keeps nobody waiting") {
  Command command{run("a", {"head", "wait"})};
  REQUIRE(command.prints("started"));

  command.write(std::string(100000, 'x'));  // more than the pipes on the way hold: so it waits in the launcher
  command.signal(SIGTERM);

  CHECK(command.wait() == -SIGTERM);
  CHECK(command.leaves_nothing());
}

TEST_CASE("The exit code is the head's, 128 and the signal if one ended it") {
  for (const char* hosts : {"a,b", "localhost,b"}) {
    Command seven{run(hosts, {"head", "code", "7"})};
    Command largest{run(hosts, {"head", "code", "255"})};
    Command killed{run(hosts, {"head", "die", "KILL"})};

    CHECK(seven.wait() == 7);
    CHECK(largest.wait() == 255);
    CHECK(killed.wait() == 137);
    CHECK(killed.err().empty());
  }
}

TEST_CASE("The key is the run's alone: kept from others, in no argument and no environment, gone at the end") {
  Command command{run("a,b,localhost", {"all", "key"})};
  REQUIRE(command.prints("troupe secret key 1\n"));
  REQUIRE(command.complains("[b] troupe secret key 1\n"));
  REQUIRE(command.complains("[localhost] troupe secret key 1\n"));

  struct stat status {};
  std::size_t directories = 0;
  std::string secret;
  for (const auto& entry : std::filesystem::directory_iterator{command.folder.path()}) {
    ++directories;
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
    REQUIRE(::stat((entry.path() / "node.key").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    const std::string key = text_of_file(entry.path() / "node.key");
    CHECK((secret.empty() || secret == key));
    secret = key;
  }
  CHECK(directories == 3);
  const std::string half = secret.substr(secret.find('\n') + 1, 40);
  REQUIRE(half.size() == 40);
  std::size_t searched = 0;
  for (const pid_t each : command.family()) {
    const std::string process = "/proc/" + std::to_string(each);
    CHECK(text_of_file(process + "/cmdline").find(half) == std::string::npos);
    CHECK(text_of_file(process + "/environ").find(half) == std::string::npos);
    ++searched;
  }
  CHECK(searched > 6);

  command.end_input();
  CHECK(command.wait() == 0);
  CHECK(command.leaves_nothing());
}

TEST_CASE("Two runs have different keys") {
  Command one{run("localhost", {"head", "key"})};
  Command other{run("localhost", {"head", "key"})};
  one.end_input();
  other.end_input();

  CHECK(one.out() != other.out());
}

TEST_CASE("A host that cannot be reached ends the run before it begins, and the user hears what to type") {
  Command command{run("a,away,localhost", {"all", "tell"})};

  CHECK(command.out().empty());
  CHECK(command.err().find("[away] ssh: connect to host away port 22: No route to host\n") != std::string::npos);
  CHECK(command.err().find("troupe: away cannot be reached; see what `" TROUPE_SOURCE_DIR "/tests/tools/ssh.sh away true` says") !=
        std::string::npos);
  CHECK(lines_of(command.err(), "[a] ").empty());
  CHECK(command.wait() == 125);
  CHECK(command.leaves_nothing());
}

TEST_CASE("While a host does not answer, Ctrl-C ends the run") {
  Command command{run("a,quiet", {"all", "tell"})};
  const auto connected = [&] { return !command.folder.empty(); };
  while (!connected()) std::this_thread::yield();

  command.signal(SIGINT);

  CHECK(command.wait() == -SIGINT);
  CHECK(command.out().empty());
  CHECK(command.leaves_nothing());
}

TEST_CASE("A host with another build is refused, unless the program is sent there") {
  Command refused{run("a,other", {"head", "code", "0"})};
  Command sent{run("a,other", {"all", "tell", "word"}, {"--copy"})};

  CHECK(refused.wait() == 125);
  CHECK(refused.err() == "troupe: other: " + stand_in + " is another build there than here; --copy brings this one\n");
  CHECK(refused.leaves_nothing());
  CHECK(sent.wait() == 0);
  CHECK(lines_of(sent.err(), "[other] ").find("word <word>") != std::string::npos);
  CHECK(sent.leaves_nothing());
}

TEST_CASE("A large program is sent as it is") {
  const Folder folder;
  const std::string program = folder.path("a program");
  std::string text = "#!/bin/sh\ncksum <\"$0\"\nexit\n";
  std::mt19937 random{7};
  while (text.size() < (3 << 20)) text += static_cast<char>(random());
  std::ofstream{program, std::ios::binary} << text;
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);

  Command here{{"run", "--hosts", "localhost", "--", program}};
  Command there{{"run", "--hosts", "a", "--copy", "--", program}};

  CHECK(here.out().size() > 5);
  CHECK(here.out() == there.out());
}

TEST_CASE("A program that is not here, or cannot be executed, is refused") {
  const Folder folder;
  const std::string program = folder.path("program");
  std::ofstream{program} << "#!/no/such/interpreter\n";

  Command absent{{"run", "--hosts", "a", "--", folder.path("none")}};
  Command not_executable{{"run", "--hosts", "a", "--", program}};
  CHECK(absent.wait() == 125);
  CHECK(absent.err().find("there is no program " + folder.path("none") + " here") != std::string::npos);
  CHECK(not_executable.wait() == 125);

  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  Command broken{{"run", "--hosts", "a", "--", program}};
  Command broken_elsewhere{run("a,bare", {"head", "wait"})};
  CHECK(broken.wait() == 127);
  CHECK(broken_elsewhere.wait() == 125);
  CHECK(broken_elsewhere.err() == "troupe: bare: the program cannot be executed there\n");
  CHECK(broken_elsewhere.leaves_nothing());
}

TEST_CASE("A host that ends before the head is named, and the others go on") {
  Command command{run("a,b,c", {"all", "one", "b"})};

  CHECK(command.complains("troupe: b has ended before the head, with exit code 3; the others go on\n"));
  command.write("still here\n");
  CHECK(command.prints("still here\n"));
  command.end_input();
  CHECK(command.wait() == 0);
}

TEST_CASE("What is no host never reaches ssh") {
  for (const char* hosts : {"-oProxyCommand=touch /tmp/x", "a;touch", "$(touch)", "a,"}) {
    Command command{run(hosts, {"head", "code", "0"})};

    CHECK(command.wait() == 125);
    CHECK(command.err().find("is no host") != std::string::npos);
  }
}

TEST_CASE("Words of --ssh are the shell's, and ones that run refuses are named") {
  Command command{run("a", {"head", "code", "4"}, {"--ssh", "'" TROUPE_SOURCE_DIR "'/tests/tools/ssh.sh -o 'A B'"})};
  Command unknown{{"run", "--hosts", "a", "--prot", "1", stand_in}};
  Command nothing{{"run", "--hosts", "a"}};
  Command plain{{"run", "--hosts", "a", stand_in, "head", "code", "5"}};

  CHECK(command.wait() == 4);
  CHECK(unknown.wait() == 125);
  CHECK(unknown.err().find("--prot is no option of troupe run") != std::string::npos);
  CHECK(nothing.wait() == 125);
  CHECK(plain.wait() == 5);
}
