// troupe: actors in processes. Apache-2.0, see LICENSE.
// Says one thing to an owner without waiting for room.
#pragma once

#include <utility>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/actor/spawn.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

/// Does not keep who wants it said: from an outbox that outlives it, and without a dead letter if the owner has ended.
template <class Owner, class M>
class Messenger final : public Actor<Messenger<Owner, M>, M> {
 public:
  Messenger(Ref<Owner> to, M message) : to_{std::move(to)}, message_{std::move(message)} {}
  void on(const M&) {}

 private:
  void on_start() override {
    (void)to_.ask(std::move(message_));
    this->stop();
  }
  const Ref<Owner> to_;
  M message_;
};

/// From wherever: the thread that reads the inbox, a destructor. @throws Closed  the node is ending
template <class Owner, class M>
void send_messenger(const Ref<Owner>& owner, const M& message) {
  NodeCore& node = owner.pointer()->node();
  const ContextScope outside_of_actors{&node, nullptr};
  auto make = [&] { return make_actor<Messenger<Owner, M>>(owner, message); };
  ConstructionOf<Messenger<Owner, M>, decltype(make)> construction{make};
  (void)spawn_here(node, behaviour_of<Messenger<Owner, M>>(), construction);
}

}  // namespace troupe::detail
