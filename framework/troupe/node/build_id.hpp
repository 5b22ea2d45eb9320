// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where a piece of code lies, said so that another process of the same build finds it: build id of its module and offset.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace troupe::detail {

/// An address as every process that runs the same file knows it, wherever it was loaded.
struct CodeKey {
  /// The GNU build id of the module, zeros behind it; of one longer than 20 bytes the rest is folded in.
  std::array<std::uint8_t, 20> build{};
  std::uint8_t build_bytes = 0;
  std::uint64_t offset = 0;

  auto operator<=>(const CodeKey&) const = default;
};

/// The key of `address`, in the program or a shared library. Fast after the first call for a module.
/// @throws misuse  no module holds the address, or the module was linked without a build id; the text names it and the option
[[nodiscard]] CodeKey code_key(const void* address);

/// The build id of the main program in hexadecimal digits. @throws misuse  as above
[[nodiscard]] std::string build_id();

}  // namespace troupe::detail

template <>
struct std::hash<troupe::detail::CodeKey> {
  std::size_t operator()(const troupe::detail::CodeKey& key) const noexcept;
};
