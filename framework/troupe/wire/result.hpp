// troupe: actors in processes. Apache-2.0, see LICENSE.
// A value or the error that took its place, for calls that do not throw.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include <troupe/wire/error.hpp>

namespace troupe {

/// What a call came to. Never empty; movable as `T` is.
///
/// Threads: distinct results may be used from distinct threads.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_{std::in_place_index<0>, std::move(value)} {}  // NOLINT(google-explicit-constructor)
  /// `error` is not null.
  Result(std::shared_ptr<const ErrorInfo> error) : state_{std::in_place_index<1>, std::move(error)} {}  // NOLINT
  Result(const Error& error) : Result{error.info()} {}                                                  // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// @throws Error  the one that took the value's place, as the class that it is
  [[nodiscard]] T& value() & {
    check();
    return std::get<0>(state_);
  }
  [[nodiscard]] const T& value() const& {
    check();
    return std::get<0>(state_);
  }
  [[nodiscard]] T&& value() && {
    check();
    return std::get<0>(std::move(state_));
  }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }
  template <class Other>
  [[nodiscard]] T value_or(Other&& other) const& {
    return has_value() ? std::get<0>(state_) : static_cast<T>(std::forward<Other>(other));
  }
  template <class Other>
  [[nodiscard]] T value_or(Other&& other) && {
    return has_value() ? std::get<0>(std::move(state_)) : static_cast<T>(std::forward<Other>(other));
  }

  /// @throws Misuse  there is a value
  [[nodiscard]] const ErrorInfo& error() const { return *error_info(); }
  [[nodiscard]] const std::shared_ptr<const ErrorInfo>& error_info() const {
    if (has_value()) throw Misuse{"Result::error: there is a value and no error"};
    return std::get<1>(state_);
  }

 private:
  void check() const {
    if (!has_value()) detail::raise(std::get<1>(state_));
  }

  std::variant<T, std::shared_ptr<const ErrorInfo>> state_;
};

/// Whether it went well, or the error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  Result(std::shared_ptr<const ErrorInfo> error) : error_{std::move(error)} {}  // NOLINT(google-explicit-constructor)
  Result(const Error& error) : Result{error.info()} {}                          // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return error_ == nullptr; }
  explicit operator bool() const noexcept { return has_value(); }

  /// @throws Error  the one that took the value's place, as the class that it is
  void value() const {
    if (error_ != nullptr) detail::raise(error_);
  }
  void operator*() const { value(); }

  /// @throws Misuse  there is no error
  [[nodiscard]] const ErrorInfo& error() const { return *error_info(); }
  [[nodiscard]] const std::shared_ptr<const ErrorInfo>& error_info() const {
    if (has_value()) throw Misuse{"Result::error: it went well and there is no error"};
    return error_;
  }

 private:
  std::shared_ptr<const ErrorInfo> error_;
};

}  // namespace troupe
