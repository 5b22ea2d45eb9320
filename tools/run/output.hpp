// troupe: actors in processes. Apache-2.0, see LICENSE.
// What several hosts print, onto one terminal or file.
#pragma once

#include <list>
#include <string>
#include <string_view>

#include <poll.h>

#include <troupe/node/relay_buffers.hpp>

namespace troupe::tools {

/// Gathers text by stream and writes it in whole lines, each with the prefix of its stream. Never waits for who reads it.
class Output {
 public:
  using Stream = detail::RelayStream;

  explicit Output(int target) : sink_{target} {}

  /// The stream stays until the output ends.
  Stream& open(std::string prefix) { return streams_.emplace_back(Descriptor{}, std::move(prefix), line_bytes); }
  /// Whether more should be read for `stream`; else its writer waits.
  [[nodiscard]] static bool has_room(const Stream& stream) { return stream.waiting_bytes() < buffered_bytes; }

  /// What to poll for; then `write`.
  [[nodiscard]] pollfd wanted();
  void write(const pollfd& polled);
  /// Something waits to be written.
  [[nodiscard]] bool pending();

 private:
  using Descriptor = detail::Descriptor;
  /// A longer line is passed on in pieces, in bytes. 64 KiB.
  static constexpr std::size_t line_bytes = 64 << 10;
  /// Kept per stream while nobody reads the output, in bytes. 1 MiB.
  static constexpr std::size_t buffered_bytes = 1 << 20;

  std::list<Stream> streams_;
  detail::RelaySink sink_;
};

}  // namespace troupe::tools
