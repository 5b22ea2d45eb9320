// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/owner.hpp>

#include <string>

#include <troupe/node/clock.hpp>
#include <troupe/node/core.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

void wait_for_others(FutureState& state, std::string_view what, std::string_view name) {
  const NodeCore& node = state.node();
  const Duration patience = node.options().say_waiting_after;
  if (wait_for(state, after(node.clock().now(), patience))) return;
  const auto seconds = std::chrono::duration<double>{patience}.count();
  std::string text = std::to_string(seconds);
  text.resize(text.find('.') + 2);
  log(LogLevel::info, "for " + text + " s a thread has waited " + std::string{what} + " '" + std::string{name} + "', and goes on waiting");
  (void)wait_for(state, TimePoint::max());
}

void raise_no_owner(std::string_view what) {
  throw Misuse{"this " + std::string{what} + " is empty: it was default constructed or moved from"};
}

bool done_unless(ErrorType expected, const Result<void>& result) {
  if (!result && result.error().type != expected) raise(result.error_info());
  return result.has_value();
}

}  // namespace troupe::detail
