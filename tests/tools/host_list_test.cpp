// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a user writes behind --hosts and --label, and what of it reaches ssh.
#include "catch.hpp"

#include <string>
#include <vector>

#include <troupe/wire/error.hpp>

#include "tools/run/host_list.hpp"

using namespace troupe::tools;

TEST_CASE("parse_hosts knows users, slots and addresses") {
  const auto hosts = parse_hosts("a,me@b.example.org:8,10.0.0.7:2,[fe80::1]:4,root@[::1]", "workbench");

  REQUIRE(hosts.size() == 5);
  CHECK(hosts[0].destination == "a");
  CHECK(hosts[0].slots == 0);
  CHECK(hosts[1].destination == "me@b.example.org");
  CHECK(hosts[1].name == "b.example.org");
  CHECK(hosts[1].slots == 8);
  CHECK(hosts[2].destination == "10.0.0.7");
  CHECK(hosts[3].destination == "fe80::1");
  CHECK(hosts[3].slots == 4);
  CHECK(hosts[4].destination == "root@::1");
  for (const auto& host : hosts) CHECK_FALSE(host.local);
}

TEST_CASE("parse_hosts knows this machine, unless it is asked for as another user") {
  const auto hosts = parse_hosts("localhost,127.0.0.1,[::1],workbench,workbench.example.org,me@localhost,work", "workbench.example.org");

  std::vector<bool> local;
  for (const auto& host : hosts) local.push_back(host.local);
  CHECK(local == std::vector<bool>{true, true, true, true, true, false, false});
  CHECK_FALSE(parse_hosts("a", "").front().local);
}

TEST_CASE("parse_hosts gives each host node a name of its own") {
  const auto hosts = parse_hosts("a,b,a,me@a,a-2", "");

  std::vector<std::string> names;
  for (const auto& host : hosts) names.push_back(host.name);
  CHECK(names == std::vector<std::string>{"a", "b", "a-2", "a-3", "a-2-2"});
}

TEST_CASE("parse_hosts refuses what is no host, and what ssh or a shell would take for something else") {
  for (const char* text : {"",     ",",         "a,",      ",a",
                           "a,,b", "a:",        "a:0",     "a:-1",
                           "a:x",  "a:8x",      "a:8:9",   "a:99999999999999999999999",
                           "@a",   "a@",        "@",       "-oProxyCommand=x",
                           "-a",   "me@-a",     "-me@a",   "a b",
                           "a;b",  "$(a)",      "`a`",     "a|b",
                           "a'b",  "a\"b",      "a\nb",    "a/b",
                           "a%h",  "a*",        "me me@a", "a@b@c",
                           "[a]",  "[::1",      "[::1]x",  "[]",
                           "::1",  "[::1%eth0]"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_hosts(text, ""), troupe::Misuse);
  }
  CHECK_THROWS_AS(parse_hosts(std::string{"a\0b", 3}, ""), troupe::Misuse);
}

TEST_CASE("add_label gives a label to one host or to all") {
  auto hosts = parse_hosts("a,b,b", "");

  add_label(hosts, "all");
  add_label(hosts, "b-2=gpu");
  add_label(hosts, "b=x=y");

  CHECK(hosts[0].labels == std::vector<std::string>{"all"});
  CHECK(hosts[1].labels == std::vector<std::string>{"all", "x=y"});
  CHECK(hosts[2].labels == std::vector<std::string>{"all", "gpu"});
  for (const char* text : {"", "a=", "a,b", "a=x,y", "c=gpu", "=gpu"}) {
    INFO(text);
    CHECK_THROWS_AS(add_label(hosts, text), troupe::Misuse);
  }
}
