// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names in a job of several hosts: kept by the head, known to all, gone with who published them, unreachable without the head.
#include "actor/stage.hpp"
#include "free_port.hpp"
#include "system/program.hpp"

#include <troupe/testing.hpp>

#include <troupe/cluster/memory_directory.hpp>
#include <troupe/node/core.hpp>

#include <cstdlib>
#include <iostream>

namespace {

constexpr const char* head_variable = "TROUPE_TEST_HEAD";

/// With short times.
troupe::NodeOptions of_job(const char* name) {
  troupe::NodeOptions options;
  options.insecure = true;
  options.dead_after = 2s;
  options.name = name;
  return options;
}

std::string free_endpoint() { return "tcp://127.0.0.1:" + std::to_string(free_port()); }

struct Publish {
  std::string name;
};
/// Looks for it until the head cannot be asked.
struct Look {
  std::string name;
};
struct Where {};
class Visitor : public troupe::Actor<Visitor, Publish, Look, Where> {
 public:
  bool on(const Publish& publish) {
    try {
      node().publish(publish.name, self());
      return true;
    } catch (const troupe::Refused&) {
      return false;
    }
  }
  void on(const Look& look) {
    std::cout << "looks" << std::endl;
    try {
      while (true) (void)node().wait_for<Visitor>(look.name);
    } catch (const troupe::NodeLost&) {
      std::cout << "the head cannot be asked" << std::endl;
    }
    node().spawn<Visitor>().ask(Where{}).get();
    std::cout << "and goes on" << std::endl;
  }
  std::string on(const Where&) const { return node().host_name(); }
};

const ChildMain head{"names_head", [](int argc, char** argv) {
                       troupe::NodeOptions options = of_job("a");
                       options.listen = std::getenv(head_variable);
                       troupe::Node node{argc, argv, options};
                       node.wait_for_hosts(2, 20s);
                       const auto visitor = node.spawn<Visitor>(troupe::on_host("b"));
                       const auto neighbour = node.spawn<Visitor>(troupe::own_process);
                       node.publish("here", node.spawn<Visitor>());
                       const bool taken = visitor.ask(Publish{"here"}).get();
                       const bool given = visitor.ask(Publish{"there"}).get();
                       const bool given_again = neighbour.ask(Publish{"there"}).get();
                       std::cout << taken << given << given_again << node.find<Visitor>("there").ask(Where{}).get() << std::endl;
                       visitor.tell(Look{"here"});
                       while (true) {
                         try {
                           (void)node.find<Visitor>("there");
                         } catch (const troupe::NotFound&) {
                           break;
                         }
                       }
                       std::cout << "there has gone" << std::endl;
                       std::cout << neighbour.ask(Publish{"there"}).get() << node.find<Visitor>("there").ask(Where{}).get() << std::endl;
                       return 0;
                     }};

const ChildMain other_host{"names_host", [](int argc, char** argv) {
                             troupe::NodeOptions options = of_job("b");
                             options.join = std::getenv(head_variable);
                             options.rejoin = 5s;
                             troupe::Node node{argc, argv, options};
                             return 0;
                           }};

}  // namespace

TEST_CASE("in a job names are unique over its hosts, found on all, and those of a host that dies are free again") {
  ::setenv(head_variable, free_endpoint().c_str(), 1);
  const Folder here;
  const Folder there;
  Program host{"names_host", there};
  Program main{"names_head", here};
  REQUIRE(main.prints("010b\n"));

  for (const pid_t each : host.family()) ::kill(each, SIGKILL);

  CHECK(main.prints("there has gone"));
  CHECK(main.prints("1a\n"));
  CHECK(main.status() == 0);
}

TEST_CASE("without the head names are unreachable on other hosts, and what runs there goes on") {
  ::setenv(head_variable, free_endpoint().c_str(), 1);
  const Folder here;
  const Folder there;
  Program host{"names_host", there};
  Program main{"names_head", here};
  REQUIRE(main.prints("010b\n"));
  REQUIRE(host.prints("looks"));

  for (const pid_t each : main.family()) ::kill(each, SIGKILL);

  CHECK(host.prints("the head cannot be asked"));
  CHECK(host.prints("and goes on"));
}

// --- In virtual time ------------------------------------------------------------------------------------------------------

namespace {

class Keeps : public troupe::Actor<Keeps, Where> {
 public:
  std::string on(const Where&) const { return {}; }
};

/// A head and two further nodes, which ask it for names.
class Job {
 public:
  explicit Job(std::uint64_t seed) : world{seed}, head{world.node("head", with_memory())}, one{world.node("one")}, two{world.node("two")} {
    for (troupe::Node* each : {&one, &two}) each->core().names().keep_at(head.core().names().for_others());
  }

 private:
  static troupe::NodeOptions with_memory() {
    troupe::NodeOptions options;
    options.directory = [] { return std::make_unique<troupe::detail::MemoryDirectory>(); };
    return options;
  }

 public:
  troupe::testing::World world;
  troupe::Node& head;
  troupe::Node& one;
  troupe::Node& two;
};

bool has(troupe::Node& node, const std::string& name) {
  try {
    (void)node.find<Keeps>(name);
    return true;
  } catch (const troupe::NotFound&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a cut that heals costs no names, one that lasts does, and the head says who has it then") {
  const auto seed = GENERATE(range(1, 21));
  CAPTURE(seed);
  Job job{static_cast<std::uint64_t>(seed)};
  job.world.faults({.drop = 0.05, .duplicate = 0.05, .delay_up_to = 20ms});
  job.one.publish("name", job.one.spawn<Keeps>());
  REQUIRE(has(job.two, "name"));

  job.world.partition({{"one"}, {"head", "two"}});
  job.world.run_for(3s);
  CHECK(has(job.two, "name"));
  job.world.heal();
  job.world.run_for(5s);
  CHECK(has(job.two, "name"));

  job.world.partition({{"one"}, {"head", "two"}});
  job.world.run_for(1min);
  CHECK_FALSE(has(job.two, "name"));
  CHECK_THROWS_AS(job.one.find<Keeps>("name"), troupe::NodeLost);
  job.two.publish("name", job.two.spawn<Keeps>());
  job.world.heal();
  job.world.run_for(5s);
  CHECK(has(job.head, "name"));
  CHECK_THROWS_AS(job.one.publish("name", job.one.spawn<Keeps>()), troupe::Refused);
}

TEST_CASE("the names of a node that is killed go, whatever was on its way, and one of those who want them has each") {
  const auto seed = GENERATE(range(1, 21));
  CAPTURE(seed);
  Job job{static_cast<std::uint64_t>(seed)};
  job.world.faults({.drop = 0.05, .duplicate = 0.05, .delay_up_to = 20ms});
  job.one.publish("first", job.one.spawn<Keeps>());
  job.one.publish("second", job.one.spawn<Keeps>());
  auto waits = job.two.wait_for<Keeps>("second");

  job.world.kill("one");

  CHECK(job.world.run_until([&] { return !has(job.two, "first") && !has(job.head, "second"); }, 1min));
  job.two.publish("first", job.two.spawn<Keeps>());
  CHECK_THROWS_AS(job.head.publish("first", job.head.spawn<Keeps>()), troupe::Refused);
}
