// troupe: actors in processes. Apache-2.0, see LICENSE.
// A name that unrelated processes of one user find each other by: a file that its owner keeps locked.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <troupe/node/descriptor.hpp>

namespace troupe::detail {

/// Lifetime: its end removes the name; that of a process that was killed is free, as the lock is.
class NameFile {
 public:
  /// @throws Misuse   `name` has other characters than letters, digits, `.`, `-`, `_`, or more than 100
  /// @throws Refused  a living process has it, or the file cannot be written
  NameFile(const std::string& name, std::span<const std::byte> content);
  ~NameFile();
  NameFile(const NameFile&) = delete;
  NameFile& operator=(const NameFile&) = delete;

  /// What stands behind a name.
  /// @throws NotFound  no living process has it. @throws Misuse, Refused  as above
  [[nodiscard]] static std::vector<std::byte> read(const std::string& name);
  /// All that may be somebody's.
  [[nodiscard]] static std::vector<std::string> names();

 private:
  std::string path_;
  Descriptor file_;
};

}  // namespace troupe::detail
