// troupe: actors in processes. Apache-2.0, see LICENSE.
// The main function of every test program; in a child process the role comes first.
#define CATCH_CONFIG_RUNNER
#include "catch.hpp"
#include "child_main.hpp"

#include <troupe/node/node.hpp>
#include <troupe/node/role.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (const char* name = std::getenv(ChildMain::variable)) {
    if (const auto run = ChildMain::find(name)) return run(argc, argv);
    std::fprintf(stderr, "no ChildMain is called %s\n", name);
    return 120;
  }
  if (troupe::detail::role_pending()) troupe::Node node{argc, argv};  // runs the actor that this process is for
  return Catch::Session().run(argc, argv);
}
