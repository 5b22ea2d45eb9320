// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the tests of pools share: small tasks, and how the end of one is looked at.
#pragma once

#include "actor/stage.hpp"

#include <signal.h>
#include <unistd.h>

#include <numeric>
#include <utility>
#include <vector>

inline int square(int n) { return n * n; }
inline int pid_of(int) { return ::getpid(); }
inline int identity(int n) { return n; }

/// Says that it has begun, and waits until it may end.
inline int wait_for_gate(const troupe::Event& begun, const troupe::Event& gate, int result) {
  begun.set();
  gate.wait();
  return result;
}
/// Until its worker is ended.
inline void never_ends(const troupe::Event& begun) {
  begun.set();
  for (;;) ::pause();
}

inline std::vector<int> numbers_to(int end) {
  std::vector<int> numbers(static_cast<std::size_t>(end));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}
inline std::vector<int> squares_to(int end) {
  std::vector<int> squares = numbers_to(end);
  for (int& each : squares) each *= each;
  return squares;
}

/// How a future of a pool ended, as the class that is thrown.
template <class Thrown, class T>
troupe::ErrorInfo thrown_by(troupe::Future<T>& future) {
  try {
    (void)future.get(20s);
  } catch (const Thrown& error) {
    return *error.info();
  }
  FAIL("the future brought a value");
  return {};
}
