// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a session does at a later time.
#pragma once

#include <memory>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/session.hpp>
#include <troupe/node/timer.hpp>

namespace troupe::detail {

/// Calls a member of the session under its mutex. The session outlives it: cancelled before its end.
class Session::Later final : public Timer {
 public:
  Later(Session& session, void (Session::*what)()) : session_{session}, what_{what} {}
  void fire() override {
    const auto keep = std::exchange(hold_, nullptr);
    const std::lock_guard lock{session_.mutex_};
    (session_.*what_)();
  }
  /// @pre it is not scheduled
  void schedule(TimePoint when) {
    hold_ = session_.shared_from_this();
    session_.node_.timers().schedule(*this, when);
  }
  void cancel() {
    if (session_.node_.timers().cancel(*this)) hold_ = nullptr;
  }

 private:
  Session& session_;
  void (Session::*const what_)();
  std::shared_ptr<Session> hold_;
};

}  // namespace troupe::detail
