// troupe: actors in processes. Apache-2.0, see LICENSE.
// An item without its type: the object, as long as it stays in its process, or the bytes of one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/node/memory.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/carrier.hpp>
#include <troupe/wire/name.hpp>

namespace troupe::detail {

class Item;

/// What can be done to objects of one type.
struct ItemKind {
  const TypeName& (*type)();
  void (*encode)(Encoded& out, const void* object);
  Item (*decode)(std::span<const std::byte> bytes);
  void (*destroy)(void* object) noexcept;  // null: it lies in the Item itself
};

/// Whether a value is no more than its bytes: it can be copied, and so can what it contains. An end of a pipe, say, moves with them.
template <class T, class... Outer>
constexpr bool all_copies();
template <class... Outer, class... Inner>
constexpr bool each_copies(TypeList<Inner...>) {
  return (all_copies<std::remove_const_t<Inner>, Outer...>() && ...);
}
template <class... Outer, class... Args, template <class...> class Template>
constexpr bool args_copy(std::type_identity<Template<Args...>>) {
  return each_copies<Outer...>(TypeList<Args...>{});
}
template <class T, class... Outer>
constexpr bool all_copies() {
  constexpr Carrier how = carrier<T>;
  if constexpr (!std::is_copy_constructible_v<T>) {
    return false;
  } else if constexpr (how == Carrier::plain && !std::is_empty_v<T>) {
    if constexpr ((std::is_same_v<T, Outer> || ...)) {
      return true;
    } else {
      return each_copies<Outer..., T>(field_types<T>{});
    }
  } else if constexpr (how == Carrier::map) {
    return all_copies<typename T::key_type, Outer...>() && all_copies<typename T::mapped_type, Outer...>();
  } else if constexpr (how == Carrier::sequence || how == Carrier::set || how == Carrier::array || how == Carrier::optional) {
    return all_copies<typename T::value_type, Outer...>();
  } else if constexpr (how == Carrier::variant || how == Carrier::tuple) {
    return args_copy<Outer...>(std::type_identity<T>{});
  } else {
    return true;
  }
}

/// Of a queue, on its way or waiting. Threads: one at a time.
class Item {
 public:
  template <class T>
  struct KindOf;

  /// No bytes.
  Item() noexcept = default;
  template <class T>
  [[nodiscard]] static Item of(T&& object);
  [[nodiscard]] static Item of_bytes(std::span<const std::byte> bytes);
  Item(Item&& other) noexcept
      : kind_{std::exchange(other.kind_, nullptr)}, place_{other.place_}, size_{std::exchange(other.size_, 0)}, missed{other.missed} {}
  Item& operator=(Item&& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(place_, other.place_);
    std::swap(size_, other.size_);
    std::swap(missed, other.missed);
    return *this;
  }
  ~Item() {
    if (kind_ != nullptr ? kind_->destroy != nullptr : size_ > place_.size()) destroy();
  }

  /// The object, which is a `T`. @throws Malformed  the bytes are none
  template <class T>
  [[nodiscard]] T take();

  /// Appends the bytes. @throws  as `encode` does: nothing was appended
  void append_to(Encoded& out) const;
  /// The same bytes once more. @throws  as `encode` does
  [[nodiscard]] Item bytes() const;
  /// Makes of bytes the object. @throws Malformed  they are none of that type
  void make_object(const ItemKind& kind);

 private:
  static constexpr std::size_t place_bytes = 16;
  template <class T>
  static constexpr bool inside = std::is_trivially_copyable_v<T> && sizeof(T) <= place_bytes && alignof(T) <= alignof(void*);

  [[nodiscard]] void* far() const noexcept {
    void* pointer = nullptr;
    std::memcpy(&pointer, place_.data(), sizeof pointer);
    return pointer;
  }
  void set_far(void* pointer) noexcept { std::memcpy(place_.data(), &pointer, sizeof pointer); }
  [[nodiscard]] const void* object() const noexcept { return kind_->destroy == nullptr ? static_cast<const void*>(place_.data()) : far(); }
  [[nodiscard]] std::span<const std::byte> view() const noexcept {
    return {size_ > place_bytes ? static_cast<const std::byte*>(far()) : place_.data(), size_};
  }
  void destroy() noexcept;

  const ItemKind* kind_ = nullptr;  // null: bytes
  alignas(void*) std::array<std::byte, place_bytes> place_{};
  std::uint32_t size_ = 0;  // of the bytes

 public:
  /// How often it was handed out and came back; stays in its process.
  std::uint32_t missed = 0;
};

template <>
inline constexpr Carrier carrier<Item> = Carrier::nested;

/// As a whole message it is the bytes alone: who asks for an item gets one by its type.
inline void encode(Encoded& out, const Item& item) { item.append_to(out); }

template <class T>
struct Item::KindOf {
  static void encode_it(Encoded& out, const void* object) { encode(out, *static_cast<const T*>(object)); }
  static Item decode_it(std::span<const std::byte> bytes) { return Item::of(decode<T>(bytes)); }
  static void destroy_it(void* object) noexcept {
    static_cast<T*>(object)->~T();
    if constexpr (alignof(T) > place_bytes) {
      ::operator delete (object, std::align_val_t{alignof(T)});
    } else {
      give_memory(object, sizeof(T));
    }
  }
  static constexpr ItemKind kind{&type_name<T>, &encode_it, &decode_it, inside<T> ? nullptr : &destroy_it};
};

template <class T>
Item Item::of(T&& object) {
  static_assert(!std::is_lvalue_reference_v<T>, "an item is given away");
  Item item;
  if constexpr (inside<T>) {
    new (item.place_.data()) T(std::move(object));
  } else if constexpr (alignof(T) > place_bytes) {
    item.set_far(new T(std::move(object)));
  } else {
    void* const memory = take_memory(sizeof(T));
    try {
      item.set_far(new (memory) T(std::move(object)));
    } catch (...) {
      give_memory(memory, sizeof(T));
      throw;
    }
  }
  item.kind_ = &KindOf<T>::kind;
  return item;
}

template <class T>
T Item::take() {
  if (kind_ == nullptr) return decode<T>(view());
  if constexpr (inside<T>) {
    return std::move(*std::launder(reinterpret_cast<T*>(place_.data())));
  } else {
    return std::move(*static_cast<T*>(far()));
  }
}

/// Registers a type whose items must be objects wherever they wait: an end of a pipe belongs to a process. A static of the
/// template that needs it.
class ItemKindEntry {
 public:
  explicit ItemKindEntry(const ItemKind& kind) noexcept;
  ItemKindEntry(const ItemKindEntry&) = delete;
  ItemKindEntry& operator=(const ItemKindEntry&) = delete;

 private:
  friend const ItemKind& find_item_kind(std::uint64_t type);
  const ItemKind& kind_;
  const ItemKindEntry* const next_;
};

/// @throws NotFound  this program has no queues of such items
[[nodiscard]] const ItemKind& find_item_kind(std::uint64_t type);

/// Items that are all of one type.
template <class T>
struct ItemsOf {
  /// The kind, if they must be objects wherever they wait; null: bytes will do.
  static const ItemKind* objects() {
    if constexpr (all_copies<T>()) {
      return nullptr;
    } else {
      static_cast<void>(&entry<T>);
      return &Item::KindOf<T>::kind;
    }
  }
  static std::vector<Item> pack(std::vector<T> objects) {
    std::vector<Item> items;
    items.reserve(objects.size());
    for (auto&& object : objects) items.push_back(Item::of(T(std::move(object))));
    return items;
  }
  static std::vector<T> unpack(std::vector<Item> items) {
    std::vector<T> objects;
    objects.reserve(items.size());
    for (Item& item : items) objects.push_back(item.take<T>());
    return objects;
  }

 private:
  template <class Of>
  static inline const ItemKindEntry entry{Item::KindOf<Of>::kind};
};

}  // namespace troupe::detail
