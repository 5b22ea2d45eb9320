// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/supervisor.hpp>

#include <exception>
#include <optional>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe {

namespace detail {

namespace {

struct Begun {
  explicit Begun(NodeCore& node) : done{Counted<TypedState<void>>::adopt(TypedState<void>::make(node))} {}
  const Counted<TypedState<void>> done;
  CellPointer cell;
  std::exception_ptr failure;
};

// Whose child the calling thread is making just now.
thread_local const LocalCell* beginning = nullptr;

/// Answers also when the supervisor ends before its turn comes.
class BeginJob final : public Job {
 public:
  BeginJob(std::shared_ptr<Begun> begun, std::shared_ptr<const ChildRecipe> spec) : begun_{std::move(begun)}, spec_{std::move(spec)} {}
  void run(LocalCell& cell) override {
    const LocalCell* const before = std::exchange(beginning, &cell);
    try {
      begun_->cell = static_cast<SupervisorActor*>(cell.actor())->begin_child(spec_);
    } catch (...) {
      begun_->failure = std::current_exception();
    }
    beginning = before;
    begun_->done->fulfil(std::monostate{});
  }
  void dispose() noexcept override {
    begun_->done->fail(make_error(ErrorType::closed, "the supervisor has ended: nothing was started"));
    delete this;
  }

 private:
  const std::shared_ptr<Begun> begun_;
  const std::shared_ptr<const ChildRecipe> spec_;
};

}  // namespace

CellPointer spawn_child(LocalCell& cell, std::shared_ptr<const ChildRecipe> spec) {
  if (context().cell == nullptr && cell.node().draining().refuses(spec->name)) cell.node().draining().refuse();
  if (beginning == &cell) throw Misuse{"a child's constructor cannot use its own supervisor, which waits for that constructor"};
  const auto begun = std::make_shared<Begun>(cell.node());
  cell.post(std::make_unique<BeginJob>(begun, std::move(spec)));
  cell.node().wait(*begun->done, TimePoint::max());
  (void)begun->done->take();
  if (begun->failure) std::rethrow_exception(begun->failure);
  return begun->cell;
}

}  // namespace detail

Supervisor::Supervisor(Node& node, const SupervisorOptions& options) : restarts_{std::make_shared<std::atomic<std::uint64_t>>(0)} {
  if (options.within < Duration::zero() || options.backoff < Duration::zero() || options.max_backoff < Duration::zero())
    throw Misuse{"a supervisor's period or pause is negative"};
  const auto ref = node.spawn<detail::SupervisorActor>(options, restarts_, std::optional<detail::SupervisorAbove>{});
  cell_ = detail::Counted<detail::LocalCell>{static_cast<detail::LocalCell*>(ref.pointer().get())};
}

Supervisor Supervisor::spawn_supervisor(const SupervisorOptions& options, const ChildOptions& child) {
  Supervisor nested;
  nested.restarts_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  auto spec = std::make_shared<detail::ChildRecipe>();
  spec->name = "supervisor";
  spec->options = child;
  spec->nested = options;
  spec->restarts = nested.restarts_;
  const auto cell = begin(std::move(spec));
  nested.cell_ = detail::Counted<detail::LocalCell>{static_cast<detail::LocalCell*>(cell.get())};
  return nested;
}

detail::CellPointer Supervisor::begin(std::shared_ptr<const detail::ChildRecipe> spec) const {
  return detail::spawn_child(*cell_, std::move(spec));
}

void Supervisor::end_child(const detail::CellPointer& child) const {
  if (!child) detail::raise_null_ref();
  detail::post_to_supervisor(*cell_, [address = child->address()](detail::SupervisorActor& supervisor) { supervisor.end_child(address); });
}

void Supervisor::stop() const { cell_->end(nullptr); }

}  // namespace troupe
