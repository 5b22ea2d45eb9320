// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who takes part in the cases of directory_conformance.hpp: two nodes that share names, and actors that publish, watch and are slow.
#pragma once

#include "actor/stage.hpp"

#include <unistd.h>

#include <algorithm>
#include <future>
#include <iostream>
#include <set>

namespace conformance {

struct Add {
  int by = 0;
};
struct Get {};
class Sum : public troupe::Actor<Sum, Add, Get> {
 public:
  void on(const Add& add) { sum_ += add.by; }
  int on(const Get&) const { return sum_; }

 private:
  int sum_ = 0;
};

/// Two nodes, as two programs or hosts have them, that share a directory.
template <class Engine>
class Meeting {
 public:
  Meeting() : one{Where::here, engine_.options()}, other{std::in_place, Where::here, engine_.options()} {
    engine_.join(one.node, other->node);
  }

 private:
  Engine engine_;

 public:
  Stage one;
  std::optional<Stage> other;
};

/// ctest shows the test as skipped.
template <class Engine>
bool skipped() {
  const std::string missing = Engine::missing();
  if (!missing.empty()) std::cout << "skipped: " << missing << std::endl;
  return !missing.empty();
}

/// A name that no other test process has.
inline std::string own_name(const std::string& end) { return "conformance." + std::to_string(::getpid()) + '.' + end; }

inline bool is_free(troupe::Node& node, const std::string& name) {
  try {
    (void)node.find<Sum>(name);
  } catch (const troupe::NotFound&) {
    return true;
  } catch (const troupe::Malformed&) {  // somebody's, of another type
  }
  return false;
}

struct Take {
  std::string name;
};
struct GiveBack {
  std::string name;
};
/// When a name was had, by a clock that all processes share.
struct Had {
  std::int64_t from = 0;
  std::int64_t to = 0;
};
struct Race {
  std::string name;
  std::size_t times = 0;  // that it is to be had
};
/// By a process that it starts.
struct TakeBelow {
  std::string name;
};
/// In a process of its own.
class Guest : public troupe::Actor<Guest, Take, GiveBack, Race, TakeBelow, Get> {
 public:
  bool on(const TakeBelow& take) { return node().spawn<Guest>(troupe::own_process).ask(Take{take.name}).get(); }
  bool on(const Take& take) { return takes(take.name); }
  void on(const GiveBack& back) { node().unpublish(back.name); }
  std::vector<Had> on(const Race& race) {
    std::vector<Had> had;
    while (had.size() < race.times) {
      if (!takes(race.name)) continue;
      const auto from = now();
      had.push_back({from, now()});
      node().unpublish(race.name);
    }
    return had;
  }
  int on(const Get&) const { return static_cast<int>(::getpid()); }

 private:
  static std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
  bool takes(const std::string& name) {
    try {
      node().publish(name, self());
      return true;
    } catch (const troupe::Refused&) {
      return false;
    }
  }
};

/// Has its name from the first moment on.
class Eager : public troupe::Actor<Eager, Get> {
 public:
  explicit Eager(const std::string& name) { node().publish(name, self()); }
  int on(const Get&) const { return static_cast<int>(::getpid()); }
};

struct Heard {};
/// Notes what it is told of names.
class Herald : public troupe::Actor<Herald, troupe::NameUp, troupe::NameDown, Heard> {
 public:
  void on(const troupe::NameUp& up) { heard_.push_back("+" + up.name); }
  void on(const troupe::NameDown& down) { heard_.push_back("-" + down.name); }
  std::vector<std::string> on(const Heard&) const { return heard_; }

 private:
  std::vector<std::string> heard_;
};

inline bool hears(const troupe::Ref<Herald>& herald, const std::vector<std::string>& wanted) {
  std::vector<std::string> heard;
  const bool came = eventually([&] {
    heard = herald.ask(Heard{}).get();
    return heard == wanted;
  });
  if (!came)
    for (const auto& each : heard) UNSCOPED_INFO("heard " << each);
  return came;
}

/// Keeps the first that it is told until the gate opens.
class Slow : public troupe::Actor<Slow, troupe::NameUp, troupe::NameDown, Heard> {
 public:
  explicit Slow(std::shared_future<void> gate) : gate_{std::move(gate)} {}
  void on(const troupe::NameUp& up) {
    gate_.wait();
    there_.insert(up.name);
    ++told_;
  }
  void on(const troupe::NameDown& down) {
    there_.erase(down.name);
    ++told_;
  }
  std::pair<std::set<std::string>, int> on(const Heard&) const { return {there_, told_}; }

 private:
  const std::shared_future<void> gate_;
  std::set<std::string> there_;
  int told_ = 0;
};

}  // namespace conformance
