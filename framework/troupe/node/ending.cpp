// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/ending.hpp>

namespace troupe {

std::string_view to_string(Exit reason) noexcept {
  switch (reason) {
    case Exit::normal:
      return "normal";
    case Exit::failed:
      return "failed";
    case Exit::killed:
      return "killed";
    case Exit::unreachable:
      return "unreachable";
    case Exit::gone:
      break;
  }
  return "gone";
}

namespace detail {

Ending long_gone(const std::string& who) {
  return {Exit::gone, make_error(ErrorType::closed, who + " ended, and nobody knows how any more")};
}

Ending ending_of(const ErrorInfo& reason) {
  if (reason.code == Errc::closed) return {Exit::normal, reason};
  if (reason.code == Errc::unreachable) return {Exit::unreachable, reason};
  if (reason.signal) return {Exit::killed, reason};
  if (reason.exit_code || reason.cause != nullptr) return {Exit::failed, reason};
  return {Exit::gone, reason};
}

}  // namespace detail
}  // namespace troupe
