// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/descriptor.hpp>

#include <unistd.h>

#include <cerrno>

namespace troupe::detail {

void Descriptor::close() noexcept {
  if (number_ < 0) return;
  const int saved = errno;
  ::close(std::exchange(number_, -1));  // EINTR: on Linux it is closed all the same
  errno = saved;
}

}  // namespace troupe::detail
