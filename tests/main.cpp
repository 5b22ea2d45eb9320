// troupe: actors in processes. Apache-2.0, see LICENSE.
// The main function of every test program; in a child process the role comes first.
#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
