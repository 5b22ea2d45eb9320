// troupe: actors in processes. Apache-2.0, see LICENSE.
// Places as values and as messages, and the ways to nodes of other hosts.
#include <troupe/node/place.hpp>
#include <troupe/node/way.hpp>

#include <troupe/wire/archive.hpp>

#include <string>
#include <utility>

#include "catch.hpp"

using namespace troupe;
using namespace troupe::detail;

namespace {

template <class T>
Encoded encoded(const T& value) {
  Encoded out;
  encode(out, value);
  return out;
}

}  // namespace

TEST_CASE("a place comes back from a message as it was") {
  for (const Place& place : {here, own_process, anywhere, every_host, on_host("b"), with_label("gpu"), on_host(std::string(63, 'n'))})
    CHECK(decode<Place>(encoded(place).view()) == place);
  CHECK(on_host("b") != with_label("b"));
  CHECK(on_host("b").text() == "b");
  CHECK(here.text().empty());
  CHECK(Place{} == here);
}

TEST_CASE("a host's name or a label has 1 to 63 characters") {
  CHECK_THROWS_AS(on_host(""), Misuse);
  CHECK_THROWS_AS(with_label(""), Misuse);
  CHECK_THROWS_AS(on_host(std::string(64, 'n')), Misuse);
}

TEST_CASE("a place that is none is malformed or misuse, not a place") {
  CHECK_THROWS_AS(decode<Place>(encoded(std::pair{std::uint8_t{6}, std::string{}}).view()), Malformed);
  CHECK_THROWS_AS(decode<Place>(encoded(std::pair{std::uint8_t{255}, std::string{"b"}}).view()), Malformed);
  CHECK_THROWS_AS(decode<Place>(encoded(std::pair{std::uint8_t{2}, std::string(64, 'n')}).view()), Error);
}

TEST_CASE("a way is its text, with the job before it") {
  for (const std::uint64_t job : {std::uint64_t{1}, std::uint64_t{0xabcdef}, ~std::uint64_t{0}}) {
    const Way way{job, "ipc:///run/user/0/troupe-0/a-b.ipc"};
    const Way back = way_of(way.text());
    CHECK(back.job == job);
    CHECK(back.endpoint == way.endpoint);
  }
  CHECK(Way{0xff, "tcp://a:1"}.text() == "job:ff:tcp://a:1");
  CHECK(Way{0, "tcp://a:1"}.text() == "tcp://a:1");
}

TEST_CASE("what is no way with a job is an endpoint as it stands") {
  for (const std::string text : {"", "ipc:///x", "job:", "job:ff", "job::ipc:///x", "job:xyz:ipc:///x", "job:-1:ipc:///x",
                                 "job:ff ipc:///x", "job:11112222333344445:ipc:///x", "ajob:1:ipc:///x"}) {
    CAPTURE(text);
    CHECK(way_of(text).job == 0);
    CHECK(way_of(text).endpoint == text);
  }
}
