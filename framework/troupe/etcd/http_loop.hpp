// troupe: actors in processes. Apache-2.0, see LICENSE.
// A thread that sends HTTP requests, any number at a time, and does what is due at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <troupe/etcd/etcd.hpp>
#include <troupe/node/clock.hpp>

namespace troupe::etcd::detail {

/// What a request came to.
struct HttpAnswer {
  std::string problem;  // why there is no answer; empty: there is one
  bool late = false;    // because there was none in time
  long status = 0;
  std::string body;  // of a stream: empty
};

/// Lifetime: what is under way at its end is dropped, not called.
/// Threads: `post`, `stop` from any; the rest, and whatever it calls, on its own.
class HttpLoop {
 public:
  using Done = std::function<void(const HttpAnswer&)>;
  using Piece = std::function<void(std::string_view)>;

  explicit HttpLoop(const Options& options);
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  /// Has `work` done on the loop's thread, behind what was posted before.
  void post(std::function<void()> work);
  /// Ends the thread; nothing is called any more.
  void stop();

  /// Has `work` done after `pause`.
  void after(Duration pause, std::function<void()> work);
  /// Sends `body` by POST; `done` is called within `patience`, not before this returns.
  void send(const std::string& url, std::string body, Duration patience, Done done);
  /// The same, of an answer that comes in pieces and without end; `patience` is for the connection. @returns its number
  std::uint64_t open_stream(const std::string& url, std::string body, Duration patience, Piece piece, Done done);
  /// Calls nothing of it any more.
  void close_stream(std::uint64_t number);

 private:
  struct Transfer;
  Transfer& begin(const std::string& url, std::string body, Duration patience, Done done);
  void run();
  void run_posted();
  void run_due();
  void hand_out_pieces();
  void finish_transfers();
  [[nodiscard]] int next_wait_ms() const;

  const Options options_;
  void* const multi_;  // of libcurl
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Transfer>> transfers_;
  std::multimap<TimePoint, std::function<void()>> later_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace troupe::etcd::detail
