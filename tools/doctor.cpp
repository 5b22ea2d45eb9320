// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe doctor`: what of this machine would keep a program from running, and what to do about it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "answer_json.hpp"
#include "checks.hpp"
#include "subcommands.hpp"
#include "table.hpp"

namespace troupe::tools {

namespace {

struct DoctorOptions {
  std::string keys;
  std::vector<std::uint16_t> ports;
  bool json = false;
};

std::vector<Check> all_checks(const DoctorOptions& options) {
  std::vector<Check> all = check_versions();
  const auto add = [&](std::vector<Check> checks) { all.insert(all.end(), checks.begin(), checks.end()); };
  add({check_kernel(), check_runtime_directory(), check_shared_memory()});
  add(check_limits());
  add({check_keys(options.keys)});
  for (const std::uint16_t port : options.ports) add({check_port(port)});
  add(check_engines());
  return all;
}

std::string to_text(Verdict verdict) { return verdict == Verdict::good ? "good" : verdict == Verdict::note ? "note" : "bad"; }

void print(std::ostream& out, const std::vector<Check>& checks) {
  Table table{{{"WHAT"}, {"IS"}, {"FOUND"}}};
  for (const Check& check : checks) {
    table.add({check.subject, to_text(check.verdict), check.found});
    if (!check.advice.empty()) table.add({"", "", "-> " + check.advice});
  }
  table.print(out);
}

Json json(const std::vector<Check>& checks) {
  Json all = Json::array();
  for (const Check& check : checks)
    all.push_back({{"what", check.subject},
                   {"verdict", to_text(check.verdict)},
                   {"found", check.found},
                   {"advice", check.advice.empty() ? Json{} : Json(check.advice)}});
  return {{"checks", std::move(all)}};
}

int doctor(const DoctorOptions& options) {
  const std::vector<Check> checks = all_checks(options);
  options.json ? print_json(std::cout, json(checks)) : print(std::cout, checks);
  return std::any_of(checks.begin(), checks.end(), [](const Check& each) { return each.verdict == Verdict::bad; }) ? 1 : 0;
}

}  // namespace

void add_doctor(CLI::App& app, Run& run) {
  const auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", "Look for what would keep a program from running on this machine");
  command->add_flag("--json", options->json, "For programs");
  command->add_option("--keys", options->keys, "The directory of the job's key")->envname("TROUPE_KEYS");
  command->add_option("--port", options->ports, "One that a node is to listen on; may be repeated");
  command->footer("Leaves with 1 if anything is bad.");
  command->callback([&run, options] { run = [options] { return doctor(*options); }; });
}

}  // namespace troupe::tools
