// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/output.hpp"

#include <algorithm>

namespace troupe::tools {

bool Output::pending() {
  return !sink_.broken &&
         (sink_.pending() || std::any_of(streams_.begin(), streams_.end(), [](const Stream& stream) { return stream.ready(); }));
}

pollfd Output::wanted() { return {pending() ? sink_.target : -1, POLLOUT, 0}; }

void Output::write(const pollfd& polled) {
  if (sink_.broken)
    for (Stream& stream : streams_) stream.drop_ready();
  if (polled.revents == 0 || !pending()) return;
  if (!sink_.pending()) {
    // The stream whose line is open goes first, then whoever waits longest.
    auto next = streams_.end();
    for (auto stream = streams_.begin(); stream != streams_.end(); ++stream)
      if (stream->ready() && (next == streams_.end() || sink_.in_line_of(*stream))) next = stream;
    sink_.take(*next);
    streams_.splice(streams_.end(), streams_, next);
  }
  sink_.write();
}

}  // namespace troupe::tools
