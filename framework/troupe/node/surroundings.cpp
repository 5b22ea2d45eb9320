// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/surroundings.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/executor.hpp>
#include <troupe/node/random.hpp>
#include <troupe/node/thread_loop.hpp>
#include <troupe/transport/transport.hpp>

namespace troupe::detail {

namespace {

class RealSurroundings final : public Surroundings {
 public:
  [[nodiscard]] const Clock& clock() const noexcept override { return Clock::steady(); }
  [[nodiscard]] std::uint64_t random_number() override { return detail::random_number(); }
  [[nodiscard]] std::shared_ptr<Transport> make_transport() override { return default_transports(); }
  [[nodiscard]] std::unique_ptr<Loop> make_loop(LoopClient& client, Timers& timers) override {
    return std::make_unique<ThreadLoop>(client, timers, clock());
  }
  [[nodiscard]] std::unique_ptr<Executor> make_executor(const NodeOptions& options, std::function<void()> watch) override {
    ExecutorOptions of;
    of.threads = options.threads != 0 ? options.threads : std::max<std::size_t>(usable_cores(), 2);
    of.max_blocked = options.max_blocked_handlers;
    return std::make_unique<ThreadExecutor>(of, std::move(watch));
  }
  [[nodiscard]] std::function<void()> callback_waits() override { return {}; }
  [[nodiscard]] bool has_processes() const noexcept override { return true; }
};

}  // namespace

std::unique_ptr<Surroundings> real_surroundings() { return std::make_unique<RealSurroundings>(); }

}  // namespace troupe::detail
