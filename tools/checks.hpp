// troupe: actors in processes. Apache-2.0, see LICENSE.
// What of this machine troupe depends on, looked at one by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::tools {

enum class Verdict : std::uint8_t {
  good,
  note,  // something is missing that some programs need
  bad,   // no troupe program works like this, or not the one asked about
};

struct Check {
  std::string subject;
  Verdict verdict = Verdict::good;
  std::string found;
  std::string advice = {};  // what to do about it; empty: nothing
};

/// Of troupe, libzmq and Cereal.
[[nodiscard]] std::vector<Check> check_versions();
/// Where nodes of this user meet, and how many do.
[[nodiscard]] Check check_runtime_directory();
/// @param directory  of the keys; empty: none was named
[[nodiscard]] Check check_keys(const std::string& directory);
/// Whether a node can listen there on all addresses.
[[nodiscard]] Check check_port(std::uint16_t port);
/// Descriptors, processes, connections that may wait.
[[nodiscard]] std::vector<Check> check_limits();
/// What the kernel must be able to do.
[[nodiscard]] Check check_kernel();
[[nodiscard]] Check check_shared_memory();
/// Programs that start hosts or know names.
[[nodiscard]] std::vector<Check> check_engines();

}  // namespace troupe::tools
