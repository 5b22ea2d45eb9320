// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/etcd/claims.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include <troupe/wire/log.hpp>

namespace troupe::etcd::detail {

using namespace troupe::detail;

namespace {

constexpr Duration settle_after = std::chrono::milliseconds{500};

std::shared_ptr<const ErrorInfo> unreachable(const std::string& what, const ErrorInfo& why) {
  return std::make_shared<const ErrorInfo>(make_error(ErrorType::node_lost, what + why.what, Executed::unknown));
}

}  // namespace

Claims::Claims(HttpLoop& loop, Members& members, Lease& lease, std::string prefix)
    : loop_{loop}, members_{members}, lease_{lease}, prefix_{std::move(prefix)} {}

void Claims::publish(const std::string& name, const NameBytes& bytes, Promise<void> done) {
  const auto claim = std::make_shared<Claim>();
  claim->name = name;
  claim->bytes = bytes;
  claim->published = std::move(done);
  const auto [there, fresh] = claims_.try_emplace(name, claim);
  if (fresh) return work_on(claim);
  Claim& before = *there->second;
  if (before.aim == Claim::Aim::had || before.next != nullptr) return claim->published->set_error(name_refused(name, "this host has it"));
  before.next = claim;
}

void Claims::unpublish(const std::string& name, Promise<void> done) {
  const auto found = claims_.find(name);
  if (found == claims_.end() || found->second->aim == Claim::Aim::given_back) return done.set_error(name_not_published(name));
  const Shared claim = found->second;
  claim->aim = Claim::Aim::given_back;
  claim->given_back = std::move(done);
  if (!claim->under_way) work_on(claim);
}

void Claims::settle() {
  for (const auto& [name, claim] : std::map{claims_})
    if (!claim->under_way && !is_settled(*claim)) work_on(claim);
}

bool Claims::is_settled(const Claim& claim) const {
  return !claim.under_way && claim.aim == Claim::Aim::had && claim.lease != 0 && claim.lease == lease_.number();
}

// Of one; if all are, nothing of ours hangs on leases of before.
void Claims::settled() {
  if (lease_.has_former() && std::all_of(claims_.begin(), claims_.end(), [&](const auto& each) { return is_settled(*each.second); }))
    lease_.end_former();
}

void Claims::settle_later() {
  if (std::exchange(settles_later_, true)) return;
  loop_.after(settle_after, [this] {
    settles_later_ = false;
    settle();
  });
}

void Claims::work_on(const Shared& claim) {
  claim->under_way = true;
  if (claim->aim == Claim::Aim::given_back) return give_back(claim);
  lease_.with([this, claim](const Result<std::int64_t>& lease) {
    if (lease) return take(claim, *lease);
    claim->under_way = false;
    not_taken(claim, lease.error());
  });
}

void Claims::take(const Shared& claim, std::int64_t lease) {
  members_.ask<Done>(put_if_absent(prefix_ + claim->name, claim->bytes, lease), &read_done,
                     [this, claim, lease](const Result<Done>& done) { taken(claim, lease, done); });
}

void Claims::taken(const Shared& claim, std::int64_t lease, const Result<Done>& done) {
  claim->under_way = false;
  if (!done) {
    const bool again = done.error().type == ErrorType::not_found && ++claim->lost_leases < 3;
    if (!again) not_taken(claim, done.error());
    // Perhaps it is under way still: once its lease is given back nothing can come of it.
    if (done.error().type != ErrorType::refused) lease_.lost(lease);
    if (again && !claim->under_way) work_on(claim);
    return;
  }
  if (!done->as_asked && (!done->there || done->there->value != claim->bytes)) return refused(claim, "a living process has it");
  if (!done->as_asked && done->there->lease != lease) return move(claim, done->there->lease, lease);
  claim->lease = lease;
  claim->lost_leases = 0;
  if (claim->published) std::exchange(claim->published, {})->set_value();
  if (claim->aim == Claim::Aim::given_back || lease != lease_.number()) return work_on(claim);
  settled();
}

// It is ours, but hangs on a lease that we have no more.
void Claims::move(const Shared& claim, std::int64_t from, std::int64_t lease) {
  claim->under_way = true;
  members_.ask<Done>(move_if_same(prefix_ + claim->name, claim->bytes, from, lease), &read_done,
                     [this, claim, lease](const Result<Done>& done) {
                       if (done && !done->as_asked) return take(claim, lease);  // by now it has gone
                       taken(claim, lease, done);
                     });
}

void Claims::not_taken(const Shared& claim, const ErrorInfo& why) {
  if (why.type != ErrorType::node_lost) return refused(claim, why.what);
  if (claim->published) {
    claim->aim = Claim::Aim::given_back;  // it may have been taken, and the answer lost
    std::exchange(claim->published, {})->set_error(unreachable("the name '" + claim->name + "' is not published: ", why));
  }
  settle_later();
}

void Claims::refused(const Shared& claim, const std::string& why) {
  const auto error = name_refused(claim->name, why);
  if (claim->published) {
    std::exchange(claim->published, {})->set_error(error);
  } else {
    log(LogLevel::warning, "a name is lost, as etcd had not heard of this host for longer than its lease: " + error->what);
  }
  drop(claim);
}

void Claims::give_back(const Shared& claim) {
  members_.ask<Done>(remove_if_same(prefix_ + claim->name, claim->bytes), &read_done, [this, claim](const Result<Done>& done) {
    claim->under_way = false;
    if (!done) return not_given_back(claim, done.error());
    drop(claim);
  });
}

void Claims::not_given_back(const Shared& claim, const ErrorInfo& why) {
  if (claim->given_back)
    std::exchange(claim->given_back, {})->set_error(unreachable("the name '" + claim->name + "' is given back later: ", why));
  if (const auto next = std::move(claim->next); next != nullptr)
    std::exchange(next->published, {})->set_error(unreachable("the name '" + claim->name + "' is not published: ", why));
  settle_later();
}

// etcd has it no more from us.
void Claims::drop(const Shared& claim) {
  if (claim->given_back) std::exchange(claim->given_back, {})->set_value();
  const Shared next = std::move(claim->next);
  if (next == nullptr) {
    claims_.erase(claim->name);
    return settled();
  }
  claims_[claim->name] = next;
  work_on(next);
}

}  // namespace troupe::etcd::detail
