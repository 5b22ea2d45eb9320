// troupe: actors in processes. Apache-2.0, see LICENSE.
// A step of Slurm's, as its environment describes it.
#include "catch.hpp"

#include <map>
#include <string>
#include <vector>

#include <troupe/node/slurm.hpp>
#include <troupe/wire/error.hpp>

using namespace troupe::detail;
using Names = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

namespace {

// As srun of Slurm 22.05 sets them for a task.
Variables task(const std::string& nodes, const std::string& node, const std::string& local = "0") {
  return {{"SLURM_STEP_NODELIST", nodes}, {"SLURM_NODEID", node},      {"SLURM_LOCALID", local},         {"SLURM_JOB_ID", "1234"},
          {"SLURM_STEP_ID", "2"},         {"SLURM_CPUS_ON_NODE", "8"}, {"SLURM_JOB_NODELIST", "x[1-9]"}, {"SLURMD_NODENAME", "other"}};
}

std::optional<SlurmStep> step_of(const Variables& variables, const std::string& address = "10.0.0.1") {
  return slurm_step(
      [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      [&](const std::string& node) { return node == "n1" ? address : "wrong"; });
}

}  // namespace

TEST_CASE("expand_nodes reads the lists that Slurm writes") {
  CHECK(expand_nodes("n1") == Names{"n1"});
  CHECK(expand_nodes("n[1-3]") == Names{"n1", "n2", "n3"});
  CHECK(expand_nodes("n[1-3,07-09],m") == Names{"n1", "n2", "n3", "n07", "n08", "n09", "m"});
  CHECK(expand_nodes("a,b-2.x,n[5]") == Names{"a", "b-2.x", "n5"});
  CHECK(expand_nodes("r[1-2]c[0-1]") == Names{"r1c0", "r1c1", "r2c0", "r2c1"});
  CHECK(expand_nodes("r[1,3]-ib,s") == Names{"r1-ib", "r3-ib", "s"});
  CHECK(expand_nodes("n[098-101]") == Names{"n098", "n099", "n100", "n101"});
  CHECK(expand_nodes("n[1-2000]").size() == 2000);
}

TEST_CASE("expand_nodes refuses what is no list, and what would fill the memory") {
  for (const char* list : {"",
                           ",",
                           "a,",
                           ",a",
                           "n[1-3",
                           "n1-3]",
                           "n[]",
                           "n[3-1]",
                           "n[a-b]",
                           "n[1-]",
                           "n[-1]",
                           "n[1,,2]",
                           "n[1-99999999999]",
                           "r[1-99999]c[1-99999]",
                           "a b",
                           "$(a)",
                           "a;b",
                           "-a",
                           "n[1-2",
                           "[[1-2]]"}) {
    INFO(list);
    CHECK_THROWS_AS(expand_nodes(list), troupe::Malformed);
  }
}

TEST_CASE("The first node of a step is its head, and the others join it") {
  const auto head = step_of(task("n[1-3]", "0"));
  const auto third = step_of(task("n[1-3]", "2"));

  REQUIRE(head);
  CHECK(head->part == SlurmStep::Part::head);
  CHECK(head->name == "n1");
  CHECK(head->slots == 8);
  CHECK(head->nodes == 3);
  CHECK(head->id == "1234.2");
  REQUIRE(third);
  CHECK(third->part == SlurmStep::Part::member);
  CHECK(third->name == "n3");
  CHECK(third->endpoint == head->endpoint);
  CHECK(head->endpoint == "tcp://10.0.0.1:28256");  // 20000 + (1234 * 31 + 2) % 10000
  CHECK(step_of(task("n[1-3]", "0"), "fe80::1")->endpoint == "tcp://[fe80::1]:28256");
}

TEST_CASE("Steps of one job, and of jobs beside each other, have ports of their own") {
  auto next_step = task("n[1-2]", "0"), next_job = next_step;
  next_step["SLURM_STEP_ID"] = "3";
  next_job["SLURM_JOB_ID"] = "1235";

  CHECK(step_of(next_step)->endpoint == "tcp://10.0.0.1:28257");
  CHECK(step_of(next_job)->endpoint == "tcp://10.0.0.1:28287");
}

TEST_CASE("A further task of a node is spare, and needs no address") {
  const auto step = step_of(task("n[1-2]", "1", "3"), "");

  REQUIRE(step);
  CHECK(step->part == SlurmStep::Part::spare);
}

TEST_CASE("Nothing is joined outside of a step, in one of one node, and against the user's word") {
  auto unwanted = task("n[1-3]", "0");
  unwanted["TROUPE_SLURM"] = "0";
  auto batch = task("n[1-3]", "0");
  batch.erase("SLURM_STEP_NODELIST");

  CHECK_FALSE(step_of({}));
  CHECK_FALSE(step_of(batch));
  CHECK_FALSE(step_of(task("n1", "0")));
  CHECK_FALSE(step_of(unwanted));
}

TEST_CASE("A step that makes no sense, or whose head is nowhere, is refused in words") {
  for (const char* variable : {"SLURM_NODEID", "SLURM_LOCALID", "SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_CPUS_ON_NODE"}) {
    INFO(variable);
    auto missing = task("n[1-3]", "0"), wrong = missing;
    missing.erase(variable);
    wrong[variable] = "1x";
    CHECK_THROWS_AS(step_of(missing), troupe::Malformed);
    CHECK_THROWS_AS(step_of(wrong), troupe::Malformed);
  }
  CHECK_THROWS_AS(step_of(task("n[1-3]", "3")), troupe::Malformed);
  CHECK_THROWS_AS(step_of(task("n[1-3", "0")), troupe::Malformed);
  CHECK_THROWS_AS(step_of(task("n[1-3]", "1"), ""), troupe::NotFound);
  CHECK(step_of(task("n[1-3]", "0"), "")->endpoint == "tcp://0.0.0.0:28256");
}

TEST_CASE("A step without keys is told what to type") {
  const std::string text = step_of(task("n[1-3]", "1"))->needs_keys();

  for (const char* word : {"1234.2", "3 nodes", "troupe run --slurm", "troupe keygen DIR", "TROUPE_KEYS=DIR", "TROUPE_SLURM=0"}) {
    INFO(word);
    CHECK(text.find(word) != std::string::npos);
  }
}

TEST_CASE("address_in_scontrol finds the address of a node") {
  CHECK(address_in_scontrol("NodeName=n1 Arch=x86_64 Gres=(null) NodeAddr=10.9.0.1 NodeHostName=n1 Version=22.05.8\n") == "10.9.0.1");
  CHECK(address_in_scontrol("NodeName=n1 NodeAddr=n1\n") == "n1");
  CHECK(address_in_scontrol("slurm_load_node error: Unable to contact slurm controller").empty());
}
