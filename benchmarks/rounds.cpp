// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "benchmarks/rounds.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "benchmarks/command.hpp"
#include "benchmarks/placement.hpp"

namespace bench {

namespace {

constexpr unsigned longest_seconds = 60;  // for one figure of one round: nothing takes ten

void measure_once(Figure& figure, Effort effort) {
  static const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string output = output_of('\'' + program + "' --measure " + std::string{figure.measurement->name} +
                                       (figure.cores == Cores::pinned ? " --pinned" : "") + (effort == Effort::quick ? " --quick" : ""));
  double value = 0;
  const auto [end, error] = std::from_chars(output.data(), output.data() + output.size(), value);
  if (error != std::errc{} || end != output.data() + output.size()) {
    figure.failure = output;
    return;
  }
  figure.values.insert(std::ranges::upper_bound(figure.values, value), value);
}

std::vector<Figure> measure_group(std::span<const Measurement* const> group, int rounds, Effort effort) {
  std::vector<Figure> figures;
  for (const Measurement* measurement : group) {
    figures.push_back({.measurement = measurement, .cores = Cores::free});
    if (measurement->two_processes && can_pin()) figures.push_back({.measurement = measurement, .cores = Cores::pinned});
  }
  for (int round = 0; round < rounds; ++round)
    for (Figure& figure : figures)
      if (round < figure.measurement->max_rounds) measure_once(figure, effort);
  return figures;
}

}  // namespace

std::string Figure::name() const { return std::string{measurement->name} + (cores == Cores::pinned ? "-pinned" : ""); }

std::vector<Figure> measure_in_rounds(const std::vector<const Measurement*>& chosen, int rounds, Effort effort,
                                      const std::function<void(const std::vector<Figure>& group)>& done) {
  std::vector<Figure> all;
  for (auto first = chosen.begin(); first != chosen.end();) {
    const auto last = std::find_if(first, chosen.end(), [&](const Measurement* each) { return each->group != (*first)->group; });
    std::vector<Figure> figures = measure_group({first, last}, rounds, effort);
    done(figures);
    std::ranges::move(figures, std::back_inserter(all));
    first = last;
  }
  return all;
}

int measure_here(const Measurement& measurement, const Run& run) {
  ::alarm(longest_seconds);
  try {
    begin_asking_side(run.cores);
    std::printf("%.17g\n", measurement.measure(run));
    return 0;
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}

}  // namespace bench
