// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/zmq_link.hpp"

#include "transports/descriptors.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace troupe::detail {

namespace {

// By its path: the descriptor is libzmq's, which may close it at any time, and then its number is somebody else's.
std::uint64_t inode_of(int descriptor) {
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

// Of a connection with little under way the pauses between tries do not double at first: on a line that loses a fifth of all packets,
// six doublings are longer than `dead_after`. See "Thin-streams and TCP" in Linux's documentation. Another socket's number, or another
// kind of socket, is no harm.
void try_steadily(int descriptor) {
  const int on = 1;
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, &on, sizeof on);
}

ZmqSocket make_dealer(const std::string& endpoint) {
  require_descriptors("dialling " + endpoint);
  return ZmqSocket::dealer();
}

}  // namespace

ZmqLink::ZmqLink(const std::string& endpoint, const CurveKeys* keys) : dealer_{make_dealer(endpoint)}, reports_{dealer_.watch()} {
  try {
    dealer_.connect(endpoint, keys);
  } catch (...) {
    dealer_.unwatch();
    throw;
  }
}

ZmqLink::~ZmqLink() { dealer_.unwatch(); }

LinkEvent ZmqLink::pump() {
  while (const auto event = reports_.next_event()) {
    if (state_ == State::ended) continue;
    if (event->news == ZmqNews::connected) {
      reached_ = true;
      try_steadily(event->descriptor);
      inode_ = inode_of(event->descriptor);
      connection_ = event->descriptor;
    } else if (event->news == ZmqNews::opened) {
      state_ = State::open;
      return LinkEvent::opened;
    } else {
      connection_ = -1;
      state_ = State::ended;
      return LinkEvent::ended;
    }
  }
  return LinkEvent::none;
}

bool ZmqLink::publish(const Block& frame) { return state_ == State::open && dealer_.send(frame); }

void ZmqLink::cut() {
  const int descriptor = connection_;
  const std::uint64_t inode = inode_;
  if (descriptor >= 0 && inode != 0 && inode_of(descriptor) == inode) shutdown(descriptor, SHUT_RDWR);
}

}  // namespace troupe::detail
