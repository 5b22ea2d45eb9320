// troupe: actors in processes. Apache-2.0, see LICENSE.
// The samples of patterns print what their readers are told.
#include "program.hpp"

namespace {

void check_sample(const std::string& name, const std::string& prints) {
  Program sample{name, {}};
  CHECK(sample.wait() == 0);
  CHECK(sample.out() == prints);
  CHECK(sample.err() == "");
}

}  // namespace

TEST_CASE("queue: what a child is told, and what it counts") {
  check_sample("queue", "the child got: hello from the parent\nthe sum is 500500, the child's exit code 0\n");
}

TEST_CASE("pipe: two children speak, and a death is the end of the stream") {
  check_sample("pipe",
               "one -> 3 letters\ntwo -> 3 letters\nthree -> 5 letters\nnobody asks any more\n"
               "last words\nits death was the end of the stream\n");
}

TEST_CASE("shared: children change values and arrays") { check_sample("shared", "3.25: -1 -2 -3 -4 -5\n40000\n"); }

TEST_CASE("dict: a hundred processes take from it, and none is lost") { check_sample("dict", "apples: 50\napples: 0\npears: 7\n"); }

TEST_CASE("producers: the close of the queue ends the consumer") {
  check_sample("producers", "Anna: 300\nBert: 20\neach baker's in order\n");
}

TEST_CASE("crossing: never more than two at a time") {
  check_sample("crossing", "on the bridge before the start: 0\nall are over, never more than two at a time\n");
}

TEST_CASE("managed: an object of a process of its own, and what it throws") {
  check_sample("managed", "Anna has 200\nBert has no account\n");
}

TEST_CASE("topic: who subscribes late misses what was before") {
  check_sample("topic", "the early one read: rain, sun\nthe late one read: sun\n");
}
