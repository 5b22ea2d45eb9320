// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a word is, and what is not a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace wordcount {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
using Words = std::unordered_map<std::string, std::uint64_t, TextHash, std::equal_to<>>;

/// Of a longer word the first 64 KiB are counted: it bounds what is read behind a slice, and a message.
inline constexpr std::size_t max_word_bytes = 64 << 10;
/// What is read of a file to tell whether it is text. 64 KiB.
inline constexpr std::size_t head_bytes = 64 << 10;

/// Adds the words of `text` that begin in [begin, end) to `words`. A word is a longest run of ASCII letters, digits and bytes
/// above 127, so UTF-8 stays whole; ASCII capitals count as small letters. The same as
/// `LC_ALL=C tr -cs 'A-Za-z0-9\200-\377' '\n' | LC_ALL=C tr A-Z a-z`.
///
/// @param text  made lower-case
/// @returns how many there were
std::uint64_t count_words(std::span<char> text, std::size_t begin, std::size_t end, Words& words);

/// Whether a file that begins with `head` is not text: it has a NUL byte, or more than a tenth of it is not UTF-8.
[[nodiscard]] bool looks_binary(std::string_view head);

}  // namespace wordcount
