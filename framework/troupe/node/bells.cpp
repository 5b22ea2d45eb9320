// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/bells.hpp>

namespace troupe::detail {

namespace {

void ring(const std::shared_ptr<Bells>& bells) { bells->ring(); }
void ring(const Bell& bell) { bell->fulfil(std::monostate{}); }
bool rung(const std::shared_ptr<Bells>&) { return false; }
bool rung(const Bell& bell) { return bell->claimed(); }

/// Rings when a future ends, whatever it brings.
template <class Rings>
class RingWhenSettled final : public Continuation {
 public:
  explicit RingWhenSettled(Rings rings) noexcept : rings_{std::move(rings)} {}
  void settled(std::unique_ptr<Continuation>, FutureState&) override { ring(rings_); }
  void call(FutureState&) override {}
  [[nodiscard]] bool spent() const noexcept override { return rung(rings_); }

 private:
  const Rings rings_;
};

}  // namespace

void ring_when(FutureState& settled, const std::shared_ptr<Bells>& bells) {
  settled.attach(std::make_unique<RingWhenSettled<std::shared_ptr<Bells>>>(bells));
}

void ring_when(FutureState& settled, const Bell& bell) { settled.attach(std::make_unique<RingWhenSettled<Bell>>(bell)); }

}  // namespace troupe::detail
