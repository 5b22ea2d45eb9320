// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a host says to the launcher in the midst of what its program prints.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

/// Separates marks, "\2NONCE WORDS\3", from the text around them. Who does not know the nonce cannot say one.
class Marks {
 public:
  explicit Marks(const std::string& nonce) : opening_{'\2' + nonce + ' '} {}

  struct Found {
    std::string text;                // all that is no mark
    std::vector<std::string> marks;  // their words
  };
  /// Takes the next piece of the stream; a mark that is not complete is kept back.
  [[nodiscard]] Found take(std::string_view piece);
  /// What was kept back, once no more comes.
  [[nodiscard]] std::string rest() { return std::move(kept_); }

 private:
  /// A longer one is text, in bytes: bounds what is kept back.
  static constexpr std::size_t max_mark_bytes = 4096;

  std::string opening_;
  std::string kept_;
};

}  // namespace troupe::tools
