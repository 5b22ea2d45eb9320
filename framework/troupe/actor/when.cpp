// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/when.hpp>

#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

class Part final : public Continuation {
 public:
  Part(std::shared_ptr<Gathering> gathering, std::size_t number) : gathering_{std::move(gathering)}, number_{number} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override { gathering_->settled(number_, state); }
  void call(FutureState&) override {}
  [[nodiscard]] bool spent() const noexcept override { return gathering_->over(); }

 private:
  const std::shared_ptr<Gathering> gathering_;
  const std::size_t number_;
};

}  // namespace

GatherAny::GatherAny() : result_{Counted<TypedState<std::size_t>>::adopt(TypedState<std::size_t>::make(promising_node()))} {}

void gather(FutureState& state, std::shared_ptr<Gathering> gathering, std::size_t number) {
  state.attach(std::make_unique<Part>(std::move(gathering), number));
}

void raise_nothing_to_await() { throw Misuse{"none of no futures can be the first"}; }

}  // namespace troupe::detail
