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
#include "transports/keys.hpp"

int main(int argc, char** argv) {
  CLI::App app{"For programs that are written with troupe.", "troupe"};
  app.require_subcommand(1);

  std::string directory;
  CLI::App* keygen = app.add_subcommand("keygen", "Make the key that the hosts of a job share");
  keygen->add_option("DIR", directory, "Where to; copy it to each host, and give it to the program as --troupe-keys=DIR")->required();
  keygen->footer("Who has the key may start processes on all hosts of the job: it is written with mode 0600, keep it so.");

  troupe::tools::RunCommand run{app};

  std::vector<std::string> words{argv + 1, argv + argc};
  run.take_program(words);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  try {
    if (run.is_asked()) return run.execute();
    troupe::detail::make_keys(directory);
    std::cout << directory << "/node.key: the key of a job; copy " << directory << " to each of its hosts\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "troupe: " << error.what() << '\n';
    return run.is_asked() ? troupe::tools::run_failed : 1;
  }
}
