// troupe: actors in processes. Apache-2.0, see LICENSE.
// How the owner of a pattern begins, what its handles have in common, and how those wait who use it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <troupe/actor/future.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/actor/spawn.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/node.hpp>

namespace troupe {

struct PatternOptions {
  /// For people: in errors, and in the line about a call that waits for long.
  std::string name = {};
  /// Where the owner lives.
  Place place = here;
};

namespace detail {

/// Starts an owner: it is nobody's child, also when an actor makes it, and lives until its node's end.
template <class A, class... Args>
Ref<A> spawn_owner(Node& node, Place place, Args&&... args) {
  const ContextScope outside_of_actors{&node.core(), nullptr};
  return node.spawn<A>(place, std::forward<Args>(args)...);
}

/// Waits for other people's work: without end, but after `NodeOptions::say_waiting_after` a line says what for.
void wait_for_others(FutureState& state, std::string_view what, std::string_view name);
template <class R>
[[nodiscard]] Future<R> waited(Future<R> asked, std::string_view what, std::string_view name) {
  wait_for_others(asked.shared_state(), what, name);
  return asked;
}

[[noreturn]] void raise_no_owner(std::string_view what);
/// Whether it went well. @throws the error, unless it is of the expected type
bool done_unless(ErrorType expected, const Result<void>& result);

/// What a handle is: the ref of an owner. Copied, sent, compared; empty when default constructed.
template <class Owner>
class OwnerHandle {
 public:
  explicit operator bool() const noexcept { return static_cast<bool>(owner_); }
  friend bool operator==(const OwnerHandle& left, const OwnerHandle& right) { return left.owner_ == right.owner_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Ends the owner: every later call throws Closed.
  void destroy() const { owner().stop(); }
  [[nodiscard]] const CellPointer& troupe_owner() const { return owner().pointer(); }

  template <class Archive>
  void save(Archive& archive) const {
    archive(owner_, name_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(owner_, name_);
  }

 protected:
  OwnerHandle() noexcept = default;
  OwnerHandle(Ref<Owner> owner, std::string name) : owner_{std::move(owner)}, name_{std::move(name)} {}
  /// @throws Misuse  the handle is empty
  [[nodiscard]] const Ref<Owner>& owner() const {
    if (!owner_) raise_no_owner("handle");
    return owner_;
  }

 private:
  Ref<Owner> owner_;
  std::string name_;
};

}  // namespace detail
}  // namespace troupe
