// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a dict: its keys and values, in the order of the keys.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/patterns/step.hpp>
#include <troupe/patterns/sum.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

template <class K>
struct DictGet {
  K key{};
};
template <class K>
struct DictFind {
  K key{};
};
template <class K, class V>
struct DictSet {
  K key{};
  V value{};
};
enum class DictOp : std::uint8_t {
  contains,          // key: bool
  insert,            // key, value: bool
  erase,             // key: bool
  pop,               // key: optional value
  compare_exchange,  // key, step: bool
  add,               // key, value: value
  subtract,          // likewise
  update,            // key, step: what that brings
  get_many,          // keys: items
  merge,             // items
  items,             // items
  keys,              // keys
  values,            // values
  size,              // number
  clear,             // number that there were
};
/// Everything else: brings what the operation does, encoded.
struct DictAsk {
  DictOp op = DictOp::size;
  Bytes arguments;
};

[[nodiscard]] std::shared_ptr<const ErrorInfo> no_such_key(const std::string& dict);

template <class K, class V>
class DictOwner final : public Actor<DictOwner<K, V>, DictGet<K>, DictFind<K>, DictSet<K, V>, DictAsk> {
  using Items = std::map<K, V>;

 public:
  DictOwner(Items items, const std::string& name) : items_{std::move(items)}, missing_{no_such_key(name)} {}

  Future<V> on(const DictGet<K>& get) const {
    const auto found = items_.find(get.key);
    return found == items_.end() ? failed_future<V>(missing_) : ready_future(found->second);
  }
  std::optional<V> on(const DictFind<K>& find) const {
    const auto found = items_.find(find.key);
    return found == items_.end() ? std::nullopt : std::optional<V>{found->second};
  }
  void on(DictSet<K, V> set) { items_.insert_or_assign(std::move(set.key), std::move(set.value)); }
  Future<Bytes> on(const DictAsk& ask) {
    Encoded result;
    const bool found = run(ask, result);
    return found ? ready_future(to_bytes(result)) : failed_future<Bytes>(missing_);
  }

 private:
  /// @returns false: there is no such key
  bool run(const DictAsk& ask, Encoded& result) {
    const auto given = [&]<class... A>(std::type_identity<A>...) { return decode<std::tuple<A...>>(as_bytes(ask.arguments)); };
    constexpr std::type_identity<K> key_type{};
    constexpr std::type_identity<V> value_type{};
    switch (ask.op) {
      case DictOp::contains:
        encode(result, items_.contains(std::get<0>(given(key_type))));
        return true;
      case DictOp::insert: {
        auto [key, value] = given(key_type, value_type);
        encode(result, items_.try_emplace(std::move(key), std::move(value)).second);
        return true;
      }
      case DictOp::erase:
        encode(result, items_.erase(std::get<0>(given(key_type))) != 0);
        return true;
      case DictOp::pop: {
        auto node = items_.extract(std::get<0>(given(key_type)));
        encode(result, node.empty() ? std::optional<V>{} : std::optional<V>{std::move(node.mapped())});
        return true;
      }
      case DictOp::add:
      case DictOp::subtract: {
        auto [key, amount] = given(key_type, value_type);
        const auto found = items_.find(key);
        if (found == items_.end()) return false;
        found->second = sum(found->second, amount, ask.op == DictOp::subtract);
        encode(result, found->second);
        return true;
      }
      case DictOp::compare_exchange:
      case DictOp::update: {
        auto [key, step] = given(key_type, std::type_identity<Step>{});
        const auto found = items_.find(key);
        if (found == items_.end()) {
          encode(result, false);
          return ask.op == DictOp::compare_exchange;
        }
        const Bytes brought = take_step(found->second, step);
        result.append(brought.data(), brought.size());
        return true;
      }
      case DictOp::get_many: {
        Items some;
        const auto [keys] = given(std::type_identity<std::vector<K>>{});
        for (const K& key : keys)
          if (const auto found = items_.find(key); found != items_.end()) some.insert(*found);
        encode(result, some);
        return true;
      }
      case DictOp::merge: {
        auto more = std::get<0>(given(std::type_identity<Items>{}));
        more.merge(items_);
        items_ = std::move(more);
        return true;
      }
      case DictOp::items:
        encode(result, items_);
        return true;
      case DictOp::keys: {
        std::vector<K> keys;
        for (const auto& item : items_) keys.push_back(item.first);
        encode(result, keys);
        return true;
      }
      case DictOp::values: {
        std::vector<V> values;
        for (const auto& item : items_) values.push_back(item.second);
        encode(result, values);
        return true;
      }
      case DictOp::size:
      case DictOp::clear:
        encode(result, std::uint64_t{items_.size()});
        if (ask.op == DictOp::clear) items_.clear();
        return true;
    }
    throw Misuse{"an operation that there is not"};
  }
  Items items_;
  const std::shared_ptr<const ErrorInfo> missing_;
};

}  // namespace troupe::detail
