// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/run_command.hpp"

#include <algorithm>
#include <array>

#include <unistd.h>

#include <troupe/wire/error.hpp>

#include "tools/run/run.hpp"
#include "tools/run/slurm_run.hpp"

namespace troupe::tools {

namespace {

constexpr const char* about = "Run a program over several hosts, each a host node that is joined to the first, the head";
constexpr const char* footer = R"(  troupe run --hosts localhost,b:8,me@c -- ./program its arguments
  troupe run --slurm -N4 -- ./program its arguments

The first host is the head: its main runs, the others' processes serve it and end with it. The program is the same file on all hosts, at
the same path; a host that has another one is refused. It runs in this folder, or, on a host without it, in the user's own. localhost and
this machine's name need no ssh. A host that is named twice runs two host nodes, HOST and HOST-2.

Standard output is that of the head alone, byte by byte, and standard input is the head's. A head on this machine has the terminal; all
else that hosts print goes to stderr in whole lines, "[HOST] ...". Ctrl-C and SIGTERM go to the head, whose end ends the others; a second
time they end all at once. When this command is killed, or the connection to a host breaks, the program there ends too.

Hosts share a key made for the run, which is handed over by ssh's standard input and lies, while it runs, in a directory of the user's
below TMPDIR (/tmp) on each. A firewall between hosts must let the port through to the head, and hosts may connect to each other.

With --slurm the hosts are the nodes of one step, and all before `--` that is no option of this command is srun's. The program joins by
itself what Slurm starts, `srun -N4 ./program` too, if it has keys: this command makes them. The head listens on a port of 20000 to 29999
that follows from job and step. Ctrl-C and SIGTERM go to all tasks.

Exit status: the head's; 128 and the number of the signal that ended it; 125 a host takes no part, or the connection to the head broke.)";

std::string this_machine() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

RunCommand::RunCommand(CLI::App& command) : run_{*command.add_subcommand("run", about)} {
  run_.footer(footer);
  run_.prefix_command();
  run_.add_option("--hosts", hosts_, "The hosts, [USER@]HOST[:SLOTS] each, with commas between them");
  CLI::Option* slurm = run_.add_flag("--slurm", slurm_, "The nodes that srun gives")->excludes("--hosts");
  run_.add_flag("--copy", copy_, "Send the program to the other hosts, for this run")->excludes(slurm);
  run_.add_option("--port", port_, "On which the head listens; default: one from 20000 to 29999 by chance")
      ->check(CLI::Range(1, 65535))
      ->excludes(slurm);
  run_.add_option("--address", address_, "An address of the head's that the others reach; default: the one by which ssh came")
      ->excludes(slurm);
  run_.add_option("--ssh", ssh_, "The command before a host's name, in words of the shell")->envname("TROUPE_SSH")->capture_default_str();
  run_.add_option("--label", labels_, "LABEL for all hosts, or HOST=LABEL; may be repeated")
      ->type_size(1)
      ->allow_extra_args(false)
      ->excludes(slurm);
}

void RunCommand::take_program(std::vector<std::string>& words) {
  const auto separator = std::find(words.begin(), words.end(), "--");
  if (words.empty() || words.front() != run_.get_name() || separator == words.end()) return;
  separated_ = true;
  run_.prefix_command(false);
  run_.allow_extras();
  program_.assign(separator + 1, words.end());
  words.erase(separator, words.end());
}

int RunCommand::execute() {
  const std::vector<std::string> others = run_.remaining();
  const std::string form = slurm_ ? "--slurm -N4" : "--hosts a,b";
  if (!slurm_ && hosts_.empty()) throw Misuse{"where? troupe run --hosts a,b:8 -- PROGRAM, or troupe run --slurm -N4 -- PROGRAM"};
  if (!separated_) program_ = others;
  if (program_.empty() || (slurm_ && !separated_)) throw Misuse{"which program? troupe run " + form + " -- PROGRAM ARGUMENTS"};
  if (slurm_) return run_over_slurm({others, program_});

  const auto& unknown = separated_ ? others : program_;  // what is left of the options; else the program, if it is no option
  if (!unknown.empty() && (separated_ || unknown.front().starts_with('-')))
    throw Misuse{unknown.front() + " is no option of troupe run; `troupe run --help` lists them"};
  RunOptions options;
  options.hosts = parse_hosts(hosts_, this_machine());
  for (const std::string& label : labels_) add_label(options.hosts, label);
  options.words = program_;
  options.copy = copy_;
  options.port = port_;
  options.address = address_;
  options.ssh = ssh_;
  return run_over_hosts(options);
}

}  // namespace troupe::tools
