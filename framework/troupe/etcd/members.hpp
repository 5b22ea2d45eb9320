// troupe: actors in processes. Apache-2.0, see LICENSE.
// The members of one etcd: asked in turn until one answers.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/etcd/gateway.hpp>
#include <troupe/etcd/http_loop.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/wire/result.hpp>

namespace troupe::etcd::detail {

/// Threads: the loop's.
class Members {
 public:
  Members(HttpLoop& loop, const Options& options);

  /// Asks whichever member answers, for `patience`. `then` is called once, not before this returns: with what `read` makes of the answer,
  /// with etcd's refusal, or with NodeLost, which says what each member did.
  template <class T>
  void ask(const Call& call, Duration patience, T (*read)(const Json&), std::function<void(const Result<T>&)> then) {
    const auto answer = std::make_shared<std::optional<T>>();
    ask(std::make_shared<Asked>(Asked{.path = call.path,
                                      .body = call.body.dump(),
                                      .until = troupe::detail::after(troupe::detail::Clock::steady().now(), patience),
                                      .patience = patience,
                                      .read = [answer, read](const Json& json) { answer->emplace(read(json)); },
                                      .then =
                                          [answer, then = std::move(then)](std::shared_ptr<const ErrorInfo> error) {
                                            then(error != nullptr ? Result<T>{std::move(error)} : Result<T>{std::move(**answer)});
                                          }}));
  }
  /// The same for as long as a user's call may take.
  template <class T>
  void ask(const Call& call, T (*read)(const Json&), std::function<void(const Result<T>&)> then) {
    ask(call, timeout_, read, std::move(then));
  }

  /// The one that is asked first.
  [[nodiscard]] const std::string& preferred() const { return endpoints_[preferred_]; }
  /// It does not answer: the next one is asked.
  void pass_over(const std::string& member, const std::string& problem);
  /// How long one may take.
  [[nodiscard]] Duration turn() const noexcept { return turn_; }

 private:
  struct Asked {
    std::string path;
    std::string body;
    TimePoint until;
    Duration patience;
    std::function<void(const Json&)> read;
    std::function<void(std::shared_ptr<const ErrorInfo>)> then;
    std::size_t tries = 0;
  };
  void ask(const std::shared_ptr<Asked>& asked);
  void on_answer(const std::shared_ptr<Asked>& asked, const std::string& member, const HttpAnswer& answer);
  [[nodiscard]] std::size_t index_of(const std::string& member) const;
  [[nodiscard]] std::shared_ptr<const ErrorInfo> nobody_answers(Duration patience) const;

  HttpLoop& loop_;
  const std::vector<std::string> endpoints_;
  const Duration timeout_;
  const Duration turn_;
  std::vector<std::string> problems_;  // what each said last
  std::size_t preferred_ = 0;
};

}  // namespace troupe::etcd::detail
