// troupe: actors in processes. Apache-2.0, see LICENSE.
// The parts of a node of a World that stand in the place of threads.
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/executor.hpp>
#include <troupe/node/parker.hpp>
#include <troupe/testing/simulation.hpp>

namespace troupe::detail {

namespace {

class SimulatedLoop final : public Loop {
 public:
  SimulatedLoop(Simulation& simulation, Stand& stand) : simulation_{simulation}, stand_{stand} {}

  void set_inbox(int) override {}
  void watch(int descriptor, std::function<void()> ready) override { stand_.watched[descriptor] = std::move(ready); }
  void unwatch(int descriptor) override { stand_.watched.erase(descriptor); }
  void wake() noexcept override { stand_.woken = true; }
  void run(const std::function<void()>&) override { throw Misuse{"a node of a World has no thread"}; }
  void start_thread() override {}
  void stop() override {}
  void leave() noexcept override {}
  bool wait(FutureState& state, TimePoint until) override {
    return simulation_.drive([&] { return state.settled(); }, until);
  }
  void sleep(Parker& parker, TimePoint until) override {
    (void)simulation_.drive([&] { return parker.take_wake(); }, until);
  }
  void drain_now() override {
    stand_.client->drain();
    stand_.client->acknowledge();
  }
  void schedule(LocalCell& cell) override { stand_.ready.push_back(&cell); }
  void watch_turns() override {}

 private:
  Simulation& simulation_;
  Stand& stand_;
};

class SimulatedExecutor final : public Executor {
 public:
  explicit SimulatedExecutor(Stand& stand) : stand_{stand} {}
  void schedule(LocalCell& cell) override { stand_.ready.push_back(&cell); }
  void begin_blocking() override {}
  void end_blocking() noexcept override {}
  void stop() override {}
  bool look_for_stuck() override { return false; }
  [[nodiscard]] ExecutorUse use() const override { return {1, 0}; }

 private:
  Stand& stand_;
};

class SimulatedSurroundings final : public Surroundings {
 public:
  SimulatedSurroundings(Simulation& simulation, Stand& stand) : simulation_{simulation}, stand_{stand} {}
  [[nodiscard]] const Clock& clock() const noexcept override { return simulation_.clock(); }
  [[nodiscard]] std::uint64_t random_number() override {
    const std::uint64_t number = simulation_.random();
    return number == 0 ? 1 : number;
  }
  [[nodiscard]] std::shared_ptr<Transport> make_transport() override { return simulation_.network().transport_for(stand_); }
  [[nodiscard]] std::unique_ptr<Loop> make_loop(LoopClient& client, Timers& timers) override {
    stand_.client = &client;
    stand_.timers = &timers;
    return std::make_unique<SimulatedLoop>(simulation_, stand_);
  }
  [[nodiscard]] std::unique_ptr<Executor> make_executor(const NodeOptions&, std::function<void()>) override {
    return std::make_unique<SimulatedExecutor>(stand_);
  }
  [[nodiscard]] std::function<void()> callback_waits() override {
    return [&stand = stand_] { ++stand.callbacks; };
  }
  [[nodiscard]] bool has_processes() const noexcept override { return false; }

 private:
  Simulation& simulation_;
  Stand& stand_;
};

}  // namespace

std::unique_ptr<Surroundings> simulated_surroundings(Simulation& simulation, Stand& stand) {
  return std::make_unique<SimulatedSurroundings>(simulation, stand);
}

}  // namespace troupe::detail
