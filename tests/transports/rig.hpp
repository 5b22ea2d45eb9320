// troupe: actors in processes. Apache-2.0, see LICENSE.
// What tests of transports share: endpoints of their own, a visitor that keeps frames, waits with a limit.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <troupe/transport/transport.hpp>

#include <poll.h>
#include <unistd.h>

namespace rig {

using troupe::detail::Block;
using troupe::detail::Inbox;
using troupe::detail::InboxOptions;
using troupe::detail::Link;
using troupe::detail::LinkEvent;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds limit{20};

/// A directory of the test's own, 0700, removed at its end.
class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no directory for a test"};
    path_ = name;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// An endpoint that nobody has.
inline std::string fresh_endpoint(const std::string& scheme, const Directory& directory) {
  static std::atomic<int> last{0};
  const std::string name = "node" + std::to_string(++last);
  if (scheme == "inproc") return "inproc://" + name;
  if (scheme == "ipc") return "ipc://" + directory.path(name);
  return "tcp://127.0.0.1:*";
}

struct Frames final : troupe::detail::FrameVisitor {
  std::vector<std::vector<std::byte>> bytes;
  std::vector<std::uint64_t> connections;
  void on_frame(std::span<const std::byte> frame, std::uint64_t connection) override {
    bytes.emplace_back(frame.begin(), frame.end());
    connections.push_back(connection);
  }
};

/// Calls `step` each time `descriptor` is readable, and once at first, until it returns true or the limit is over.
template <class Step>
bool on_each_wake(int descriptor, Step step) {
  const auto end = Clock::now() + limit;
  while (!step()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd one{descriptor, POLLIN, 0};
    if (left <= 0 || poll(&one, 1, static_cast<int>(left)) == 0) return step();
  }
  return true;
}

/// For what has no descriptor: the state of the kernel.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

inline bool says(Link& link, LinkEvent wanted) {
  return on_each_wake(link.descriptor(), [&] {
    for (auto event = link.pump(); event != LinkEvent::none; event = link.pump())
      if (event == wanted) return true;
    return false;
  });
}

inline std::unique_ptr<Link> dial_open(troupe::detail::Transport& transport, const std::string& endpoint) {
  auto link = transport.dial(endpoint);
  if (!says(*link, LinkEvent::opened)) throw std::runtime_error{"no connection to " + endpoint};
  return link;
}

/// Drains until `count` frames are there.
inline bool receive(Inbox& inbox, Frames& frames, std::size_t count) {
  return on_each_wake(inbox.descriptor(), [&] {
    while (inbox.drain(frames, 64) == 64) {
    }
    return frames.bytes.size() >= count;
  });
}

/// `bytes` bytes that tell `number`.
inline Block frame_of(std::uint64_t number, std::size_t bytes = 64) {
  auto block = Block::make(bytes);
  block.resize(bytes);
  if (bytes != 0) std::memset(block.data(), static_cast<int>(number & 0xff), bytes);
  std::memcpy(block.data(), &number, std::min(bytes, sizeof number));
  return block;
}

inline std::uint64_t number_of(std::span<const std::byte> frame) {
  std::uint64_t number = 0;
  std::memcpy(&number, frame.data(), std::min(frame.size(), sizeof number));
  return number;
}

inline bool same_bytes(const Block& sent, const std::vector<std::byte>& got) {
  return sent.size() == got.size() && std::equal(got.begin(), got.end(), sent.data());
}

}  // namespace rig
