// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the tests of pipes share: an end that echoes, and how a stream ended.
#pragma once

#include "patterns/processes.hpp"

#include <memory>
#include <thread>
#include <utility>

template <class T>
void echo(troupe::Connection<T> conn) {
  while (auto item = conn.next()) conn.send(std::move(*item));
}

/// An end of a pipe whose other end echoes, here or in a process.
template <class T>
class Echo {
 public:
  Echo(Stage& stage, Where where) {
    auto [ours, theirs] = troupe::pipe<T>(stage.node);
    mine = std::move(ours);
    if (where == Where::here) {
      thread_ = std::thread{[conn = std::move(theirs)]() mutable { echo(std::move(conn)); }};
    } else {
      process_ = stage.node.start<echo<T>>(std::move(theirs));
    }
  }
  ~Echo() {
    mine.close();
    if (thread_.joinable()) thread_.join();
    if (process_) process_.join();
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

  troupe::Connection<T> mine;

 private:
  std::thread thread_;
  troupe::Process process_;
};

/// Why the other end of a pipe is gone, from which nothing comes any more; null: it was closed.
inline std::shared_ptr<const troupe::ErrorInfo> cause_of_end(troupe::Connection<int>& conn) {
  try {
    const int received = conn.recv(soon);
    FAIL("received " << received);
  } catch (const troupe::EndOfStream& end) {
    return end.info()->cause;
  }
  return nullptr;
}
