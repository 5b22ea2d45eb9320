// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/configuration.hpp>
#include <troupe/node/slurm.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

/// An option that the environment can give, too.
struct Setting {
  std::string_view option;    // --troupe-NAME=VALUE
  const char* variable;       // TROUPE_NAME=VALUE
  std::string_view argument;  // empty: there is none
  std::string_view help;
  void (*apply)(NodeOptions& options, std::string_view value);
};

void add_labels(NodeOptions& options, std::string_view text) {
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find(','));
    if (!label.empty() && std::find(options.labels.begin(), options.labels.end(), label) == options.labels.end())
      options.labels.emplace_back(label);
    text.remove_prefix(label.size() == text.size() ? label.size() : label.size() + 1);
  }
}

void set_slots(NodeOptions& options, std::string_view value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.slots);
  if (error != std::errc{} || end != value.data() + value.size() || options.slots == 0)
    throw Misuse{"slots are a number of processes, 1 or more: " + std::string{value}};
}

constexpr std::array settings{
    Setting{"listen", "TROUPE_LISTEN", "tcp://ADDRESS:PORT",
            "be the head of a job of several hosts, which join there (0.0.0.0: all addresses)",
            [](NodeOptions& options, std::string_view value) { options.listen = value; }},
    Setting{"join", "TROUPE_JOIN", "tcp://ADDRESS:PORT", "be a further host of the job whose head listens there",
            [](NodeOptions& options, std::string_view value) { options.join = value; }},
    Setting{"name", "TROUPE_NAME", "NAME", "of this host in the job (default: the machine's)",
            [](NodeOptions& options, std::string_view value) { options.name = value; }},
    Setting{"slots", "TROUPE_SLOTS", "N", "processes that this host is good for (default: its processors)", &set_slots},
    Setting{"label", "TROUPE_LABELS", "LABEL[,LABEL...]", "what else is to be known of this host", &add_labels},
    Setting{"keys", "TROUPE_KEYS", "DIR", "where the job's key lies, made by: troupe keygen DIR",
            [](NodeOptions& options, std::string_view value) { options.keys = value; }},
    Setting{"insecure", "TROUPE_INSECURE", "", "permit tcp without keys, on loopback only",
            [](NodeOptions& options, std::string_view value) { options.insecure = value != "0"; }},
};

[[noreturn]] void print_help() {
  std::string text = "troupe's options, each also by the variable behind it:\n";
  for (const Setting& each : settings) {
    std::string option = "  --troupe-" + std::string{each.option} + (each.argument.empty() ? "" : "=" + std::string{each.argument});
    option.resize(std::max<std::size_t>(option.size() + 2, 40), ' ');
    text += option + std::string{each.help} + " (" + each.variable + ")\n";
  }
  text +=
      "  --troupe-transport=NAME               what processes of this host talk over: ipc (default) or tcp (needs --troupe-insecure)\n"
      "  --troupe-help                         print this and leave\n"
      "In a step of Slurm's with more than one node the first node is the head and the others join it; TROUPE_SLURM=0 forbids it.\n";
  (void)!::write(STDOUT_FILENO, text.data(), text.size());
  std::exit(0);
}

void apply(std::string_view option, NodeOptions& options) {
  constexpr std::string_view prefix = "--troupe-";
  const std::string_view name = option.substr(prefix.size(), option.find('=') - prefix.size());
  const bool valued = prefix.size() + name.size() < option.size();
  const std::string_view value = valued ? option.substr(prefix.size() + name.size() + 1) : std::string_view{};
  for (const Setting& each : settings) {
    if (each.option != name || each.argument.empty() == valued) continue;
    if (valued && value.empty()) throw Misuse{std::string{option} + ": nothing stands behind the ="};
    return each.apply(options, valued ? value : "1");
  }
  if (option == "--troupe-help") print_help();
  if (name != "transport" || (value != "ipc" && value != "tcp"))
    throw Misuse{"unknown option " + std::string{option} + ": --troupe-help lists what there is"};
  options.child_transport = value == "tcp" ? ChildTransport::tcp : ChildTransport::ipc;
}

}  // namespace

void take_options(int& argc, char** argv, NodeOptions& options) {
  int kept = 0;
  bool ours = true;
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") ours = false;
    if (ours && i > 0 && argument.starts_with("--troupe-")) {
      apply(argument, options);
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  argv[argc] = nullptr;
}

void take_environment(NodeOptions& options) {
  for (const Setting& each : settings) {
    const char* value = std::getenv(each.variable);
    if (value == nullptr) continue;
    const std::string text{value};
    ::unsetenv(each.variable);
    if (!text.empty()) each.apply(options, text);
  }
}

void give_environment(const NodeOptions& options) {
  std::string labels;
  for (const std::string& label : options.labels) labels += (labels.empty() ? "" : ",") + label;
  const auto give = [](const char* variable, const std::string& value) {
    if (!value.empty()) ::setenv(variable, value.c_str(), 1);
  };
  give("TROUPE_LISTEN", options.listen);
  give("TROUPE_JOIN", options.join);
  give("TROUPE_NAME", options.name);
  give("TROUPE_SLOTS", options.slots == 0 ? "" : std::to_string(options.slots));
  give("TROUPE_LABELS", labels);
  give("TROUPE_KEYS", options.keys);
  give("TROUPE_INSECURE", options.insecure ? "1" : "");
}

void take_step(NodeOptions& options) {
  if (!options.listen.empty() || !options.join.empty()) return;
  const auto step = take_slurm_step();
  if (!step) return;
  if (step->part == SlurmStep::Part::spare) std::exit(0);
  if (options.keys.empty()) throw Refused{step->needs_keys()};
  (step->part == SlurmStep::Part::head ? options.listen : options.join) = step->endpoint;
  if (options.name.empty()) options.name = step->name;
  if (options.slots == 0) options.slots = step->slots;
}

void check(const NodeOptions& options) {
  if (options.child_transport == ChildTransport::tcp && !options.insecure)
    throw Misuse{"tcp between processes has no keys here: --troupe-insecure permits it on loopback"};
  if (!options.listen.empty() && !options.join.empty())
    throw Misuse{"a program is the head of a job (--troupe-listen) or joins one (--troupe-join), not both"};
  for (const std::string& endpoint : {options.listen, options.join})
    if (!endpoint.empty() && !endpoint.starts_with("tcp://")) throw Misuse{endpoint + ": other hosts are reached by tcp://ADDRESS:PORT"};
  if (options.name.size() > 63) throw Misuse{"a host's name has up to 63 characters: " + options.name};
  for (const std::string& label : options.labels)
    if (label.empty() || label.size() > 63) throw Misuse{"a label has 1 to 63 characters: '" + label + "'"};
}

}  // namespace troupe::detail
