// troupe: actors in processes. Apache-2.0, see LICENSE.
// Shared memory of a node: named at random, seen by others, and gone with who made it.
#include "catch.hpp"

#include <troupe/node/segment.hpp>
#include <troupe/wire/error.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>

using namespace troupe;
using namespace troupe::detail;

namespace {

bool exists(const std::string& name) { return std::filesystem::exists("/dev/shm" + name); }

/// Has a process that is killed make a segment. @returns its name
std::string left_behind() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto* segments = new Segments;
    const Segment segment = segments->create(100);
    (void)!::write(ends[1], segment.name().data(), segment.name().size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string name(256, '\0');
  const auto bytes = ::read(ends[0], name.data(), name.size());
  ::close(ends[0]);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  REQUIRE(bytes > 0);
  name.resize(static_cast<std::size_t>(bytes));
  return name;
}

}  // namespace

TEST_CASE("a segment is zeros, and who attaches it sees what others write") {
  Segments segments;
  const Segment made = segments.create(100);
  const Segment other = Segment::attach(made.name());

  REQUIRE(other);
  CHECK(other.bytes() == 100);
  CHECK(other.data() != made.data());
  CHECK(other.data()[99] == std::byte{0});
  made.data()[99] = std::byte{7};
  CHECK(other.data()[99] == std::byte{7});
}

TEST_CASE("a segment that was removed stays with who has it, and is found by nobody") {
  Segments segments;
  const Segment made = segments.create(100);
  const Segment other = segments.create(100);
  segments.remove(made.name());

  CHECK_FALSE(Segment::attach(made.name()));
  CHECK(Segment::attach(other.name()));
  made.data()[0] = std::byte{1};
  segments.remove_all();
  CHECK_FALSE(exists(other.name()));
}

TEST_CASE("nothing is attached by a name that is not ours") {
  CHECK_FALSE(Segment::attach(""));
  CHECK_FALSE(Segment::attach("/"));
  CHECK_FALSE(Segment::attach("/somebody-else"));
  CHECK_FALSE(Segment::attach("/troupe-" + std::to_string(::geteuid()) + "-missing"));
  CHECK_FALSE(Segment::attach("/troupe-" + std::to_string(::geteuid()) + "-/../x"));
}

TEST_CASE("more shared memory than there is is refused, and leaves nothing behind") {
  Segments segments;
  const Segment small = segments.create(1);

  CHECK_THROWS_AS(segments.create(std::size_t{1} << 60U), Full);
  CHECK_THROWS_AS(segments.create(SIZE_MAX), Full);
  CHECK_FALSE(exists(small.name().substr(0, small.name().rfind('-')) + "-2"));
}

TEST_CASE("a sweep removes what a dead process left, and nothing of the living") {
  Segments segments;
  const Segment ours = segments.create(100);
  const std::string dead = left_behind();
  const std::string anchor = dead.substr(0, dead.rfind('-'));

  sweep_segments();

  CHECK_FALSE(exists(dead));
  CHECK_FALSE(exists(anchor));
  CHECK(exists(ours.name()));
}
