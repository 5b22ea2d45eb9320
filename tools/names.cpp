// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>
#include <system_error>

#include <troupe/node/cell.hpp>
#include <troupe/cluster/name_file.hpp>
#include <troupe/node/runtime_directory.hpp>
#include <troupe/node/seat.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::tools {

using namespace troupe;
using namespace troupe::detail;

namespace {

using Content = std::vector<std::byte>;

std::map<std::string, Content> read_names() {
  std::map<std::string, Content> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{runtime_directory(), error}, end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != ".name") continue;
    const std::string name = entry->path().stem().string();
    try {
      names[name] = NameFile::read(name);
    } catch (const Error&) {
      continue;  // nobody has it any more, or it is none of ours
    }
  }
  return names;
}

/// The actor of `node` that `handle` names; 0: none. Whatever the handle is of, it holds an address, as FORMAT.md has it.
std::uint64_t actor_in(const Content& handle, const NodeFacts& node) {
  std::array<std::byte, sizeof(NodeId) + sizeof(std::uint64_t)> begin{};
  std::memcpy(begin.data(), &node.node, sizeof node.node);
  std::memcpy(begin.data() + sizeof node.node, &node.incarnation, sizeof node.incarnation);
  const auto at = std::search(handle.begin(), handle.end(), begin.begin(), begin.end());
  std::uint64_t actor = 0;
  if (handle.end() - at < static_cast<std::ptrdiff_t>(begin.size() + sizeof actor)) return 0;
  std::memcpy(&actor, &*at + begin.size(), sizeof actor);
  return actor;
}

}  // namespace

std::multimap<ActorKey, std::string> published_names(const std::vector<Answer>& answers) {
  std::multimap<ActorKey, std::string> names;
  for (const auto& [name, handle] : read_names())
    for (const Answer& answer : answers) {
      if (!answer.report) continue;
      const std::uint64_t actor = actor_in(handle, answer.report->facts);
      if (actor == 0) continue;
      ActorKey key{answer.node.id, actor};
      for (const SeatLine& seat : answer.report->seats)
        if ((seat.number | seat_bit) == actor) key = {seat.place, seat.actor};
      names.emplace(key, name);
    }
  return names;
}

}  // namespace troupe::tools
