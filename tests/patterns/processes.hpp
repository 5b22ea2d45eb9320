// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the tests of processes share: how long they wait, and a process that goes on for ever.
#pragma once

#include "actor/stage.hpp"

#include <unistd.h>

#include <utility>

constexpr auto soon = 20s;  // nothing takes that long

inline void wait_for_ever(troupe::Queue<int> started) {
  started.put(::getpid());
  while (true) ::pause();
}

/// Of process_test.cpp: process_start_test.cpp has a function of the name that this one calls.
troupe::Process start_twin_of_other_file(troupe::Node& node, troupe::Queue<int> queue);

/// A process that has begun and goes on until it is ended.
inline troupe::Process endless(troupe::Node& node, troupe::ProcessOptions options = {}) {
  troupe::Queue<int> started{node};
  troupe::Process process = node.start<wait_for_ever>(std::move(options), started);
  CHECK(started.get(soon) == process.pid());
  return process;
}
