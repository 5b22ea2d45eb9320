// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "benchmarks/report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace bench {

namespace {

const Figure* beside(const Figure& figure, const std::vector<Figure>& group) {
  const auto found = std::ranges::find_if(group, [&](const Figure& each) {
    return each.measurement->name == figure.measurement->target.beside && each.cores == figure.cores && each.known();
  });
  return found == group.end() ? nullptr : &*found;
}

// Four digits that mean something.
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

std::string target_text(const Figure& figure, const std::vector<Figure>& group) {
  const Target& target = figure.measurement->target;
  const auto verdict = judge(figure, group);
  if (!verdict) return {};
  std::string text = std::string{"  "} + (verdict->reached ? "reached" : "MISSED") + ": ";
  if (!target.beside.empty()) text += text_of(verdict->ratio) + " x " + std::string{target.beside} + ", ";
  return text + (target.bound == Target::Bound::at_most ? "at most " : "at least ") + text_of(target.factor);
}

}  // namespace

std::optional<Verdict> judge(const Figure& figure, const std::vector<Figure>& group) {
  const Target& target = figure.measurement->target;
  if (target.bound == Target::Bound::none || !figure.known()) return {};
  double ratio = figure.middle();
  if (!target.beside.empty()) {
    const Figure* other = beside(figure, group);
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
    std::printf("%-34s %12s %-8s # %s .. %s%s\n", figure.name().c_str(), text_of(figure.middle()).c_str(), unit.c_str(),
                text_of(figure.values.front()).c_str(), text_of(figure.values.back()).c_str(), target_text(figure, group).c_str());
  }
  std::fflush(stdout);
}

void write_json(const std::vector<Figure>& figures, const std::string& path) {
  std::ofstream out{path};
  out << "[";
  const char* separator = "\n";
  for (const Figure& figure : figures) {
    if (!figure.known()) continue;
    out << separator << R"(  {"name": ")" << figure.name() << R"(", "value": )" << figure.middle() << R"(, "unit": ")"
        << figure.measurement->unit << R"(", "min": )" << figure.values.front() << R"(, "max": )" << figure.values.back()
        << R"(, "rounds": )" << figure.values.size();
    if (const auto verdict = judge(figure, figures)) {
      const Target& target = figure.measurement->target;
      if (!target.beside.empty()) out << R"(, "beside": ")" << target.beside << R"(", "ratio": )" << verdict->ratio;
      out << R"(, "target": )" << target.factor << R"(, "reached": )" << (verdict->reached ? "true" : "false");
    }
    out << "}";
    separator = ",\n";
  }
  out << "\n]\n";
  if (!out.flush()) throw std::runtime_error{"cannot write " + path};
}

}  // namespace bench
