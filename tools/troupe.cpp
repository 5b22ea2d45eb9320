// troupe: actors in processes. Apache-2.0, see LICENSE.
// The troupe command: what is done to a job from outside of its programs.
#include <iostream>

#include <CLI/CLI.hpp>

#include <troupe/wire/error.hpp>

#include "subcommands.hpp"

int main(int argc, char** argv) {
  CLI::App app{"For programs that are written with troupe.", "troupe"};
  app.require_subcommand(1);
  tools::Run run;
  tools::add_keygen(app, run);
  tools::add_ps(app, run);
  tools::add_hosts(app, run);
  tools::add_dead_letters(app, run);
  tools::add_doctor(app, run);

  CLI11_PARSE(app, argc, argv);
  try {
    return run();
  } catch (const troupe::Error& error) {
    std::cerr << "troupe: " << error.what() << '\n';
    return 1;
  }
}
