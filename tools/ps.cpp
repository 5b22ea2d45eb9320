// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe ps`: the actors of this user's nodes, and what waits for them.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "actors.hpp"
#include "answer_json.hpp"
#include "ask_nodes.hpp"
#include "names.hpp"
#include "readable.hpp"
#include "subcommands.hpp"
#include "table.hpp"

namespace troupe::tools {

using troupe::detail::SeatLine;

namespace {

struct PsOptions : Inspection {
  double interval_s = 0.5;
};

struct Member {
  std::size_t depth;  // parents above it
  std::size_t place;  // in the answers
};

/// Each process behind its parent.
std::vector<Member> in_families(const std::vector<Answer>& answers) {
  const auto parent_of = [&](std::size_t place) { return answers[place].report ? answers[place].report->facts.parent : troupe::NodeId{}; };
  std::vector<Member> members;
  const auto add = [&](const auto& self, std::size_t place, std::size_t depth) -> void {
    members.push_back({depth, place});
    for (std::size_t i = 0; i < answers.size(); ++i)
      if (parent_of(i) == answers[place].node.id) self(self, i, depth + 1);
  };
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const bool parent_here = std::any_of(answers.begin(), answers.end(), [&](const Answer& each) { return each.node.id == parent_of(i); });
    if (!parent_here) add(add, i, 0);
  }
  return members;
}

const Answer* find(const std::vector<Answer>& answers, troupe::NodeId id) {
  const auto found = std::find_if(answers.begin(), answers.end(), [&](const Answer& each) { return each.node.id == id; });
  return found == answers.end() ? nullptr : &*found;
}

/// Both looks, and what they say together.
class Picture {
 public:
  Picture(std::vector<Answer> first, std::vector<Answer> second) : before_{std::move(first)}, answers_{std::move(second)} {
    for (const Answer& answer : before_)
      if (!answer.report) answers_.push_back(answer);
    restarts_ = restarts_of_processes(answers_);
    names_ = published_names(answers_);
  }

  void print(std::ostream& out) const {
    Table table{{{"PROCESS"},
                 {"PID", Align::right},
                 {"ACTOR"},
                 {"STATE"},
                 {"WAITING", Align::right},
                 {"OLDEST", Align::right},
                 {"MSG/S", Align::right},
                 {"HANDLED", Align::right},
                 {"RESTARTS", Align::right},
                 {"NAMES"}}};
    for (const Member& member : in_families(answers_)) {
      const Answer& answer = answers_[member.place];
      const std::string process = std::string(2 * member.depth, ' ') + answer.process;
      const std::string pid = std::to_string(answer.node.pid);
      if (!answer.report) {
        table.add({process, pid, "(" + answer.problem + ")"});
        continue;
      }
      const auto actors = actors_in(answer);
      if (actors.empty() && answer.report->seats.empty()) table.add({process, pid, "(no actors)"});
      for (const ActorSight& actor : actors) table.add(row(process, pid, actor));
      for (const SeatLine& seat : answer.report->seats)
        if (seat.place == troupe::NodeId{} || seat.waiting != 0) table.add(row(process, pid, seat));
      const std::uint64_t left_out = answer.report->facts.actors - actors.size();
      if (left_out != 0) table.add({process, pid, "(and " + std::to_string(left_out) + " more)"});
    }
    table.print(out);
  }

  [[nodiscard]] Json json() const {
    Json nodes = Json::array();
    for (const Member& member : in_families(answers_)) {
      const Answer& answer = answers_[member.place];
      Json node = to_json(answer);
      if (answer.report) {
        node["actors_in_all"] = answer.report->facts.actors;
        node["actors"] = Json::array();
        for (const ActorSight& actor : actors_in(answer)) node["actors"].push_back(json(actor));
        node["seats"] = Json::array();
        for (const SeatLine& seat : answer.report->seats) node["seats"].push_back(json(seat));
      }
      nodes.push_back(std::move(node));
    }
    return {{"nodes", std::move(nodes)}};
  }

 private:
  [[nodiscard]] std::vector<ActorSight> actors_in(const Answer& answer) const {
    return actors_of(answer, find(before_, answer.node.id), restarts_, names_);
  }
  static std::vector<std::string> row(const std::string& process, const std::string& pid, const ActorSight& actor) {
    return {process,
            pid,
            readable_type(actor.type) + '#' + std::to_string(actor.number),
            to_text(actor.activity),
            std::to_string(actor.waiting),
            actor.oldest_s ? readable_time(*actor.oldest_s) : "-",
            actor.per_second ? readable_number(*actor.per_second) : "-",
            std::to_string(actor.handled),
            std::to_string(actor.restarts),
            joined(actor.names, " ")};
  }
  /// Where the process of a supervised actor is being replaced.
  static std::vector<std::string> row(const std::string& process, const std::string& pid, const SeatLine& seat) {
    return {process,
            pid,
            readable_type(seat.label),
            seat.place == troupe::NodeId{} ? "vacant" : "queued",
            std::to_string(seat.waiting),
            "-",
            "-",
            "-",
            std::to_string(seat.restarts),
            ""};
  }
  static Json json(const SeatLine& seat) {
    const bool vacant = seat.place == troupe::NodeId{};
    return {{"label", seat.label},
            {"node", vacant ? Json{} : Json(to_text(seat.place))},
            {"actor", vacant ? Json{} : Json(seat.actor)},
            {"waiting", seat.waiting},
            {"restarts", seat.restarts}};
  }
  static Json json(const ActorSight& actor) {
    return {{"number", actor.number},
            {"type", actor.type},
            {"state", to_text(actor.activity)},
            {"waiting", actor.waiting},
            {"oldest_s", actor.oldest_s ? Json(*actor.oldest_s) : Json{}},
            {"messages_per_s", actor.per_second ? Json(*actor.per_second) : Json{}},
            {"handled", actor.handled},
            {"restarts", actor.restarts},
            {"names", actor.names}};
  }

  std::vector<Answer> before_;
  std::vector<Answer> answers_;
  std::map<ActorKey, std::uint64_t> restarts_;
  std::multimap<ActorKey, std::string> names_;
};

int ps(const PsOptions& options) {
  Asker asker{options};
  std::vector<Answer> first = asker.ask_all();
  if (first.empty() && !options.json) return say_nobody(asker);
  std::vector<Answer> second = asker.ask_again(first, to_duration(options.interval_s));
  const Picture picture{std::move(first), std::move(second)};
  options.json ? print_json(std::cout, picture.json()) : picture.print(std::cout);
  return 0;
}

}  // namespace

void add_ps(CLI::App& app, Run& run) {
  const auto options = std::make_shared<PsOptions>();
  CLI::App* command = app.add_subcommand("ps", "Show the actors of your nodes on this host, and what waits for them");
  add_options(*command, *options);
  command->add_option("--interval", options->interval_s, "Between the two looks that messages per second are counted by, in seconds")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0));
  command->callback([&run, options] { run = [options] { return ps(*options); }; });
}

}  // namespace troupe::tools
