// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "counter.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>

namespace wordcount {

namespace {

/// A file open for reading.
class File {
 public:
  /// @throws std::system_error
  explicit File(const std::string& path) : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
    if (descriptor_ < 0) throw std::system_error{errno, std::generic_category()};
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Fills `into` from `offset`. @returns how much there was @throws std::system_error
  std::size_t read(std::span<char> into, std::uint64_t offset) const {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw std::system_error{errno, std::generic_category()};
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  int descriptor_;
};

/// Bytes of words in one answer to Report.
constexpr std::size_t tally_bytes = 1 << 20;

}  // namespace

Identity Counter::on(const Who&) const { return {::getpid(), node().host_name()}; }

Counted Counter::on(const Count& work) {
  const auto began = std::chrono::steady_clock::now();
  Counted counted;
  for (const Slice& slice : work.slices) {
    counted.passed += slice.end - slice.begin;
    try {
      count(slice, counted);
    } catch (const std::system_error& error) {
      counted.skipped.push_back({slice.path, error.code().message(), true});
    }
  }
  counted.seconds = std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count();
  return counted;
}

void Counter::count(const Slice& slice, Counted& counted) {
  const File file{slice.path};
  // The byte before tells whether the slice begins inside a word; its last word may end behind it.
  const std::uint64_t from = slice.begin == 0 ? 0 : slice.begin - 1;
  buffer_.resize(std::max<std::size_t>(slice.end - from + max_word_bytes, head_bytes));

  if (slice.begin > 0) {
    const std::size_t got = file.read({buffer_.data(), head_bytes}, 0);
    if (looks_binary({buffer_.data(), got})) return;  // named by who has the first slice
  }
  const std::size_t got = file.read(buffer_, from);
  if (slice.begin == 0 && looks_binary({buffer_.data(), std::min(got, head_bytes)})) {
    counted.skipped.push_back({slice.path, "not a text"});
    return;
  }

  const std::size_t end = std::min<std::size_t>(got, slice.end - from);
  const std::size_t begin = std::min<std::size_t>(end, slice.begin - from);
  counted.words += count_words({buffer_.data(), got}, begin, end, words_);
  counted.bytes += end - begin;
  counted.files += slice.begin == 0 ? 1 : 0;
}

Tally Counter::on(const Report&) {
  Tally tally;
  for (std::size_t bytes = 0; bytes < tally_bytes && !words_.empty();) {
    auto entry = words_.extract(words_.begin());
    bytes += entry.key().size() + sizeof(std::uint64_t);
    tally.words.emplace_back(std::move(entry.key()), entry.mapped());
  }
  tally.more = !words_.empty();
  return tally;
}

}  // namespace wordcount
