// troupe: actors in processes. Apache-2.0, see LICENSE.
// Actors that tell, ask and watch each other across five nodes of a World, and the model of what they may see.
#pragma once

#include <troupe/testing.hpp>
#include <troupe/troupe.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace simulation {

/// One life of one peer.
using Life = int;
using Pair = std::pair<Life, Life>;

/// What was done and what was seen. One thread.
class Model {
 public:
  void told(Life from, Life to, int number) { told_[{from, to}].push_back(number); }
  void handled(Life from, Life to, int number) {
    auto& seen = handled_[{from, to}];
    if (!seen.empty() && number <= seen.back())
      wrong(from, to, "number " + std::to_string(number) + " came after " + std::to_string(seen.back()));
    seen.push_back(number);
  }
  /// @param surely  it has the time to be answered
  int asks(Life from, Life to, bool surely = true) {
    asks_.push_back({from, to, surely});
    return static_cast<int>(asks_.size()) - 1;
  }
  /// From now on living nodes answer each other, whatever was before.
  void healed() { healed_ = asks_.size(); }
  void answered(int ask, bool value) {
    Ask& of = asks_[static_cast<std::size_t>(ask)];
    if (++of.ended > 1) wrong(of.from, of.to, "an ask ended twice");
    of.value = value;
  }
  void watches(Life watcher, Life of) { ++watches_[{watcher, of}]; }
  void down(Life watcher, Life of) {
    if (++downs_[{watcher, of}] > watches_[{watcher, of}]) wrong(watcher, of, "more Downs than watches");
  }

  /// What must hold when all is quiet. @param alive  of a life; @param whole  nothing between living ones may be lost
  template <class Alive>
  std::vector<std::string> faults(Alive alive, bool whole) {
    for (const auto& [pair, numbers] : told_) {
      const auto& [from, to] = pair;
      const auto& seen = handled_[pair];
      if (seen.size() > numbers.size()) wrong(from, to, "more came than was told");
      if (whole && alive(from) && alive(to) && seen != numbers)
        wrong(from, to, std::to_string(seen.size()) + " of " + std::to_string(numbers.size()) + " came");
    }
    for (std::size_t i = 0; i < asks_.size(); ++i) {
      const Ask& ask = asks_[i];
      if (!alive(ask.from)) continue;
      if (ask.ended == 0) wrong(ask.from, ask.to, "an ask never ended");
      if ((whole || i >= healed_) && alive(ask.to) && ask.surely && !ask.value)
        wrong(ask.from, ask.to, "an ask between living nodes failed");
    }
    for (const auto& [pair, watches] : watches_) {
      const auto& [watcher, of] = pair;
      if (!alive(watcher)) continue;
      if (!alive(of) && downs_[pair] != watches)
        wrong(watcher, of, std::to_string(downs_[pair]) + " Downs for " + std::to_string(watches) + " watches of a dead one");
      if (whole && alive(of) && downs_[pair] != 0) wrong(watcher, of, "a Down of a living one");
    }
    return wrong_;
  }

 private:
  struct Ask {
    Life from;
    Life to;
    bool surely = true;
    int ended = 0;
    bool value = false;
  };
  void wrong(Life from, Life to, const std::string& what) {
    wrong_.push_back(std::to_string(from) + " -> " + std::to_string(to) + ": " + what);
  }

  std::map<Pair, std::vector<int>> told_;
  std::map<Pair, std::vector<int>> handled_;
  std::vector<Ask> asks_;
  std::size_t healed_ = SIZE_MAX;
  std::map<Pair, int> watches_;
  std::map<Pair, int> downs_;
  std::vector<std::string> wrong_;
};

class Peer;
struct Item {
  Life from = 0;
  int number = 0;
  std::string ballast;
};
struct Question {
  int number = 0;
};
struct Meet {
  Life life = 0;
  troupe::Ref<Peer> ref;
};
struct TellMany {
  Life to = 0;
  int count = 0;
  int bytes = 0;
};
struct AskOne {
  Life to = 0;
};
struct AwaitOne {
  Life to = 0;
};
struct WatchOne {
  Life to = 0;
};
/// Asks, and waits in the handler.
struct BlockOn {
  Life to = 0;
};

class Peer : public troupe::Actor<Peer, Item, Question, Meet, TellMany, AskOne, AwaitOne, BlockOn, WatchOne, troupe::Down> {
 public:
  Peer(Model& model, Life me) : model_{model}, me_{me} {}

  void on(const Item& item) { model_.handled(item.from, me_, item.number); }
  int on(const Question& question) const { return question.number + 1; }
  void on(const Meet& meet) { known_[meet.life] = meet.ref; }
  void on(const TellMany& tell) {
    for (int i = 0; i < tell.count; ++i) {
      model_.told(me_, tell.to, next_);
      known_.at(tell.to).tell(Item{me_, next_++, std::string(static_cast<std::size_t>(tell.bytes), 'x')}, 1h);
    }
  }
  void on(const AskOne& ask) {
    const int number = model_.asks(me_, ask.to);
    known_.at(ask.to).ask(Question{number}, 60s).then([this, number](const troupe::Result<int>& result) {
      model_.answered(number, result.has_value() && *result == number + 1);
    });
  }
  troupe::Task<void> on(AwaitOne ask) {
    const int number = model_.asks(me_, ask.to);
    bool value = false;
    try {
      value = co_await known_.at(ask.to).ask(Question{number}, 60s) == number + 1;
    } catch (const troupe::Error&) {
    }
    model_.answered(number, value);
  }
  void on(const BlockOn& ask) {
    const int number = model_.asks(me_, ask.to, false);
    const auto result = known_.at(ask.to).ask(Question{number}, 300ms).result();
    model_.answered(number, result.has_value() && *result == number + 1);
  }
  void on(const WatchOne& who) {
    model_.watches(me_, who.to);
    watch(known_.at(who.to));
  }
  void on(const troupe::Down& down) {
    for (const auto& [life, ref] : known_)
      if (down.is(ref)) return model_.down(me_, life);
  }

 private:
  Model& model_;
  const Life me_;
  int next_ = 0;
  std::map<Life, troupe::Ref<Peer>> known_;
};

}  // namespace simulation
