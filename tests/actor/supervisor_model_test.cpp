// troupe: actors in processes. Apache-2.0, see LICENSE.
// Random histories of ends against a model of the rules of restarting.
#include "stage.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <sstream>
#include <stdexcept>

using namespace troupe;

namespace {

constexpr std::size_t most_children = 5;
std::array<std::atomic<int>, most_children> begun;  // how often each was made

struct Ping {};
struct Fail {};
struct Leave {};
class Child : public Actor<Child, Ping, Fail, Leave> {
 public:
  explicit Child(std::size_t number) : life_{++begun.at(number)} {}
  int on(const Ping&) const { return life_; }
  void on(const Fail&) const { throw std::runtime_error{"as told"}; }
  void on(const Leave&) { stop(); }

 private:
  const int life_;
};

enum class End { fail, leave, kill };

// What the documentation says, in a dozen lines.
struct Model {
  struct Actor {
    Restart restart;
    int lives = 1;
    bool living = true;
  };
  Strategy strategy;
  unsigned max_restarts;
  std::vector<Actor> actors;
  unsigned restarts = 0;

  void end(std::size_t which, End how) {
    Actor& actor = actors.at(which);
    if (!actor.living) return;
    if (actor.restart == temporary || (actor.restart == transient && how == End::leave)) {
      actor.living = false;
      return;
    }
    if (restarts == max_restarts) {
      for (Actor& each : actors) each.living = false;
      return;
    }
    ++restarts;
    for (std::size_t i = 0; i < actors.size(); ++i) {
      const bool affected = i == which || strategy == one_for_all || (strategy == rest_for_one && i > which);
      Actor& other = actors.at(i);
      if (!affected || !other.living) continue;
      if (other.restart == temporary) {
        other.living = false;
      } else {
        ++other.lives;
      }
    }
  }
};

bool agrees(const Model& model, const std::vector<Ref<Child>>& children, const Supervisor& supervisor) {
  if (supervisor.restarts() != model.restarts) return false;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const auto answer = children.at(i).ask(Ping{}).result();
    if (answer.has_value() != model.actors.at(i).living) return false;
    if (answer && *answer != model.actors.at(i).lives) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("500 random histories of ends go as the rules of restarting say") {
  CapturedLog log;
  Stage stage;
  const unsigned first_seed = std::random_device{}();
  for (unsigned history = 0; history < 500; ++history) {
    const unsigned seed = first_seed + history;
    CAPTURE(seed);
    std::minstd_rand random{seed};
    const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    for (auto& each : begun) each = 0;
    Model model{static_cast<Strategy>(draw(3)), static_cast<unsigned>(draw(6)), {}};
    Supervisor supervisor{stage.node,
                          {.strategy = model.strategy, .max_restarts = model.max_restarts, .within = 1h, .backoff = Duration::zero()}};
    std::vector<Ref<Child>> children;
    std::ostringstream told;
    told << "strategy " << static_cast<int>(model.strategy) << ", " << model.max_restarts << " restarts, children";
    for (std::size_t i = 1 + draw(most_children); i > 0; --i) {
      const auto restart = static_cast<Restart>(draw(3));
      model.actors.push_back({restart});
      told << ' ' << static_cast<int>(restart);
      children.push_back(supervisor.spawn<Child>({.restart = restart}, here, children.size()));
    }
    for (int event = 0; event < 8; ++event) {
      const std::size_t which = draw(children.size());
      const auto how = static_cast<End>(draw(3));
      told << ", " << which << (how == End::fail ? " fails" : how == End::leave ? " leaves" : " is killed");
      CAPTURE(told.str());
      if (how == End::fail) children.at(which).tell(Fail{});
      if (how == End::leave) children.at(which).tell(Leave{});
      if (how == End::kill) children.at(which).kill();
      model.end(which, how);
      REQUIRE(eventually([&] { return agrees(model, children, supervisor); }));
    }
    supervisor.stop();
  }
}
