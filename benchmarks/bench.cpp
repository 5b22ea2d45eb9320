// troupe: actors in processes. Apache-2.0, see LICENSE.
// The program `bench`: measures troupe beside raw libzmq, and prints name, value and unit of each figure.
#include <troupe/troupe.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>
#include <vector>

#include "benchmarks/placement.hpp"
#include "benchmarks/python.hpp"
#include "benchmarks/report.hpp"
#include "benchmarks/rounds.hpp"

namespace {

using namespace bench;

constexpr const char* usage =
    "usage: bench [NAME...] [--rounds N] [--quick] [--json FILE] [--plot FILE.svg]\n"
    "  NAME         a figure, or the beginning of some: `tell` measures all tells; default: all. With each comes what it is judged by.\n"
    "  --rounds N   fresh processes per figure (default 5); medians are printed, minimum and maximum behind the #\n"
    "  --quick      a tenth of the work and 3 rounds, for a look\n"
    "  --list       prints the names\n";

struct CommandLine {
  std::vector<const Measurement*> chosen;
  int rounds = 0;
  Effort effort = Effort::whole;
  const char* json = nullptr;
  const char* plot = nullptr;
  const Measurement* measure_here = nullptr;
  Cores cores = Cores::free;
};

// Adds the figures that `name` begins, each with its baseline.
bool choose(std::string_view name, std::vector<const Measurement*>& chosen) {
  bool any = false;
  for (const Measurement& each : measurements()) {
    const bool exact = each.name == name;
    if (!exact && (find_measurement(name) != nullptr || !each.name.starts_with(name))) continue;
    any = true;
    chosen.push_back(&each);
    for (const Target& target : {each.target, each.second})
      if (const Measurement* beside = find_measurement(target.beside)) chosen.push_back(beside);
  }
  return any;
}

// In the order of the table, each once.
void put_in_order(std::vector<const Measurement*>& chosen) {
  if (chosen.empty())
    for (const Measurement& each : measurements()) chosen.push_back(&each);
  if (!has_python()) std::erase_if(chosen, [](const Measurement* each) { return each->name.starts_with("py-"); });
  std::ranges::sort(chosen);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
}

std::optional<CommandLine> parse(int argc, char** argv) {
  CommandLine line;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const char* next = i + 1 < argc ? argv[i + 1] : nullptr;
    if (word == "--quick") {
      line.effort = Effort::quick;
    } else if (word == "--pinned") {
      line.cores = Cores::pinned;
    } else if (word == "--rounds" && next != nullptr) {
      line.rounds = std::atoi(argv[++i]);
      if (line.rounds < 1) return {};
    } else if (word == "--json" && next != nullptr) {
      line.json = argv[++i];
    } else if (word == "--plot" && next != nullptr) {
      line.plot = argv[++i];
    } else if (word == "--measure" && next != nullptr) {
      line.measure_here = find_measurement(argv[++i]);
      if (line.measure_here == nullptr) return {};
    } else if (word.starts_with("-") || !choose(word, line.chosen)) {
      return {};
    }
  }
  if (line.rounds == 0) line.rounds = line.effort == Effort::quick ? 3 : 5;
  put_in_order(line.chosen);
  return line;
}

int list() {
  for (const Measurement& each : measurements()) std::printf("%.*s\n", static_cast<int>(each.name.size()), each.name.data());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "--nothing") return 0;  // for the measure of a bare start
  if (is_answering_side()) {
    begin_answering_side();
    const troupe::Node node{argc, argv};  // does not return
    return 1;
  }
  if (first == "--list") return list();
  const auto line = parse(argc, argv);
  if (!line) {
    std::fputs(usage, stderr);
    return 2;
  }
  if (line->measure_here != nullptr) return measure_here(*line->measure_here, {line->effort, line->cores});
  const std::vector<Figure> figures = measure_in_rounds(line->chosen, line->rounds, line->effort, &print_figures);
  try {
    if (line->json != nullptr) write_json(figures, line->json);
    if (line->plot != nullptr) write_plot(figures, line->plot);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return std::ranges::all_of(figures, &Figure::known) ? 0 : 1;
}
