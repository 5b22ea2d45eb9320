// troupe: actors in processes. Apache-2.0, see LICENSE.
// A job of two hosts on this machine: this process is the head, another one joins it over loopback tcp with keys.
#pragma once

#include <troupe/node/node.hpp>

#include <cstdio>
#include <string>

namespace bench {

/// A fresh key in a directory of its own. That goes with this object, or with this process, however it ends.
class JobKey {
 public:
  JobKey();
  ~JobKey();
  JobKey(const JobKey&) = delete;
  JobKey& operator=(const JobKey&) = delete;
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  const std::string directory_;
  std::FILE* const remover_;  // a shell that removes it when its input ends
};

/// The process of the other host. Ends with the head; is killed if this process dies.
class OtherHost {
 public:
  OtherHost() = default;
  /// Waits until it has ended.
  ~OtherHost();
  OtherHost(const OtherHost&) = delete;
  OtherHost& operator=(const OtherHost&) = delete;
  /// To be called once, by the main thread.
  void start(const std::string& head, const std::string& keys);

 private:
  int pid_ = 0;
};

class TwoHosts {
 public:
  enum class Other { joined, absent };
  /// @param other  absent: until `join`
  explicit TwoHosts(Other other = Other::joined);
  /// Starts the other host, and waits until it belongs to the job. @throws Timeout  it does not
  void join();
  [[nodiscard]] troupe::Node& head() noexcept { return head_; }
  /// A process of its own on the other host.
  [[nodiscard]] static troupe::Place other();

 private:
  // The head's end ends the other host, and the key is needed until then.
  const JobKey key_;
  OtherHost other_;
  troupe::Node head_;
};

}  // namespace bench
