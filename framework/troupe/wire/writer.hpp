// troupe: actors in processes. Apache-2.0, see LICENSE.
// Writes one message: each type as its carrier says.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include <troupe/wire/carrier.hpp>
#include <troupe/wire/encoded.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/limits.hpp>

namespace troupe::detail {

static_assert(std::endian::native == std::endian::little, "the wire is little-endian; swapping is not written yet");

/// Writes one message behind what `out` holds; what it wrote goes away with it unless `finish` was called.
class Writer {
 public:
  explicit Writer(Encoded& out) noexcept : out_{out}, begin_{out.size()} {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    if (!finished_) out_.truncate(begin_);
    if (archive_ != nullptr) drop_archive();
  }

  /// @throws Malformed  the receiver would refuse it
  void finish() {
    if (memory_ > free_memory_bytes && memory_ / memory_per_byte > out_.size() - begin_) refuse("it takes too much memory for its size");
    finished_ = true;
  }

  void put_bytes(const void* bytes, std::size_t count) { out_.append(bytes, count); }
  void put_count(std::size_t count) {
    if (count > UINT32_MAX) refuse("it holds more than 2^32 elements");
    put(static_cast<std::uint32_t>(count));
  }

  template <class T>
  void put(const T& value) {
    constexpr Carrier how = carrier<T>;
    static_assert(how != Carrier::none, "troupe: this type cannot be carried in a message");
    if constexpr (how == Carrier::arithmetic || how == Carrier::enumeration) {
      std::memcpy(out_.extend(sizeof(T)), &value, sizeof(T));
    } else if constexpr (how == Carrier::bulk) {
      put_count(value.size());
      put_bytes(value.data(), value.size() * sizeof(typename T::value_type));
    } else if constexpr (how == Carrier::sequence || how == Carrier::set || how == Carrier::map) {
      put_elements(value);
    } else if constexpr (how == Carrier::array) {
      for (const auto& element : value) put(element);
    } else if constexpr (how == Carrier::optional) {
      put(value.has_value());
      if (value.has_value()) put(*value);
    } else if constexpr (how == Carrier::pointer) {
      put_pointer(value);
    } else if constexpr (how == Carrier::variant) {
      put_variant(value);
    } else if constexpr (how == Carrier::tuple) {
      std::apply([this](const auto&... element) { (this->put(element), ...); }, value);
    } else if constexpr (how == Carrier::duration) {
      if constexpr (requires { value.time_since_epoch(); }) {
        put(value.time_since_epoch().count());
      } else {
        put(value.count());
      }
    } else if constexpr (how == Carrier::plain) {
      if constexpr (!std::is_empty_v<T>) visit_fields(value, [this](const auto&... field) { (this->put(field), ...); });
    } else if constexpr (how == Carrier::nested) {
      put_nested(value);
    } else {
      put_foreign(value);
    }
  }

 private:
  [[noreturn]] static void refuse(std::string_view why);
  void make_archive();
  void drop_archive() noexcept;

  void enter() {
    if (++depth_ > max_depth) refuse("it is nested too deep");
  }

  // An element takes at least one byte, so that a count is bounded by the bytes that follow it.
  template <class T>
  void put_element(const T& value) {
    if constexpr (may_be_empty<T>) {
      const std::size_t before = out_.size();
      put(value);
      if (out_.size() == before) *out_.extend(1) = std::byte{0};
    } else {
      put(value);
    }
  }

  template <class T>
  void put_elements(const T& container) {
    enter();
    put_count(container.size());
    memory_ += container.size() * element_bytes<T>;
    if constexpr (carrier<T> == Carrier::map) {
      for (const auto& [key, value] : container) {
        put_element(key);
        put(value);
      }
    } else if constexpr (std::is_same_v<typename T::value_type, bool>) {
      for (const bool element : container) put(element);
    } else {
      for (const auto& element : container) put_element(element);
    }
    --depth_;
  }

  template <class T>
  void put_pointer(const T& pointer) {
    put(pointer != nullptr);
    if (pointer == nullptr) return;
    enter();
    memory_ += sizeof(*pointer);
    put<std::remove_const_t<typename T::element_type>>(*pointer);
    --depth_;
  }

  template <class T>
  void put_variant(const T& value) {
    static_assert(std::variant_size_v<T> <= 255, "troupe: a variant of more than 255 types");
    if (value.valueless_by_exception()) refuse("it holds a variant without a value");
    put(static_cast<std::uint8_t>(value.index()));
    std::visit([this](const auto& held) { this->put(held); }, value);
  }

  template <class T>
  void put_foreign(const T& value) {
    enter();
    if (archive_ == nullptr) make_archive();
    archive_->save_by_cereal(value);
    --depth_;
  }

  template <class T>
  void put_nested(const T& value) {
    const std::size_t before = out_.size();
    (void)out_.extend(sizeof(std::uint32_t));
    value.append_to(out_);
    const std::size_t bytes = out_.size() - before - sizeof(std::uint32_t);
    if (bytes > UINT32_MAX) refuse("it holds more than 2^32 bytes");
    const auto count = static_cast<std::uint32_t>(bytes);
    std::memcpy(out_.data() + before, &count, sizeof count);
  }

  Encoded& out_;
  const std::size_t begin_;
  std::size_t depth_ = 0;
  std::size_t memory_ = 0;
  bool finished_ = false;
  OutArchive* archive_ = nullptr;  // in `archive_place_`; made for the first type that needs it: that costs 20 ns
  alignas(OutArchive) std::array<std::byte, sizeof(OutArchive)> archive_place_;
};

inline void OutArchive::saveBinary(const void* bytes, std::size_t count) { writer_->put_bytes(bytes, count); }

inline void OutArchive::save_count(std::size_t count) { writer_->put_count(count); }

template <class T>
void OutArchive::put(const T& value) {
  if constexpr (is_a<T, cereal::NameValuePair>) {
    (*this)(value.value);
  } else if constexpr (is_a<T, cereal::base_class>) {
    (*this)(*value.base_ptr);
  } else if constexpr (is_a<T, cereal::SizeTag> || is_a<T, cereal::BinaryData>) {
    save(*this, value);
  } else if constexpr (carrier<T> == Carrier::none) {
    Base::operator()(value);  // a wrapper of Cereal's, or Cereal says what is wrong
  } else {
    writer_->put(value);
  }
}

}  // namespace troupe::detail
