// troupe: actors in processes. Apache-2.0, see LICENSE.
// Marks amid text, however the stream is cut.
#include "catch.hpp"

#include <string>
#include <vector>

#include "tools/run/marks.hpp"

using troupe::tools::Marks;

TEST_CASE("Marks finds each mark and leaves the text, wherever the stream is cut") {
  const std::string stream = "one\2n1 ready a b\3\ntw\2n1 taken\3\2n1 ended 0\3o\2";

  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    INFO(cut);
    Marks marks{"n1"};
    const auto first = marks.take(stream.substr(0, cut));
    const auto second = marks.take(stream.substr(cut));
    auto found = first.marks;
    found.insert(found.end(), second.marks.begin(), second.marks.end());

    CHECK(first.text + second.text + marks.rest() == "one\ntwo\2");
    CHECK(found == std::vector<std::string>{"ready a b", "taken", "ended 0"});
  }
}

TEST_CASE("Marks takes what only looks like a mark for text, at once") {
  for (const std::string text : {"\2", "\2\3", "\2n2 ended 0\3", "\2n1\3", "\2n1x\3", "\2\2\2n1 \2x"}) {
    Marks marks{"n1"};

    const auto found = marks.take(text + "\3\n");

    if (text != "\2\2\2n1 \2x") CHECK(found.marks.empty());
    if (text != "\2\2\2n1 \2x") CHECK(found.text == text + "\3\n");
    CHECK(marks.take("more").text == "more");
  }
}

TEST_CASE("Marks keeps back no more than a mark's length") {
  Marks marks{"n1"};

  const auto found = marks.take("\2n1 " + std::string(5000, 'x'));

  CHECK(found.text.size() == 5004);
}
