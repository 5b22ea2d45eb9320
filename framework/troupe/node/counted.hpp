// troupe: actors in processes. Apache-2.0, see LICENSE.
// A pointer to something that counts its holders: `hold()` and `drop()`.
#pragma once

#include <utility>

namespace troupe::detail {

template <class T>
class Counted {
 public:
  Counted() noexcept = default;
  /// Shares `object`.
  explicit Counted(T* object) noexcept : object_{object} {
    if (object_ != nullptr) object_->hold();
  }
  /// Takes over a share that the caller has.
  [[nodiscard]] static Counted adopt(T* object) noexcept {
    Counted counted;
    counted.object_ = object;
    return counted;
  }
  Counted(const Counted& other) noexcept : Counted{other.object_} {}
  Counted(Counted&& other) noexcept : object_{std::exchange(other.object_, nullptr)} {}
  Counted& operator=(Counted other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Counted() {
    if (object_ != nullptr) object_->drop();
  }

  [[nodiscard]] T* get() const noexcept { return object_; }
  [[nodiscard]] T* release() noexcept { return std::exchange(object_, nullptr); }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  bool operator==(const Counted&) const = default;

 private:
  T* object_ = nullptr;
};

}  // namespace troupe::detail
