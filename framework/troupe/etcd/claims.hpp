// troupe: actors in processes. Apache-2.0, see LICENSE.
// The names that this host has at etcd, or is about to take or to give back.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <troupe/actor/promise.hpp>
#include <troupe/cluster/directory.hpp>
#include <troupe/etcd/lease.hpp>
#include <troupe/etcd/members.hpp>

namespace troupe::etcd::detail {

/// A name is taken by one transaction, if nobody has it, under the host's lease. When that is lost all names are taken again; one that
/// somebody else has by then is lost, and a line says so. What cannot be given back just now is given back later.
///
/// Threads: the loop's.
class Claims {
 public:
  Claims(HttpLoop& loop, Members& members, Lease& lease, std::string prefix);

  void publish(const std::string& name, const NameBytes& bytes, Promise<void> done);
  void unpublish(const std::string& name, Promise<void> done);
  /// Takes again what does not hang on the lease, gives back what should have been.
  void settle();

 private:
  struct Claim {
    std::string name;
    NameBytes bytes;
    enum class Aim : std::uint8_t { had, given_back } aim = Aim::had;
    bool under_way = false;  // a request about it
    std::int64_t lease = 0;  // that it hangs on
    int lost_leases = 0;     // while it was taken
    std::optional<Promise<void>> published;
    std::optional<Promise<void>> given_back;
    std::shared_ptr<Claim> next;  // of the same name, once this one is given back
  };
  using Shared = std::shared_ptr<Claim>;

  void work_on(const Shared& claim);
  void take(const Shared& claim, std::int64_t lease);
  void move(const Shared& claim, std::int64_t from, std::int64_t lease);
  void taken(const Shared& claim, std::int64_t lease, const Result<Done>& done);
  void not_taken(const Shared& claim, const ErrorInfo& why);
  void refused(const Shared& claim, const std::string& why);
  void give_back(const Shared& claim);
  void not_given_back(const Shared& claim, const ErrorInfo& why);
  void drop(const Shared& claim);
  [[nodiscard]] bool is_settled(const Claim& claim) const;
  void settled();
  void settle_later();

  HttpLoop& loop_;
  Members& members_;
  Lease& lease_;
  const std::string prefix_;
  std::map<std::string, Shared> claims_;
  bool settles_later_ = false;
};

}  // namespace troupe::etcd::detail
