// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where the head listens and is found, by what ssh knows.
#include "catch.hpp"

#include <string>
#include <vector>

#include <troupe/wire/error.hpp>

#include "tools/run/addresses.hpp"

using namespace troupe::tools;
using Endpoints = std::vector<std::string>;

namespace {

HostWay here(const std::string& name) { return {name, true, "", ""}; }
HostWay there(const std::string& name, const std::string& launcher, const std::string& host) { return {name, false, launcher, host}; }

}  // namespace

TEST_CASE("ends_of_ssh reads SSH_CONNECTION, and nothing else") {
  CHECK(ends_of_ssh("10.0.0.1 40000 10.0.0.2 22") == std::pair<std::string, std::string>{"10.0.0.1", "10.0.0.2"});
  CHECK(ends_of_ssh("") == std::pair<std::string, std::string>{});
  CHECK(ends_of_ssh("10.0.0.1 40000") == std::pair<std::string, std::string>{});
}

TEST_CASE("A head elsewhere listens where ssh reached it") {
  const auto endpoints = choose_endpoints({there("a", "10.0.0.9", "10.0.0.1"), there("b", "10.0.0.9", "10.0.0.2"), here("c")}, "", 7000);

  CHECK(endpoints == Endpoints(3, "tcp://10.0.0.1:7000"));
  CHECK(choose_endpoints({there("a", "fe80::9", "fe80::1"), here("c")}, "", 7000).back() == "tcp://[fe80::1]:7000");
}

TEST_CASE("A head on this machine listens where the others see it") {
  const auto one =
      choose_endpoints({here("h"), there("a", "10.0.0.9", "10.0.0.1"), here("h-2"), there("b", "10.0.0.9", "10.0.0.2")}, "", 7000);
  const auto two =
      choose_endpoints({here("h"), there("a", "10.0.0.9", "10.0.0.1"), there("b", "10.1.0.9", "10.1.0.2"), here("h-2")}, "", 7000);
  const auto alone = choose_endpoints({here("h"), here("h-2")}, "", 7000);

  CHECK(one == Endpoints(4, "tcp://10.0.0.9:7000"));
  CHECK(two == Endpoints{"tcp://0.0.0.0:7000", "tcp://10.0.0.9:7000", "tcp://10.1.0.9:7000", "tcp://127.0.0.1:7000"});
  CHECK(alone == Endpoints(2, "tcp://127.0.0.1:7000"));
}

TEST_CASE("The user's word on the address goes before all") {
  CHECK(choose_endpoints({here("h"), there("a", "10.0.0.9", "10.0.0.1")}, "192.168.0.1", 1) == Endpoints(2, "tcp://192.168.0.1:1"));
  CHECK(choose_endpoints({here("h"), there("a", "", "")}, "fe80::2", 1) == Endpoints(2, "tcp://[fe80::2]:1"));
}

TEST_CASE("A way that nobody knows, or that leads a host to itself, is refused with what to type") {
  using Ways = std::vector<HostWay>;
  for (const Ways& ways :
       {Ways{here("h"), there("a", "", "")}, Ways{there("a", "", ""), there("b", "1.2.3.4", "1.2.3.5")},
        Ways{here("h"), there("a", "127.0.0.1", "127.0.0.1")}, Ways{there("a", "::1", "::1"), there("b", "1.2.3.4", "1.2.3.5")}}) {
    std::string said;
    try {
      (void)choose_endpoints(ways, "", 7000);
    } catch (const troupe::Misuse& error) {
      said = error.what();
    }
    CHECK(said.find("--address=") != std::string::npos);
  }
}
