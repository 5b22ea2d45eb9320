// troupe: actors in processes. Apache-2.0, see LICENSE.
// Reads one message from bytes that may be hostile: nothing is allocated, entered or believed before it is checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <troupe/wire/carrier.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/limits.hpp>

namespace troupe::detail {

/// Reads what Writer wrote.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) noexcept
      : at_{bytes.data()}, end_{bytes.data() + bytes.size()}, memory_left_{memory_allowed(bytes.size())} {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (archive_ != nullptr) drop_archive();
  }

  /// Reads a value that takes all bytes.
  /// @throws Malformed  for whatever goes wrong, in a user's functions too
  template <class T>
  void read_message(T& value) {
    try {
      get(value);
      if (at_ != end_) refuse("bytes are left over behind it");
    } catch (const Malformed&) {
      throw;
    } catch (const std::exception& error) {  // Cereal's, a user's, bad_alloc: one bad message must not end a node
      refuse(error.what());
    }
  }

  void get_bytes(void* to, std::size_t count) {
    const std::byte* const from = take(count);
    if (count != 0) std::memcpy(to, from, count);
  }
  /// A number of elements, of which each takes at least `bytes_each` bytes that must follow.
  std::size_t get_count(std::size_t bytes_each = 1) {
    std::uint32_t count = 0;
    get(count);
    if (count > left() / bytes_each) refuse("it says it holds more elements than bytes follow");
    return count;
  }

  template <class T>
  void get(T& value) {
    constexpr Carrier how = carrier<T>;
    static_assert(how != Carrier::none, "troupe: this type cannot be carried in a message");
    if constexpr (std::is_same_v<T, bool>) {
      value = get_flag();
    } else if constexpr (how == Carrier::arithmetic || how == Carrier::enumeration) {
      std::memcpy(&value, take(sizeof(T)), sizeof(T));
    } else if constexpr (how == Carrier::bulk) {
      get_bulk(value);
    } else if constexpr (how == Carrier::sequence || how == Carrier::set || how == Carrier::map) {
      get_elements(value);
    } else if constexpr (how == Carrier::array) {
      for (auto& element : value) get(element);
    } else if constexpr (how == Carrier::optional) {
      value.reset();
      if (get_flag()) get(value.emplace());
    } else if constexpr (how == Carrier::pointer) {
      get_pointer(value);
    } else if constexpr (how == Carrier::variant) {
      get_variant(value, std::make_index_sequence<std::variant_size_v<T>>{});
    } else if constexpr (how == Carrier::tuple) {
      std::apply([this](auto&... element) { (this->get(element), ...); }, value);
    } else if constexpr (how == Carrier::duration) {
      get_duration(value);
    } else if constexpr (how == Carrier::plain) {
      if constexpr (!std::is_empty_v<T>) visit_fields(value, [this](auto&... field) { (this->get(field), ...); });
    } else if constexpr (how == Carrier::nested) {
      const std::size_t count = get_count();
      value = T::of_bytes({take(count), count});
    } else {
      get_foreign(value);
    }
  }

 private:
  [[noreturn]] static void refuse(std::string_view why);
  void make_archive();
  void drop_archive() noexcept;

  static std::size_t memory_allowed(std::size_t bytes) noexcept {
    return bytes > free_memory_bytes / memory_per_byte ? bytes * memory_per_byte : free_memory_bytes;
  }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  const std::byte* take(std::size_t bytes) {
    if (left() < bytes) refuse("it ends too early");
    return std::exchange(at_, at_ + bytes);
  }
  bool get_flag() {
    const std::byte flag = *take(1);
    if (flag > std::byte{1}) refuse("a truth value is neither 0 nor 1");
    return flag == std::byte{1};
  }
  void enter() {
    if (++depth_ > max_depth) refuse("it is nested too deep");
  }
  void charge(std::size_t count, std::size_t bytes_each) {
    if (count > memory_left_ / bytes_each) refuse("it takes too much memory for its size");
    memory_left_ -= count * bytes_each;
  }

  // Counterpart of Writer::put_element.
  template <class T>
  void get_element(T& value) {
    const std::byte* const before = at_;
    get(value);
    if constexpr (may_be_empty<T>) {
      if (at_ == before && *take(1) != std::byte{0}) refuse("an empty element is not 0");
    }
  }

  template <class T>
  void get_bulk(T& container) {
    using Value = typename T::value_type;
    const std::size_t count = get_count(sizeof(Value));
    container.resize(count);
    get_bytes(container.data(), count * sizeof(Value));
  }

  template <class T>
  void get_elements(T& container) {
    enter();
    const std::size_t count = get_count();
    charge(count, element_bytes<T>);
    container.clear();
    if constexpr (requires { container.reserve(count); }) container.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      if constexpr (carrier<T> == Carrier::map) {
        typename T::key_type key{};
        typename T::mapped_type mapped{};
        get_element(key);
        get(mapped);
        container.emplace_hint(container.end(), std::move(key), std::move(mapped));
      } else {
        typename T::value_type value{};
        get_element(value);
        if constexpr (carrier<T> == Carrier::set) {
          container.emplace_hint(container.end(), std::move(value));
        } else {
          container.push_back(std::move(value));
        }
      }
    }
    if (container.size() != count) refuse("a key stands twice in it");
    --depth_;
  }

  template <class T>
  void get_pointer(T& pointer) {
    using Value = std::remove_const_t<typename T::element_type>;
    pointer.reset();
    if (!get_flag()) return;
    enter();
    charge(1, sizeof(Value));
    auto value = std::make_unique<Value>();
    get(*value);
    pointer = std::move(value);
    --depth_;
  }

  template <class T, std::size_t... I>
  void get_variant(T& value, std::index_sequence<I...>) {
    const auto index = static_cast<std::size_t>(*take(1));
    const bool known = ((index == I && (get(value.template emplace<I>()), true)) || ...);
    if (!known) refuse("a variant holds none of its types");
  }

  template <class T>
  void get_duration(T& value) {
    typename T::rep count{};
    get(count);
    if constexpr (requires { value.time_since_epoch(); }) {
      value = T{typename T::duration{count}};
    } else {
      value = T{count};
    }
  }

  template <class T>
  void get_foreign(T& value) {
    enter();
    if (archive_ == nullptr) make_archive();
    archive_->load_by_cereal(value);
    --depth_;
  }

  const std::byte* at_;
  const std::byte* const end_;
  std::size_t depth_ = 0;
  std::size_t memory_left_;
  InArchive* archive_ = nullptr;  // in `archive_place_`, as in Writer
  alignas(InArchive) std::array<std::byte, sizeof(InArchive)> archive_place_;
};

inline std::size_t InArchive::load_count() { return reader_->get_count(); }
inline void InArchive::loadBinary(void* bytes, std::size_t count) { reader_->get_bytes(bytes, count); }

template <class T>
void InArchive::get(T& value) {
  if constexpr (is_a<T, cereal::NameValuePair>) {
    (*this)(value.value);
  } else if constexpr (is_a<std::remove_const_t<T>, cereal::base_class>) {
    (*this)(*value.base_ptr);
  } else if constexpr (is_a<T, cereal::SizeTag> || is_a<T, cereal::BinaryData>) {
    load(*this, value);
  } else if constexpr (carrier<T> == Carrier::none) {
    Base::operator()(value);  // a wrapper of Cereal's, or Cereal says what is wrong
  } else {
    reader_->get(value);
  }
}

}  // namespace troupe::detail
