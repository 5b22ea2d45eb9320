// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe hosts`: the hosts of the troupe, and how the links between nodes stand.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "answer_json.hpp"
#include "ask_nodes.hpp"
#include "readable.hpp"
#include "subcommands.hpp"
#include "table.hpp"

namespace troupe::tools {

using namespace troupe::detail;

namespace {

/// One of a troupe, or this machine as its nodes see it.
struct Host {
  HostLine line;
  std::uint64_t nodes = 0;  // that have answered here
  std::uint64_t actors = 0;
};

double load_per_core() {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) return 0;
  return load / static_cast<double>(std::max(std::thread::hardware_concurrency(), 1U));
}

/// Those that host nodes tell of; where none does, the one that the nodes are on.
std::vector<Host> hosts_of(const std::vector<Answer>& answers) {
  std::map<std::string, Host> here;
  std::map<troupe::NodeId, Host> told;
  for (const Answer& answer : answers) {
    if (!answer.report) continue;
    Host& host = here[answer.report->facts.host];
    ++host.nodes;
    host.actors += answer.report->facts.actors;
    for (const HostLine& line : answer.report->hosts) {  // not every host knows the load of all
      const double known = std::max(line.load, told[line.node].line.load);
      told[line.node].line = line;
      told[line.node].line.load = known;
    }
  }
  std::vector<Host> hosts;
  for (auto& [id, host] : told) {
    if (const auto mine = here.find(host.line.name); mine != here.end()) {
      host.nodes = mine->second.nodes;
      host.actors = mine->second.actors;
    }
    hosts.push_back(host);
  }
  if (!hosts.empty()) return hosts;
  for (auto& [name, host] : here) {
    host.line.name = name;
    host.line.state = "alone";
    host.line.slots = std::thread::hardware_concurrency();
    host.line.load = load_per_core();
    hosts.push_back(host);
  }
  return hosts;
}

/// "2.1": the session, and its connection.
std::string epoch_text(std::uint64_t epoch) {
  return epoch == 0 ? "-" : std::to_string(epoch >> 32U) + '.' + std::to_string(epoch & UINT32_MAX);
}

std::string name_of(const std::vector<Answer>& answers, troupe::NodeId id) {
  for (const Answer& answer : answers)
    if (answer.node.id == id) return answer.process + '(' + std::to_string(answer.node.pid) + ')';
  return to_text(id);
}

void print(std::ostream& out, const std::vector<Answer>& answers) {
  Table hosts{{{"HOST"},
               {"STATE"},
               {"SLOTS", Align::right},
               {"LOAD", Align::right},
               {"NODES", Align::right},
               {"ACTORS", Align::right},
               {"LABELS"},
               {"ENDPOINT"}}};
  for (const auto& [line, nodes, actors] : hosts_of(answers))
    hosts.add({line.name, line.state, std::to_string(line.slots), readable_number(line.load), std::to_string(nodes), std::to_string(actors),
               joined(line.labels, ","), line.endpoint});
  hosts.print(out);
  Table links{
      {{"NODE"}, {"PEER"}, {"LINK"}, {"EPOCH", Align::right}, {"UNACKNOWLEDGED", Align::right}, {"RE-DIALS", Align::right}, {"ENDPOINT"}}};
  for (const Answer& answer : answers) {
    const std::string node = name_of(answers, answer.node.id);
    if (!answer.report) {
      links.add({node, "(" + answer.problem + ")"});
      continue;
    }
    if (answer.report->links.empty()) links.add({node, "(no links)"});
    for (const LinkLine& link : answer.report->links)
      links.add({node, name_of(answers, link.peer), link.state, epoch_text(link.epoch),
                 readable_bytes(static_cast<double>(link.unacknowledged_bytes)), std::to_string(link.redials), link.endpoint});
  }
  out << '\n';
  links.print(out);
}

Json json(const std::vector<Answer>& answers) {
  Json hosts = Json::array();
  for (const auto& [line, nodes, actors] : hosts_of(answers))
    hosts.push_back({{"host", line.name},
                     {"node", line.node == troupe::NodeId{} ? Json{} : Json(to_text(line.node))},
                     {"state", line.state},
                     {"slots", line.slots},
                     {"load", line.load},
                     {"labels", line.labels},
                     {"endpoint", line.endpoint},
                     {"nodes", nodes},
                     {"actors", actors}});
  Json nodes = Json::array();
  for (const Answer& answer : answers) {
    Json node = to_json(answer);
    if (answer.report) {
      node["links"] = Json::array();
      for (const LinkLine& link : answer.report->links)
        node["links"].push_back({{"peer", to_text(link.peer)},
                                 {"endpoint", link.endpoint},
                                 {"state", link.state},
                                 {"session", link.epoch >> 32U},
                                 {"connection", link.epoch & UINT32_MAX},
                                 {"unacknowledged_bytes", link.unacknowledged_bytes},
                                 {"redials", link.redials}});
    }
    nodes.push_back(std::move(node));
  }
  return {{"hosts", std::move(hosts)}, {"nodes", std::move(nodes)}};
}

int hosts(const Inspection& options) {
  Asker asker{options};
  const std::vector<Answer> answers = asker.ask_all();
  if (answers.empty() && !options.json) return say_nobody(asker);
  options.json ? print_json(std::cout, json(answers)) : print(std::cout, answers);
  return 0;
}

}  // namespace

void add_hosts(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Inspection>();
  CLI::App* command = app.add_subcommand("hosts", "Show the hosts of your troupes, and the links of your nodes on this host");
  add_options(*command, *options);
  command->callback([&run, options] { run = [options] { return hosts(*options); }; });
}

}  // namespace troupe::tools
