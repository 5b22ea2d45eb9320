// troupe: actors in processes. Apache-2.0, see LICENSE.
// A descriptor and its end, and whether this process has some left for another socket.
#pragma once

#include <string_view>
#include <utility>

#include <unistd.h>

namespace troupe::detail {

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) noexcept : number_{number} {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  explicit operator bool() const noexcept { return number_ >= 0; }
  [[nodiscard]] int get() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// Descriptors that no bind or dial may use up: libzmq aborts the process when it can't accept a connection on ipc for want of one.
constexpr int descriptor_reserve = 32;

/// Checks that more than `descriptor_reserve` descriptors are free.
/// @throws Refused  they are not; `what` could not be done
void require_descriptors(std::string_view what);

}  // namespace troupe::detail
