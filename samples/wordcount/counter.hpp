// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor that counts: one per process.
#pragma once

#include <troupe/troupe.hpp>

#include <vector>

#include "messages.hpp"
#include "words.hpp"

namespace wordcount {

/// Counts what it is given into a table of its own, and hands the table over when asked.
class Counter : public troupe::Actor<Counter, Who, Count, Report> {
 public:
  Identity on(const Who&) const;
  Counted on(const Count& work);
  Tally on(const Report&);

 private:
  void count(const Slice& slice, Counted& counted);

  Words words_;
  std::vector<char> buffer_;
};

}  // namespace wordcount
