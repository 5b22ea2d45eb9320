// troupe: actors in processes. Apache-2.0, see LICENSE.
// Figures as horizontal bars in an SVG: ours in colour, what they are judged by in grey, a mark where the target lies.
#include <algorithm>
#include <fstream>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "benchmarks/report.hpp"

namespace bench {

namespace {

// In pixels.
constexpr int width = 940;
constexpr int bars_left = 250;
constexpr int bars_width = 520;
constexpr int row_height = 20;
constexpr int bar_height = 13;
constexpr int block_gap = 34;
constexpr int top = 62;

constexpr std::string_view style =
    "text{font:12px sans-serif;fill:#222}.title{font-size:17px;font-weight:bold}.unit{font-weight:bold}.name{text-anchor:end}"
    ".ours{fill:#2166ac}.ours-pinned{fill:#75a9d2}.raw{fill:#777}.raw-pinned{fill:#b5b5b5}.span{stroke:#222;stroke-width:1}"
    ".target{stroke:#c1121f;stroke-width:2}";

bool more_is_better(std::string_view unit) { return unit.ends_with("/s"); }

// Of neighbours that share group and unit, and so a scale.
std::span<const Figure> next_block(std::span<const Figure> rest) {
  const auto last = std::ranges::find_if(rest, [&](const Figure& each) {
    return each.measurement->group != rest.front().measurement->group || each.measurement->unit != rest.front().measurement->unit;
  });
  return {rest.begin(), last};
}

// 0: none.
double target_value(const Figure& figure, const std::vector<Figure>& all) {
  double value = 0;
  for (const Target& target : {figure.measurement->target, figure.measurement->second}) {
    const auto verdict = judge(figure, target, all);
    if (verdict && verdict->ratio > 0) value = std::max(value, figure.middle() / verdict->ratio * target.factor);
  }
  return value;
}

class Drawing {
 public:
  explicit Drawing(std::ostream& out) : out_{out} {}

  void block(std::span<const Figure> figures, const std::vector<Figure>& all) {
    double longest = 0;
    for (const Figure& figure : figures) longest = std::max({longest, figure.values.back(), target_value(figure, all)});
    scale_ = longest > 0 ? bars_width / longest : 0;
    const std::string_view unit = figures.front().measurement->unit;
    out_ << "<text class='unit' x='" << bars_left << "' y='" << y_ - 4 << "'>" << unit
         << (more_is_better(unit) ? ", more is better" : ", less is better") << "</text>\n";
    for (const Figure& figure : figures) row(figure, target_value(figure, all));
    y_ += block_gap;
  }

 private:
  [[nodiscard]] double x(double value) const { return bars_left + value * scale_; }

  void line(std::string_view kind, double x1, double y1, double x2, double y2) {
    out_ << "<line class='" << kind << "' x1='" << x1 << "' y1='" << y1 << "' x2='" << x2 << "' y2='" << y2 << "'/>\n";
  }

  void row(const Figure& figure, double target) {
    const double middle = y_ + bar_height / 2.0;
    const bool raw = figure.measurement->name.starts_with("raw");
    out_ << "<text class='name' x='" << bars_left - 8 << "' y='" << y_ + 11 << "'>" << figure.name() << "</text>\n<rect class='"
         << (raw ? "raw" : "ours") << (figure.cores == Cores::pinned ? "-pinned" : "") << "' x='" << bars_left << "' y='" << y_
         << "' width='" << figure.middle() * scale_ << "' height='" << bar_height << "'/>\n";
    line("span", x(figure.values.front()), middle, x(figure.values.back()), middle);
    if (target > 0) line("target", x(target), y_ - 2, x(target), y_ + bar_height + 2);
    const double end = std::max({figure.values.back(), target});
    out_ << "<text x='" << x(end) + 6 << "' y='" << y_ + 11 << "'>" << text_of(figure.middle()) << "</text>\n";
    y_ += row_height;
  }

  std::ostream& out_;
  int y_ = top;
  double scale_ = 0;
};

int height_of(std::span<const Figure> figures) {
  int height = top;
  while (!figures.empty()) {
    const auto block = next_block(figures);
    height += static_cast<int>(block.size()) * row_height + block_gap;
    figures = figures.subspan(block.size());
  }
  return height;
}

}  // namespace

void write_plot(const std::vector<Figure>& figures, const std::string& path) {
  std::vector<Figure> known;
  std::ranges::copy_if(figures, std::back_inserter(known), &Figure::known);
  std::ofstream out{path};
  out << "<svg xmlns='http://www.w3.org/2000/svg' width='" << width << "' height='" << height_of(known) << "'>\n<style>" << style
      << "</style>\n<rect width='100%' height='100%' fill='white'/>\n<text class='title' x='16' y='24'>troupe beside raw libzmq</text>\n"
      << "<text x='16' y='42'>Medians; the thin line spans minimum to maximum, the red mark is the target.</text>\n";
  Drawing drawing{out};
  for (std::span<const Figure> rest{known}; !rest.empty();) {
    const auto block = next_block(rest);
    drawing.block(block, known);
    rest = rest.subspan(block.size());
  }
  out << "</svg>\n";
  if (!out.flush()) throw std::runtime_error{"cannot write " + path};
}

}  // namespace bench
