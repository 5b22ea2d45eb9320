// troupe: actors in processes. Apache-2.0, see LICENSE.
// Range-for over what is taken one by one with `next()`.
#pragma once

#include <utility>

namespace troupe::detail {

struct TakingEnd {};

/// Once through. `*` is what `next()` brought, until it brings nothing.
template <class Source>
class Taking {
 public:
  explicit Taking(Source& source) : source_{&source}, taken_{source.next()} {}
  [[nodiscard]] auto& operator*() { return *taken_; }
  Taking& operator++() {
    taken_ = source_->next();
    return *this;
  }
  bool operator==(TakingEnd) const noexcept { return !taken_; }

 private:
  Source* source_;
  decltype(std::declval<Source&>().next()) taken_;
};

}  // namespace troupe::detail
