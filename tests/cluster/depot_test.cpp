// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a host keeps of another one's bytes: brought once, dropped when nobody will want them.
#include "actor/stage.hpp"

#include <troupe/cluster/depot.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/segment.hpp>

#include <algorithm>
#include <atomic>

using namespace troupe;
using namespace troupe::detail;

namespace {

using Bytes = std::vector<std::uint8_t>;

struct Stand {
  Stage stage;
  std::atomic<int> asked{0};
  std::atomic<bool> fails{false};
  Ref<BytesSource> source = stage.node.spawn<BytesSource>([this](std::uint64_t id) {
    ++asked;
    if (fails.load()) throw std::runtime_error{"nothing left"};
    return Bytes(1000, static_cast<std::uint8_t>(id));
  });
  Ref<Depot> depot = stage.node.spawn<Depot>();

  std::string bring(std::uint64_t id) { return depot.ask(BytesWanted{source, id}).get(); }
};

bool holds(const std::string& segment, std::uint8_t byte) {
  const Segment memory = Segment::attach(segment);
  const auto kept = memory.kept();
  return kept.size() == 1000 && std::all_of(kept.begin(), kept.end(), [&](std::byte each) { return each == std::byte{byte}; });
}

}  // namespace

TEST_CASE("bytes come to a depot once, whoever wants them and when") {
  Stand stand;
  std::vector<Future<std::string>> wanted;
  for (int i = 0; i < 10; ++i) wanted.push_back(stand.depot.ask(BytesWanted{stand.source, 7}));
  std::string segment = wanted.front().get();

  for (std::size_t i = 1; i < wanted.size(); ++i) CHECK(wanted[i].get() == segment);
  CHECK(stand.bring(7) == segment);
  CHECK(holds(segment, 7));
  CHECK(stand.asked == 1);
  CHECK(holds(stand.bring(8), 8));
  CHECK(stand.asked == 2);
}

TEST_CASE("a depot drops what is forgotten, and what its source leaves behind") {
  Stand stand;
  const std::string first = stand.bring(1);
  const std::string second = stand.bring(2);

  stand.depot.tell(BytesForgotten{stand.source, 1});
  CHECK(eventually([&] { return !Segment::attach(first); }));
  CHECK(holds(second, 2));
  CHECK(holds(stand.bring(1), 1));
  CHECK(stand.asked == 3);

  stand.source.stop();
  CHECK(eventually([&] { return !Segment::attach(second); }));
}

TEST_CASE("what a depot cannot bring is an error for who wants it, and can be had later") {
  Stand stand;
  stand.fails = true;
  CHECK_THROWS_WITH(stand.bring(1), Catch::Matchers::Contains("nothing left"));

  stand.fails = false;
  CHECK(holds(stand.bring(1), 1));

  stand.source.stop();
  CHECK_THROWS_AS(stand.bring(2), Error);
}

TEST_CASE("the end of a depot leaves no memory behind") {
  Stand stand;
  const std::string segment = stand.bring(1);
  stand.depot.stop();
  CHECK(eventually([&] { return !Segment::attach(segment); }));
}
