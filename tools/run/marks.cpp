// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/marks.hpp"

#include <algorithm>

namespace troupe::tools {

Marks::Found Marks::take(std::string_view piece) {
  kept_ += piece;
  Found found;
  std::size_t at = 0;
  for (;;) {
    const std::size_t begin = std::min(kept_.find('\2', at), kept_.size());
    found.text.append(kept_, at, begin - at);
    at = begin;
    if (at == kept_.size()) break;
    const std::string_view rest = std::string_view{kept_}.substr(at);
    const std::size_t compared = std::min(rest.size(), opening_.size());
    const std::size_t end = rest.find('\3');
    const bool ours = rest.substr(0, compared) == std::string_view{opening_}.substr(0, compared);
    if (ours && end != rest.npos && end >= opening_.size()) {
      found.marks.emplace_back(rest.substr(opening_.size(), end - opening_.size()));
      at += end + 1;
      continue;
    }
    if (ours && end == rest.npos && rest.size() < max_mark_bytes) break;  // the rest of it is to come
    found.text += '\2';
    ++at;
  }
  kept_.erase(0, at);
  return found;
}

}  // namespace troupe::tools
