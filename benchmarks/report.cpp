// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "benchmarks/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

const Figure* find(std::string_view name, Cores cores, const std::vector<Figure>& group) {
  const auto found = std::ranges::find_if(
      group, [&](const Figure& each) { return each.measurement->name == name && each.cores == cores && each.known(); });
  return found == group.end() ? nullptr : &*found;
}

std::string verdict_text(const Figure& figure, const Target& target, const std::vector<Figure>& group) {
  const auto verdict = judge(figure, target, group);
  if (!verdict) return {};
  std::string text = std::string{"; "} + (verdict->reached ? "reached" : "MISSED") + ": ";
  if (!target.beside.empty()) text += text_of(verdict->ratio) + " x " + std::string{target.beside} + ", ";
  return text + (target.bound == Target::Bound::at_most ? "at most " : "at least ") + text_of(target.factor);
}

}  // namespace

std::string text_of(double value) {
  std::ostringstream out;
  if (value >= 1000) {
    out << static_cast<long long>(value + 0.5);
  } else {
    out.precision(4);
    out << value;
  }
  return out.str();
}

std::optional<Verdict> judge(const Figure& figure, const Target& target, const std::vector<Figure>& group) {
  if (target.bound == Target::Bound::none || !figure.known()) return {};
  double ratio = figure.middle();
  if (!target.beside.empty()) {
    const Figure* other = find(target.beside, figure.cores, group);
    if (other == nullptr) return {};
    ratio /= other->middle();
  }
  return Verdict{ratio, target.bound == Target::Bound::at_most ? ratio <= target.factor : ratio >= target.factor};
}

void print_figures(const std::vector<Figure>& group) {
  for (const Figure& figure : group) {
    if (!figure.failure.empty()) std::fprintf(stderr, "%s failed: %s\n", figure.name().c_str(), figure.failure.c_str());
    if (!figure.known()) continue;
    const std::string unit{figure.measurement->unit};
    const std::string verdicts =
        verdict_text(figure, figure.measurement->target, group) + verdict_text(figure, figure.measurement->second, group);
    std::printf("%-34s %12s %-8s # %s .. %s%s\n", figure.name().c_str(), text_of(figure.middle()).c_str(), unit.c_str(),
                text_of(figure.values.front()).c_str(), text_of(figure.values.back()).c_str(), verdicts.c_str());
  }
  std::fflush(stdout);
}

void write_json(const std::vector<Figure>& figures, const std::string& path) {
  auto rows = nlohmann::ordered_json::array();
  for (const Figure& figure : figures) {
    if (!figure.known()) continue;
    nlohmann::ordered_json row{{"name", figure.name()},        {"value", figure.middle()},    {"unit", figure.measurement->unit},
                               {"min", figure.values.front()}, {"max", figure.values.back()}, {"rounds", figure.values.size()}};
    for (const Target& target : {figure.measurement->target, figure.measurement->second}) {
      const auto verdict = judge(figure, target, figures);
      if (!verdict) continue;
      row["targets"].push_back({{target.bound == Target::Bound::at_most ? "at_most" : "at_least", target.factor},
                                {"times", target.beside},
                                {"is", verdict->ratio},
                                {"reached", verdict->reached}});
    }
    rows.push_back(std::move(row));
  }
  std::ofstream out{path};
  out << rows.dump(2) << '\n';
  if (!out.flush()) throw std::runtime_error{"cannot write " + path};
}

}  // namespace bench
