// troupe: actors in processes. Apache-2.0, see LICENSE.
// A program on the nodes of a real Slurm, started by srun and by `troupe run --slurm`.
#include "lab.hpp"

#include <cstdlib>
#include <iterator>

namespace {

// See slurm.sh.
std::string as_user() {
  const char* words = std::getenv("TROUPE_LAB_AS");
  REQUIRE(words != nullptr);
  return words;
}

/// A running `troupe run --slurm SRUN... -- program WORDS...`
class SlurmCommand : public Command {
 public:
  SlurmCommand(const std::vector<std::string>& srun, const std::vector<std::string>& words, At at = At::pipeline)
      : Command{arguments(srun, words), at, "", before()} {}

 private:
  static std::vector<std::string> arguments(const std::vector<std::string>& srun, const std::vector<std::string>& words) {
    std::vector<std::string> all{"run", "--slurm"};
    all.insert(all.end(), srun.begin(), srun.end());
    all.insert(all.end(), {"--", program});
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  static std::vector<std::string> before() {
    std::istringstream text{as_user()};
    return {std::istream_iterator<std::string>{text}, {}};
  }
};

const std::string three_nodes = "n1 1 head\nn2 1\nn3 1\non n1\non n2\non n3\n";

}  // namespace

TEST_CASE("srun starts a program over three nodes by itself, if it has keys") {
  const Folder folder;
  (void)said_by(TROUPE_BINARY_DIR "/tools/troupe keygen " + folder.path("keys"));

  const std::string said = said_by("TROUPE_KEYS=" + folder.path("keys") + ' ' + as_user() + " srun -N3 " + program + " 3 </dev/null");

  CHECK(said == three_nodes);
  CHECK(living().empty());
}

TEST_CASE("Without keys a step is refused with what to type, and on request each program is alone") {
  const std::string refused = said_by(as_user() + " srun -N3 " + program + " 3 </dev/null 2>&1 || true");
  const std::string alone = said_by("TROUPE_SLURM=0 " + as_user() + " srun -N2 " + program + " 1 </dev/null | grep -c head");
  const std::string one_node = said_by(as_user() + " srun -N1 " + program + " 1 </dev/null");

  CHECK(refused.find("has 3 nodes, and to join them takes a key: start it by `troupe run --slurm`") != std::string::npos);
  CHECK(alone == "2\n");
  CHECK(one_node.find(" head\n") != std::string::npos);
}

TEST_CASE("troupe run --slurm brings a key of its own, and the output of the head") {
  SlurmCommand command{{"-N3", "-n", "6"}, {"3", "work"}};

  REQUIRE(command.prints("working\n"));
  CHECK(living().size() >= 9);  // three host nodes and six workers; further tasks of a node have left
  command.write("to the head\n");
  REQUIRE(command.prints("to the head\n"));
  command.end_input();

  CHECK(command.out() == "n1 2 head\nn2 2\nn3 2\non n1\non n2\non n3\nworking\nto the head\nright\n");
  CHECK(command.err().empty());
  CHECK(command.wait() == 0);
  CHECK(command.leaves_nothing());
  CHECK(hosts_are_empty());
}

TEST_CASE("A large input passes to the head, whatever the others do") {
  SlurmCommand command{{"-N3"}, {"3", "wait"}};
  REQUIRE(command.prints("waiting\n"));
  std::string lines;
  for (int i = 0; i < 20000; ++i) lines += "a line of some length, number " + std::to_string(i) + '\n';
  for (const pid_t each : living("SLURM_NODEID=2")) ::kill(each, SIGKILL);  // one that ended early

  command.write(lines);
  command.end_input();

  const bool same = command.out().find(lines) != std::string::npos;
  CHECK(same);
  CHECK(command.wait() == 0);
}

TEST_CASE("Ctrl-C ends the program on all nodes") {
  SlurmCommand command{{"-N3"}, {"3", "work"}, At::terminal};
  REQUIRE(command.prints("working\n"));

  command.write("\3");

  CHECK(command.wait() == -SIGINT);
  CHECK(command.err().find("[n1] troupe: interrupted: ending all processes") != std::string::npos);
  CHECK(command.leaves_nothing());
  CHECK(hosts_are_empty());
}

TEST_CASE("A node whose program is killed does not end the others") {
  SlurmCommand command{{"-N3"}, {"3", "work"}};
  REQUIRE(command.prints("working\n"));

  for (const pid_t each : living("SLURM_NODEID=2")) ::kill(each, SIGKILL);

  CHECK(command.prints("down n3\n"));
  command.end_input();
  CHECK(command.out().ends_with("right\n"));
  CHECK(command.wait() == 0);
  CHECK(hosts_are_empty());
}

TEST_CASE("A launcher that is killed leaves no process on the nodes") {
  SlurmCommand command{{"-N3"}, {"3", "work"}};
  REQUIRE(command.prints("working\n"));

  command.signal(SIGKILL);

  CHECK(command.wait() == -SIGKILL);
  CHECK(comes_true([] { return living().empty(); }));
}
