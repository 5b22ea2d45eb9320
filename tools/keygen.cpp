// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe keygen DIR`: the key that the hosts of a job share.
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "subcommands.hpp"
#include "transports/keys.hpp"

namespace troupe::tools {

void add_keygen(CLI::App& app, Run& run) {
  const auto directory = std::make_shared<std::string>();
  CLI::App* keygen = app.add_subcommand("keygen", "Make the key that the hosts of a job share");
  keygen->add_option("DIR", *directory, "Where to; copy it to each host, and give it to the program as --troupe-keys=DIR")->required();
  keygen->footer("Who has the key may start processes on all hosts of the job: it is written with mode 0600, keep it so.");
  keygen->callback([&run, directory] {
    run = [directory] {
      troupe::detail::make_keys(*directory);
      std::cout << *directory << "/node.key: the key of a job; copy " << *directory << " to each of its hosts\n";
      return 0;
    };
  });
}

}  // namespace troupe::tools
