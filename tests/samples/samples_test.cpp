// troupe: actors in processes. Apache-2.0, see LICENSE.
// The small samples print what their pages say.
#include "program.hpp"

TEST_CASE("hello greets from another process") {
  Program hello{"hello", {}};

  CHECK(hello.wait() == 0);
  CHECK(hello.out() == "hello, world\n");
  CHECK(hello.err() == "");
}

TEST_CASE("counter does the same here and in a process of its own") {
  const std::string each = "counted to 2010\nrefused: nobody to share with\neach gets 201\nstopped, and the question was not handled\n";
  Program counter{"counter", {}};

  CHECK(counter.wait() == 0);
  CHECK(counter.out() == "in this process\n" + each + "in a process of its own\n" + each);
  CHECK(counter.err() == "");
}
