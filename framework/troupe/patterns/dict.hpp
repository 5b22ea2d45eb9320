// troupe: actors in processes. Apache-2.0, see LICENSE.
// A dict shared by processes: keys and values at one owner actor, any number of Dict<K, V> handles.
#pragma once

#include <concepts>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/patterns/dict_owner.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/step.hpp>
#include <troupe/patterns/sum.hpp>
#include <troupe/wire/message.hpp>

namespace troupe {

/// A handle to keys and values that live in an actor of their own. Cheap to copy; may be an argument, a member, part of a message,
/// and a value of another dict: then that one holds the handle, and all see the same inner dict.
///
/// Every member is one step at the owner: nobody else's comes between. `counts["x"] -= 1` is one, too; `counts.set("x",
/// counts.get("x") - 1)` is two. Values come as copies: what they hold is changed in place by `update`.
///
/// Lifetime: until `destroy` or the end of the node that made it; the handle may outlive it. Then every member throws Closed, or
///           ActorDied if the owner's process died.
/// Threads:  safe. Members block until the owner has answered, for 30 s at most (Timeout); in a handler there are `get_async` and
///           `set_async`.
/// Empty (default constructed): every member throws Misuse.
template <class K, class V>
class Dict : public detail::OwnerHandle<detail::DictOwner<K, V>> {
  using Owner = detail::DictOwner<K, V>;
  using Handle = detail::OwnerHandle<Owner>;
  using Op = detail::DictOp;

 public:
  class Element;
  using Items = std::map<K, V>;

  Dict() noexcept = default;
  /// @throws Closed  the node is ending
  explicit Dict(Node& node, Items items = {}, PatternOptions options = {})
      : Handle{detail::spawn_owner<Owner>(node, options.place, std::move(items), options.name), std::move(options.name)} {
    detail::check_message<K>();
    detail::check_message<V>();
  }

  /// @throws NotFound  there is no such key
  V get(const K& key) const { return get_async(key).get(); }
  [[nodiscard]] V get(const K& key, V otherwise) const {
    auto found = find(key);
    return found ? std::move(*found) : std::move(otherwise);
  }
  [[nodiscard]] std::optional<V> find(const K& key) const { return this->owner().ask(detail::DictFind<K>{key}).get(); }
  [[nodiscard]] bool contains(const K& key) const { return ask<bool>(Op::contains, key); }
  /// Adds the value, or replaces the one that is there.
  void set(const K& key, const V& value) const { set_async(key, value).get(); }
  /// Adds the value unless there is one. @returns whether it was added
  bool insert(const K& key, const V& value) const { return ask<bool>(Op::insert, key, value); }
  /// @returns whether there was one
  bool erase(const K& key) const { return ask<bool>(Op::erase, key); }
  /// Takes the value out. @throws NotFound  there is no such key
  V pop(const K& key) const {
    auto popped = ask<std::optional<V>>(Op::pop, key);
    if (!popped) detail::raise(detail::no_such_key(this->name()));
    return std::move(*popped);
  }
  /// Replaces the value if it is `expected`. @returns whether
  bool compare_exchange(const K& key, const V& expected, const V& desired) const requires std::equality_comparable<V> {
    return ask<bool>(Op::compare_exchange, key, detail::StepOf<V, detail::ReplaceIfEqual<V>, V, V>::make(expected, desired));
  }

  /// Several of these may be under way: they are done in their order. For `co_await` too.
  /// @returns what `get` returns; ends as NotFound if there is no such key
  [[nodiscard]] Future<V> get_async(const K& key) const { return this->owner().ask(detail::DictGet<K>{key}); }
  [[nodiscard]] Future<void> set_async(const K& key, const V& value) const { return this->owner().ask(detail::DictSet<K, V>{key, value}); }

  // Several as one step:

  /// Those that are there.
  [[nodiscard]] Items get_many(const std::vector<K>& keys) const { return ask<Items>(Op::get_many, keys); }
  void set_many(const Items& items) const { merge(items); }
  /// Adds all; of a key that is there, the new value replaces the old one.
  void merge(const Items& items) const { (void)bring(Op::merge, items); }
  void merge(const Dict& other) const { merge(other.items()); }
  /// Everything, as it was at one moment.
  [[nodiscard]] Items items() const { return ask<Items>(Op::items); }
  [[nodiscard]] std::vector<K> keys() const { return ask<std::vector<K>>(Op::keys); }
  /// In the order of their keys.
  [[nodiscard]] std::vector<V> values() const { return ask<std::vector<V>>(Op::values); }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(ask<std::uint64_t>(Op::size)); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// @returns how many there were
  std::size_t clear() const { return static_cast<std::size_t>(ask<std::uint64_t>(Op::clear)); }

  /// Stands for the value of `key`, whether it is there or not.
  [[nodiscard]] Element operator[](K key) const { return Element{*this, std::move(key)}; }

  /// Replaces the value by `f(value, args...)`, or has `f` change it in place if it takes a `V&`. `f` runs in the owner's process,
  /// which must be the same program, and all others wait for it.
  /// @returns the new value; of an `f` that takes a `V&` what that returns
  /// @throws NotFound     there is no such key, or the owner's program does not have `f`; nothing was changed
  /// @throws RemoteError  `f` threw; what it had changed in place by then is changed
  template <auto f, class... Args>
  auto update(const K& key, Args&&... args) const {
    return step<detail::FunctionOf<f>, detail::Travelling<Args>...>(key, std::forward<Args>(args)...);
  }
  /// The same with a lambda that captures nothing.
  template <class F, class... Args>
  auto update(const K& key, F, Args&&... args) const {
    detail::check_captureless<F>();
    return step<F, detail::Travelling<Args>...>(key, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  detail::Bytes bring(Op op, const Args&... args) const {
    return this->owner().ask(detail::DictAsk{op, detail::encoded_bytes(std::tuple<Args...>{args...})}).get();
  }
  template <class R, class... Args>
  R ask(Op op, const Args&... args) const {
    return detail::decode<R>(detail::as_bytes(bring(op, args...)));
  }
  template <class F, class... Travelling, class... Args>
  detail::StepResult<V, F, Travelling...> step(const K& key, Args&&... args) const {
    using Made = detail::StepOf<V, F, Travelling...>;
    return Made::result(bring(Op::update, key, Made::make(std::forward<Args>(args)...)));
  }
};

/// Lifetime: within that of the handle that it came from.
template <class K, class V>
class Dict<K, V>::Element {
 public:
  Element(const Dict& dict, K key) : dict_{&dict}, key_{std::move(key)} {}
  Element(const Element&) = default;

  /// @throws NotFound  there is no such key
  [[nodiscard]] V get() const { return dict_->get(key_); }
  operator V() const { return get(); }  // NOLINT(google-explicit-constructor): that is its purpose
  /// As `set`.
  const Element& operator=(const V& value) const {
    dict_->set(key_, value);
    return *this;
  }
  Element& operator=(const Element& other) {  // NOLINT(bugprone-unhandled-self-assignment): one step for reading, one for writing
    dict_->set(key_, other.get());
    return *this;
  }
  /// One step at the owner. @returns the new value. @throws NotFound  there is no such key
  V operator+=(const V& amount) const requires detail::Addable<V> { return dict_->template ask<V>(Op::add, key_, amount); }
  V operator-=(const V& amount) const requires detail::Subtractable<V> { return dict_->template ask<V>(Op::subtract, key_, amount); }

 private:
  const Dict* dict_;
  K key_;
};

}  // namespace troupe
