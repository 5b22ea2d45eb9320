// troupe: actors in processes. Apache-2.0, see LICENSE.
// The troupe command: what is done to a job from outside of its programs.
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/run/run.hpp"
#include "tools/run/run_command.hpp"
#include "tools/subcommands.hpp"

int main(int argc, char** argv) {
  CLI::App app{"For programs that are written with troupe.", "troupe"};
  app.require_subcommand(1);
  troupe::tools::Run asked;
  troupe::tools::add_keygen(app, asked);
  troupe::tools::RunCommand run{app};
  troupe::tools::add_ps(app, asked);
  troupe::tools::add_hosts(app, asked);
  troupe::tools::add_dead_letters(app, asked);
  troupe::tools::add_doctor(app, asked);

  std::vector<std::string> words{argv + 1, argv + argc};
  run.take_program(words);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  try {
    return run.is_asked() ? run.execute() : asked();
  } catch (const std::exception& error) {
    std::cerr << "troupe: " << error.what() << '\n';
    return run.is_asked() ? troupe::tools::run_failed : 1;
  }
}
