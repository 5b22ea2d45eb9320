// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "words.hpp"

#include <algorithm>
#include <array>

namespace wordcount {

namespace {

/// What a byte counts as; 0 for what stands between words.
constexpr auto letters = [] {
  std::array<char, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool word = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte >= 128;
    const bool capital = byte >= 'A' && byte <= 'Z';
    if (word) table[byte] = static_cast<char>(capital ? byte - 'A' + 'a' : byte);
  }
  return table;
}();

char letter(char byte) { return letters[static_cast<unsigned char>(byte)]; }

void add(std::string_view word, Words& words) {
  if (const auto known = words.find(word); known != words.end()) {
    ++known->second;
  } else {
    words.emplace(word, 1);
  }
}

/// How many bytes the UTF-8 character at the front of `text` has; 0: it is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xc2 ? 0 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : byte(0) < 0xf5 ? 4 : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (length >= 3) {
    const unsigned first_two = byte(0) * 256u + byte(1);  // too long, a surrogate, or beyond U+10FFFF
    if (first_two < 0xe0a0 || (first_two >= 0xeda0 && first_two < 0xee00)) return 0;
    if ((first_two >= 0xf000 && first_two < 0xf090) || first_two >= 0xf490) return 0;
  }
  return length;
}

}  // namespace

std::uint64_t count_words(std::span<char> text, std::size_t begin, std::size_t end, Words& words) {
  std::uint64_t found = 0;
  std::size_t at = begin;
  if (begin > 0 && letter(text[begin - 1]) != 0)  // inside a word of the slice before
    while (at < end && letter(text[at]) != 0) ++at;
  while (at < end) {
    if (letter(text[at]) == 0) {
      ++at;
      continue;
    }
    const std::size_t first = at;
    for (; at < text.size(); ++at) {
      const char small = letter(text[at]);
      if (small == 0) break;
      text[at] = small;
    }
    add({text.data() + first, std::min(at - first, max_word_bytes)}, words);
    ++found;
  }
  return found;
}

bool looks_binary(std::string_view head) {
  if (head.find('\0') != std::string_view::npos) return true;
  std::size_t strange = 0;
  for (std::size_t at = 0; at < head.size();) {
    const std::size_t length = utf8_length(head.substr(at));
    strange += length == 0 ? 1 : 0;
    at += std::max<std::size_t>(length, 1);
  }
  return strange * 10 > head.size();
}

}  // namespace wordcount
