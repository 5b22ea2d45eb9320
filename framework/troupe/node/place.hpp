// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where an actor, a process or a pool's workers live.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <troupe/wire/error.hpp>

namespace troupe {

/// A place is a message, too.
class Place {
 public:
  enum class Kind : std::uint8_t { here, own_process, host, label, anywhere, every_host };
  constexpr Place() noexcept = default;
  constexpr explicit Place(Kind kind) noexcept : kind_{kind} {}
  Place(Kind kind, std::string_view text) : kind_{kind} {
    if (text.empty() || text.size() > text_.size()) throw Misuse{"a host's name or label has 1 to 63 characters"};
    std::copy(text.begin(), text.end(), text_.begin());
    size_ = static_cast<std::uint8_t>(text.size());
  }
  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// The host's name or the label; else empty.
  [[nodiscard]] constexpr std::string_view text() const noexcept { return {text_.data(), size_}; }
  bool operator==(const Place&) const = default;

  template <class Archive>
  void save(Archive& archive) const {
    archive(static_cast<std::uint8_t>(kind_), std::string{text()});
  }
  template <class Archive>
  void load(Archive& archive) {
    std::uint8_t kind = 0;
    std::string text;
    archive(kind, text);
    if (kind > static_cast<std::uint8_t>(Kind::every_host)) throw Malformed{"a place is of a kind that there is not"};
    *this = text.empty() ? Place{Kind{kind}} : Place{Kind{kind}, text};
  }

 private:
  Kind kind_ = Kind::here;
  std::uint8_t size_ = 0;
  std::array<char, 63> text_{};
};

/// In this process.
inline constexpr Place here{Place::Kind::here};
/// In a process of its own, on this host.
inline constexpr Place own_process{Place::Kind::own_process};
/// In a process of its own on the host with the most free slots, or else on the one with the least load.
inline constexpr Place anywhere{Place::Kind::anywhere};
/// Of a pool: in processes on all hosts, also on those that join later.
inline constexpr Place every_host{Place::Kind::every_host};
/// In a process of its own on the host with this name. @throws Misuse  it is none
[[nodiscard]] inline Place on_host(std::string_view name) { return {Place::Kind::host, name}; }
/// As `anywhere`, among the hosts that have this label. @throws Misuse  it is none
[[nodiscard]] inline Place with_label(std::string_view label) { return {Place::Kind::label, label}; }

}  // namespace troupe
