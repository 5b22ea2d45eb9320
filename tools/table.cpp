// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "table.hpp"

#include <algorithm>
#include <cstddef>
#include <ostream>

namespace troupe::tools {

void Table::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(column.title.size());
  for (const auto& row : rows_) {
    const bool whole = row.size() == columns_.size();
    for (std::size_t i = 0; i + (whole ? 0 : 1) < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool spills = i + 1 == cells.size() && cells.size() < columns_.size();
      const std::string blanks(widths[i] - std::min(cells[i].size(), widths[i]), ' ');
      if (i > 0) text += "  ";
      text += columns_[i].align == Align::right && !spills ? blanks + cells[i] : cells[i] + blanks;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  };
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  line(titles);
  for (const auto& row : rows_) line(row);
}

}  // namespace troupe::tools
