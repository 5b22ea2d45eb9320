// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where tests of actors happen: a node whose children are this program, and the places that every behaviour is tried at.
#pragma once

#include "catch.hpp"

#include <troupe/troupe.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

/// The place of the actor under test, as `GENERATE(every_place)` has it.
enum class Where { here, ipc, tcp };
#define every_place values({Where::here, Where::ipc, Where::tcp})
#define other_processes values({Where::ipc, Where::tcp})

inline std::ostream& operator<<(std::ostream& out, Where where) {
  return out << (where == Where::here ? "here" : where == Where::ipc ? "own process, ipc" : "own process, tcp");
}

/// A node, and where its actors go.
class Stage {
 public:
  explicit Stage(Where where = Where::here, const troupe::NodeOptions& options = {})
      : place_{where == Where::here ? troupe::here : troupe::own_process}, node{argc_, argv_, over(where, options)} {}

  template <class A, class... Args>
  troupe::Ref<A> spawn(Args&&... args) {
    return node.spawn<A>(place_, std::forward<Args>(args)...);
  }

 private:
  static troupe::NodeOptions over(Where where, troupe::NodeOptions options) {
    options.handle_signals = false;
    if (where == Where::tcp) {
      options.child_transport = troupe::ChildTransport::tcp;
      options.insecure = true;
    }
    return options;
  }

  char name_[8]{"actors"};
  char* pointers_[2]{name_, nullptr};
  int argc_ = 1;
  char** argv_ = pointers_;
  const troupe::Place place_;

 public:
  troupe::Node node;
};

/// Collects troupe's own lines instead of writing them.
class CapturedLog {
 public:
  CapturedLog() {
    troupe::set_log_sink([this](troupe::LogLevel, std::string_view line) {
      const std::lock_guard lock{mutex_};
      lines_.emplace_back(line);
    });
  }
  ~CapturedLog() { troupe::set_log_sink({}); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  [[nodiscard]] bool contains(std::string_view text) {
    (void)troupe::detail::flush_log(1s);
    const std::lock_guard lock{mutex_};
    for (const auto& line : lines_)
      if (line.find(text) != std::string::npos) return true;
    return false;
  }
  [[nodiscard]] std::vector<std::string> lines() {
    (void)troupe::detail::flush_log(1s);
    const std::lock_guard lock{mutex_};
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Asks again and again for what other threads or processes bring about, for 20 s at most. @returns whether it came
inline bool eventually(const std::function<bool()>& condition, std::chrono::seconds patience = 20s) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

/// How a future ended, when its value does not matter.
template <class T>
troupe::ErrorInfo error_of(troupe::Future<T> future) {
  const auto result = future.result();
  REQUIRE_FALSE(result.has_value());
  return result.error();
}

/// Others write into it, from wherever they are.
struct Note {
  std::string text;
};
struct ReadNotes {};
class Journal : public troupe::Actor<Journal, Note, ReadNotes> {
 public:
  void on(const Note& note) { notes_.push_back(note.text); }
  std::vector<std::string> on(const ReadNotes&) const { return notes_; }

 private:
  std::vector<std::string> notes_;
};

inline std::vector<std::string> notes_of(const troupe::Ref<Journal>& journal) { return journal.ask(ReadNotes{}).get(); }
