// troupe: actors in processes. Apache-2.0, see LICENSE.
// What happens to names at etcd, while somebody wants to hear of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/cluster/name_listeners.hpp>
#include <troupe/etcd/lease.hpp>
#include <troupe/etcd/members.hpp>

namespace troupe::etcd::detail {

/// Reads all names, and from then on a stream of changes. A stream that breaks, or whose member does not answer other requests any more,
/// is opened anew at the next one, and all names are read again: so nothing is missed.
///
/// Threads: the loop's.
class NameStream {
 public:
  NameStream(HttpLoop& loop, Members& members, Lease& lease, std::string prefix);

  void await(const std::string& name, Promise<NameBytes> found);
  void listen(Directory::Since since, Promise<std::vector<NameChange>> changes);

 private:
  void begin();
  void read_all();
  void open(std::int64_t revision);
  void on_piece(std::string_view piece);
  void on_line(std::string_view line);
  void end();
  void look_after();

  HttpLoop& loop_;
  Members& members_;
  Lease& lease_;
  const std::string prefix_;
  troupe::detail::NameListeners listeners_;
  enum class State : std::uint8_t { idle, reading, open, pausing } state_ = State::idle;
  std::string member_;        // of the stream
  std::uint64_t stream_ = 0;  // its number
  TimePoint opened_{};
  bool begun_ = false;  // it has said so
  std::string unread_;  // the beginning of a line
};

}  // namespace troupe::etcd::detail
