// troupe: actors in processes. Apache-2.0, see LICENSE.
// `tcp://HOST:PORT`: with keys anywhere; without, only on loopback, and only where the user said `insecure`.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "transports/scheme.hpp"

namespace troupe::detail {

/// Without keys HOST is 127.0.0.0/8, [::1] or localhost, and any user of the host may connect: hence `insecure`. With keys every
/// connection, out and in, is encrypted, and only who has the same pair is let in.
class Tcp final : public Scheme {
 public:
  void use_keys(const CurveKeys& keys);
  std::unique_ptr<Binding> listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) override;
  std::unique_ptr<Link> dial(const std::string& endpoint) override;
  /// As `Transport::near_side`.
  [[nodiscard]] static std::string near_side(const std::string& endpoint);

 private:
  [[nodiscard]] std::optional<CurveKeys> keys() const;

  mutable std::mutex mutex_;
  std::optional<CurveKeys> keys_;
};

}  // namespace troupe::detail
