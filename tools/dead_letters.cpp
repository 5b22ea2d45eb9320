// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe dead-letters`: the messages that reached nobody, by reason, and the last ones by name.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <troupe/wire/error.hpp>

#include "answer_json.hpp"
#include "ask_nodes.hpp"
#include "readable.hpp"
#include "subcommands.hpp"
#include "table.hpp"

namespace troupe::tools {

using namespace troupe::detail;

namespace {

struct DeadLetterOptions : Inspection {
  std::size_t last = 10;
};

std::string reason_text(std::size_t reason) {
  return reason <= static_cast<std::size_t>(troupe::Errc::cancelled) ? std::string{to_string(static_cast<troupe::Errc>(reason))}
                                                                     : "reason " + std::to_string(reason);
}

std::uint64_t sum_of(const std::vector<std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return sum;
}

/// "12 closed, 1 unhandled"
std::string by_reason(const std::vector<std::uint64_t>& counts) {
  std::string text;
  for (std::size_t reason = 0; reason < counts.size(); ++reason)
    if (counts[reason] != 0) text += (text.empty() ? "" : ", ") + std::to_string(counts[reason]) + ' ' + reason_text(reason);
  return text;
}

struct Named {
  const Answer* answer;
  const DeadLetterLine* letter;
};

/// Of all nodes, the newest first.
std::vector<Named> last_of(const std::vector<Answer>& answers, std::size_t most) {
  std::vector<Named> all;
  for (const Answer& answer : answers)
    if (answer.report)
      for (const DeadLetterLine& letter : answer.report->last_dead_letters) all.push_back({&answer, &letter});
  std::stable_sort(all.begin(), all.end(), [](const Named& a, const Named& b) { return a.letter->ago_ms < b.letter->ago_ms; });
  all.resize(std::min(all.size(), most));
  return all;
}

void print(std::ostream& out, const std::vector<Answer>& answers, std::size_t most) {
  Table counts{{{"PROCESS"}, {"PID", Align::right}, {"DEAD LETTERS", Align::right}, {"BY REASON"}}};
  for (const Answer& answer : answers) {
    const std::string pid = std::to_string(answer.node.pid);
    if (!answer.report) {
      counts.add({answer.process, pid, "(" + answer.problem + ")"});
    } else {
      counts.add({answer.process, pid, std::to_string(sum_of(answer.report->dead_letters)), by_reason(answer.report->dead_letters)});
    }
  }
  counts.print(out);
  Table last{{{"AGO", Align::right}, {"PROCESS"}, {"PID", Align::right}, {"MESSAGE"}, {"TO"}, {"REASON"}, {"WHY"}}};
  for (const auto& [answer, letter] : last_of(answers, most))
    last.add({readable_time(static_cast<double>(letter->ago_ms) / 1e3), answer->process, std::to_string(answer->node.pid),
              readable_type(letter->message), letter->target.empty() ? "-" : readable_type(letter->target), reason_text(letter->reason),
              letter->text});
  if (last.empty()) return;
  out << '\n';
  last.print(out);
}

Json json(const std::vector<Answer>& answers, std::size_t most) {
  Json nodes = Json::array();
  for (const Answer& answer : answers) {
    Json node = to_json(answer);
    if (answer.report) {
      const auto& counts = answer.report->dead_letters;
      node["dead_letters"] = sum_of(counts);
      node["by_reason"] = Json::object();
      for (std::size_t reason = 0; reason < counts.size(); ++reason)
        if (counts[reason] != 0) node["by_reason"][reason_text(reason)] = counts[reason];
      node["last"] = Json::array();
      for (const DeadLetterLine& letter : answer.report->last_dead_letters) {
        if (node["last"].size() == most) break;
        node["last"].push_back({{"ago_s", static_cast<double>(letter.ago_ms) / 1e3},
                                {"message", letter.message},
                                {"target", letter.target},
                                {"reason", reason_text(letter.reason)},
                                {"text", letter.text}});
      }
    }
    nodes.push_back(std::move(node));
  }
  return {{"nodes", std::move(nodes)}};
}

int dead_letters(const DeadLetterOptions& options) {
  Asker asker{options};
  const std::vector<Answer> answers = asker.ask_all();
  if (answers.empty() && !options.json) return say_nobody(asker);
  options.json ? print_json(std::cout, json(answers, options.last)) : print(std::cout, answers, options.last);
  return 0;
}

}  // namespace

void add_dead_letters(CLI::App& app, Run& run) {
  const auto options = std::make_shared<DeadLetterOptions>();
  CLI::App* command = app.add_subcommand("dead-letters", "Show which messages of your nodes on this host reached nobody, and why");
  add_options(*command, *options);
  command->add_option("--last", options->last, "So many are shown by name; a node remembers 32")->capture_default_str();
  command->callback([&run, options] { run = [options] { return dead_letters(*options); }; });
}

}  // namespace troupe::tools
