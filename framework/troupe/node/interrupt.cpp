// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/interrupt.hpp>

#include <signal.h>

#include <memory>
#include <string>
#include <thread>

#include <troupe/node/children.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {

[[noreturn]] void end_now(NodeCore& node, int signal) {
  node.leave_hosts();
  node.names().interrupt();
  node.children().end_all();
  node.sweep();
  flush_log(std::chrono::milliseconds{200});
  node.remove_endpoint();
  raise_default(signal);
  std::_Exit(128 + signal);
}

void drain_and_end(NodeCore& node, int signal) {
  const TimePoint until = after(node.clock().now(), node.options().linger);
  for (const StillBusy& each : node.draining().run(Drain::Refusal::wait, until).busy)
    log(LogLevel::warning, "terminated: " + each.who + " (pid " + std::to_string(each.pid) + ") has not finished: " + each.why);
  node.interrupt();
  node.children().close(until);
  end_now(node, signal);
}

}  // namespace

void watch_interrupts(NodeCore& node) {
  node.signals = std::make_unique<SignalWatch>();
  const int descriptor = node.signals->descriptor();
  if (descriptor < 0) return;
  node.loop().watch(descriptor, [&node, draining = false]() mutable {
    const auto signal = node.signals->take();
    if (!signal) return;
    if (*signal == SIGTERM && !draining) {
      draining = true;
      log(LogLevel::info, "terminated: finishing what was begun; once more ends at once");
      quiet_thread([&node] { drain_and_end(node, SIGTERM); }).detach();
      return;
    }
    node.interrupt();
    log(LogLevel::info, *signal == SIGINT ? "interrupted: ending all processes" : "terminated: ending all processes");
    end_now(node, *signal);
  });
}

}  // namespace troupe::detail
