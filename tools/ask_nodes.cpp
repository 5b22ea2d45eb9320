// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "ask_nodes.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>

#include <troupe/node/core.hpp>
#include <troupe/node/runtime_directory.hpp>
#include <troupe/wire/error.hpp>

#include "readable.hpp"

namespace troupe::tools {

using namespace troupe;
using namespace troupe::detail;

namespace {

NodeOptions brief_options() {
  NodeOptions options;
  options.linger = std::chrono::milliseconds{500};
  return options;
}

std::string why_silent(const FoundNode& node, Duration patience) {
  if (is_stopped(node.pid)) return "its process is stopped: kill -CONT " + std::to_string(node.pid);
  return "no answer within " + readable_time(std::chrono::duration<double>(patience).count()) +
         ": it hangs, is very busy, or of another version of troupe";
}

}  // namespace

void add_options(CLI::App& command, Inspection& inspection) {
  command.add_flag("--json", inspection.json, "For programs");
  command.add_option("--patience", inspection.patience_s, "How long a node may take to answer, in seconds")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0));
  command.add_option("--in", inspection.directory, "Look for nodes in this runtime directory only")->check(CLI::ExistingDirectory);
}

Duration to_duration(double seconds) { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds}); }

int say_nobody(const Asker& asker) {
  std::cout << "You have no nodes here; looked in";
  for (const std::string& directory : asker.directories()) std::cout << ' ' << directory;
  std::cout << '\n';
  return 0;
}

Asker::Asker(const Inspection& inspection)
    : patience_{to_duration(inspection.patience_s)},
      node_{brief_options()},
      directories_{inspection.directory.empty() ? runtime_directories() : std::vector<std::string>{inspection.directory}} {}

std::vector<Answer> Asker::ask_all() {
  auto nodes = find_nodes(directories_);
  std::erase_if(nodes, [&](const FoundNode& each) { return each.id == node_.core().id(); });
  return ask(nodes);
}

std::vector<Answer> Asker::ask_again(const std::vector<Answer>& before, Duration pause) {
  std::vector<FoundNode> nodes;
  for (const Answer& answer : before)
    if (answer.report) nodes.push_back(answer.node);
  if (!nodes.empty()) std::this_thread::sleep_for(pause);
  return ask(nodes);
}

std::vector<Answer> Asker::ask(const std::vector<FoundNode>& nodes) {
  NodeCore& core = node_.core();
  const TimePoint until = after(core.clock().now(), patience_);
  std::vector<AskedReport> asked;
  for (const FoundNode& node : nodes) asked.push_back(ask_for_report(core, node.id, node.endpoint));
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Answer answer{nodes[i], process_name(nodes[i].pid), {}, {}};
    if (!core.wait(*asked[i].answer, until)) {
      answer.problem = why_silent(nodes[i], patience_);
      const auto reason = std::make_shared<const ErrorInfo>(make_error(ErrorType::timeout, answer.problem));
      asked[i].answer->fail(reason);
      core.end_session_later(asked[i].session, reason);  // else our own end would wait for it
    } else {
      try {
        answer.report = decode_report(asked[i].answer->take());
        answer.process = answer.report->facts.process;
      } catch (const Malformed& error) {
        answer.problem = std::string{"its answer cannot be read: "} + error.what();
      } catch (const Error&) {
        if (answer.process.empty()) continue;  // it has ended
        answer.problem = asked[i].answer->error()->what;
      }
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace troupe::tools
