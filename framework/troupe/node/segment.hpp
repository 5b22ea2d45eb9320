// troupe: actors in processes. Apache-2.0, see LICENSE.
// POSIX shared memory of a node: segments with random names, which do not outlive the process that made them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <troupe/node/descriptor.hpp>

namespace troupe::detail {

/// A segment as it is mapped here. Unmapped at its end; the name stays.
class Segment {
 public:
  Segment() noexcept = default;
  Segment(Segment&& other) noexcept
      : name_{std::move(other.name_)}, data_{std::exchange(other.data_, nullptr)}, bytes_{std::exchange(other.bytes_, 0)} {}
  Segment& operator=(Segment&& other) noexcept {
    std::swap(name_, other.name_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Segment();

  /// Maps the segment of that name. @returns an empty one: there is none of ours (its process has ended, or runs on another host)
  [[nodiscard]] static Segment attach(const std::string& name) noexcept;

  explicit operator bool() const noexcept { return data_ != nullptr; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// What `Segments::keep` has put there; empty: it was not made so.
  [[nodiscard]] std::span<const std::byte> kept() const noexcept;

 private:
  friend class Segments;
  Segment(std::string name, std::byte* data, std::size_t bytes) noexcept : name_{std::move(name)}, data_{data}, bytes_{bytes} {}

  std::string name_;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// The segments that a node has made. An anchor beside them, an empty object that the node keeps locked, says that they are alive:
/// the kernel frees the lock however the process ends.
///
/// Threads: safe.
class Segments {
 public:
  ~Segments() { remove_all(); }

  /// A segment of zeros, with a name that nobody can guess and only this user may open.
  /// @throws Full  no room for it in /dev/shm, or no descriptors; nothing was made
  [[nodiscard]] Segment create(std::size_t bytes);
  /// One with a copy of `content`, and its size before that.
  /// @throws Full  as `create`
  [[nodiscard]] Segment keep(std::span<const std::byte> content);
  /// Who has it mapped keeps the memory; nobody maps it any more.
  void remove(const std::string& name) noexcept;
  void remove_all() noexcept;

 private:
  std::mutex mutex_;
  Descriptor anchor_;
  std::string base_;  // of all names; the anchor's own
  std::vector<std::string> names_;
  std::uint64_t last_ = 0;
};

/// Removes the segments of this user whose processes have died.
void sweep_segments() noexcept;

}  // namespace troupe::detail
