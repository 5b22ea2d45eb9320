// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/descriptors.hpp"

#include <troupe/wire/error.hpp>

#include <algorithm>
#include <array>
#include <string>

#include <poll.h>
#include <sys/resource.h>

namespace troupe::detail {

void require_descriptors(std::string_view what) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  // poll says POLLNVAL for a descriptor that isn't open: counting this way takes none, not even for a moment.
  constexpr int step = 64;
  const int end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
  int free = 0;
  for (int first = 0; first < end; first += step) {
    std::array<pollfd, step> some{};
    const int count = std::min(step, end - first);
    for (int i = 0; i < count; ++i) some[static_cast<std::size_t>(i)] = {first + i, 0, 0};
    poll(some.data(), static_cast<nfds_t>(count), 0);
    free +=
        static_cast<int>(std::count_if(some.begin(), some.begin() + count, [](const pollfd& p) { return (p.revents & POLLNVAL) != 0; }));
    if (free > descriptor_reserve) return;
  }
  raise(ErrorType::refused, std::string{what} + " refused: only " + std::to_string(free) + " of " + std::to_string(end) +
                                " descriptors are free; raise the limit (ulimit -n)");
}

}  // namespace troupe::detail
