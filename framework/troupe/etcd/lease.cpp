// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/etcd/lease.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace troupe::etcd::detail {

using namespace troupe::detail;

namespace {

constexpr Duration pause_after_failure = std::chrono::milliseconds{100};

std::shared_ptr<const ErrorInfo> over() { return std::make_shared<const ErrorInfo>(make_error(ErrorType::closed, "the node is ending")); }

}  // namespace

Lease::Lease(HttpLoop& loop, Members& members, Duration life, std::function<void()> on_lost)
    : loop_{loop}, members_{members}, seconds_{std::chrono::ceil<std::chrono::seconds>(life).count()}, on_lost_{std::move(on_lost)} {}

void Lease::with(Then then) {
  if (ended_) return then(over());
  if (number_ != 0) return then(number_);
  waiting_.push_back(std::move(then));
  if (waiting_.size() > 1) return;
  members_.ask<LeaseLife>(grant_lease(seconds_), &read_grant, [this](const Result<LeaseLife>& granted) {
    Result<std::int64_t> lease = ended_ ? Result<std::int64_t>{over()} : granted ? Result{granted->lease} : granted.error_info();
    if (lease) {
      number_ = *lease;
      beat_every_ = Duration{std::chrono::seconds{granted->seconds}} / 3;  // one may be lost
      begin_beat(beat_every_);
    }
    for (const auto& each : std::exchange(waiting_, {})) each(lease);
  });
}

void Lease::begin_beat(Duration pause) {
  loop_.after(pause, [this, number = number_] { beat(number); });
}

void Lease::beat(std::int64_t number) {
  if (number != number_ || ended_) return;
  members_.ask<LeaseLife>(keep_lease(number), beat_every_, &read_lease, [this, number](const Result<LeaseLife>& life) {
    if (number != number_) return;
    if (life ? life->seconds == 0 : life.error().type == ErrorType::not_found) return lost(number);
    begin_beat(life ? beat_every_ : pause_after_failure);
  });
}

void Lease::lost(std::int64_t number) {
  if (number != number_ || number == 0) return;
  former_.push_back(std::exchange(number_, 0));
  on_lost_();
}

// One that is not given back ends by itself.
void Lease::end_former() {
  for (const std::int64_t each : std::exchange(former_, {}))
    members_.ask<LeaseLife>(revoke_lease(each), &read_lease, [](const Result<LeaseLife>&) {});
}

void Lease::end(Duration patience, std::function<void()> then) {
  ended_ = true;
  if (number_ == 0) return then();
  members_.ask<LeaseLife>(revoke_lease(std::exchange(number_, 0)), patience, &read_lease,
                          [then = std::move(then)](const Result<LeaseLife>&) { then(); });
}

}  // namespace troupe::etcd::detail
