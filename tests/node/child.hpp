// troupe: actors in processes. Apache-2.0, see LICENSE.
// Children of the tests of this room: what to start, and what they wrote, in bounded time.
#pragma once

#include "child_main.hpp"

#include <troupe/node/launcher.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

inline std::string text_of(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// This test program as a child that runs the ChildMain called `main`.
inline troupe::detail::ChildSpec child_of(const char* main, std::string_view role = {}) {
  troupe::detail::ChildSpec spec;
  spec.arguments = {"tests", "child"};
  spec.environment = {{ChildMain::variable, main}};
  spec.role = bytes_of(role);
  spec.name = main;
  return spec;
}

/// What can be read until the end of the file; ends with "[TIMED OUT]" after 20 s.
inline std::string read_to_end(const troupe::detail::Descriptor& from) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  std::string text;
  char piece[4096];
  while (std::chrono::steady_clock::now() < until) {
    pollfd state{from.get(), POLLIN, 0};
    if (::poll(&state, 1, 1000) <= 0) continue;
    const auto got = ::read(from.get(), piece, sizeof piece);
    if (got == 0) return text;
    if (got > 0) text.append(piece, static_cast<std::size_t>(got));
  }
  return text + "[TIMED OUT]";
}

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) ++count;
  return count - 1;  // the iterator's own
}
