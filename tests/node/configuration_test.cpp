// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the command line and the environment say of a node.
#include <troupe/node/configuration.hpp>

#include <troupe/wire/error.hpp>

#include <cstdlib>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace troupe;
using namespace troupe::detail;
using Catch::Matchers::Contains;
using Texts = std::vector<std::string>;

namespace {

/// A command line; what is left of it when the options are taken.
class Line {
 public:
  explicit Line(Texts words) : words_{std::move(words)} {
    words_.insert(words_.begin(), "program");
    for (auto& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  NodeOptions take(NodeOptions options = {}) {
    int count = static_cast<int>(words_.size());
    take_options(count, pointers_.data(), options);
    left.assign(pointers_.begin() + 1, pointers_.begin() + count);
    CHECK(pointers_[static_cast<std::size_t>(count)] == nullptr);
    return options;
  }
  Texts left;

 private:
  Texts words_;
  std::vector<char*> pointers_;
};

NodeOptions taken(Texts words) { return Line{std::move(words)}.take(); }

}  // namespace

TEST_CASE("options are taken out of the command line, all others stay in their order") {
  Line line{{"--verbose", "--troupe-listen=tcp://0.0.0.0:7000", "file", "--troupe-name=a", "--troupe-slots=12", "--troupe-keys=/k", "-x"}};

  const NodeOptions options = line.take();

  CHECK(line.left == Texts{"--verbose", "file", "-x"});
  CHECK(options.listen == "tcp://0.0.0.0:7000");
  CHECK(options.name == "a");
  CHECK(options.slots == 12);
  CHECK(options.keys == "/k");
  CHECK(options.join.empty());
  CHECK_FALSE(options.insecure);
}

TEST_CASE("what stands behind -- is the program's") {
  Line line{{"--troupe-name=a", "--", "--troupe-name=b", "--troupe-unknown"}};

  const NodeOptions options = line.take();

  CHECK(options.name == "a");
  CHECK(line.left == Texts{"--", "--troupe-name=b", "--troupe-unknown"});
}

TEST_CASE("labels come one by one or with commas, and add up") {
  CHECK(taken({"--troupe-label=gpu", "--troupe-label=big,odd"}).labels == Texts{"gpu", "big", "odd"});
  CHECK(taken({"--troupe-label=,a,,b,"}).labels == Texts{"a", "b"});
}

TEST_CASE("the last of an option counts, and the command line replaces what the program set") {
  NodeOptions set;
  set.name = "from the program";

  CHECK(Line{{"--troupe-name=a", "--troupe-name=b"}}.take(set).name == "b");
  CHECK(Line{{}}.take(set).name == "from the program");
}

TEST_CASE("options that there are not, or with values that are none, are misuse in words") {
  CHECK_THROWS_WITH(taken({"--troupe-jion=x"}), Contains("unknown option --troupe-jion=x") && Contains("--troupe-help"));
  CHECK_THROWS_WITH(taken({"--troupe-join"}), Contains("unknown option --troupe-join"));
  CHECK_THROWS_WITH(taken({"--troupe-name="}), Contains("nothing stands behind the ="));
  CHECK_THROWS_WITH(taken({"--troupe-insecure=yes"}), Contains("unknown option"));
  CHECK_THROWS_WITH(taken({"--troupe-transport=carrier-pigeon"}), Contains("unknown option"));
  CHECK_THROWS_AS(taken({"--troupe-"}), Misuse);
  for (const std::string slots : {"0", "-1", "1x", "x", "99999999999999999999999"})
    CHECK_THROWS_WITH(taken({"--troupe-slots=" + slots}), Contains("1 or more: " + slots));
}

TEST_CASE("the environment says the same, and is emptied of it") {
  ::setenv("TROUPE_JOIN", "tcp://a:1", 1);
  ::setenv("TROUPE_NAME", "b", 1);
  ::setenv("TROUPE_SLOTS", "3", 1);
  ::setenv("TROUPE_LABELS", "c,d", 1);
  ::setenv("TROUPE_KEYS", "/k", 1);
  ::setenv("TROUPE_INSECURE", "0", 1);
  ::setenv("TROUPE_LISTEN", "", 1);
  NodeOptions options;

  take_environment(options);

  CHECK(options.join == "tcp://a:1");
  CHECK(options.name == "b");
  CHECK(options.slots == 3);
  CHECK(options.labels == Texts{"c", "d"});
  CHECK(options.keys == "/k");
  CHECK_FALSE(options.insecure);
  CHECK(options.listen.empty());
  for (const char* variable : {"JOIN", "NAME", "SLOTS", "LABELS", "KEYS", "INSECURE", "LISTEN"})
    CHECK(std::getenv(("TROUPE_" + std::string{variable}).c_str()) == nullptr);
}

TEST_CASE("a variable whose value is none is misuse") {
  ::setenv("TROUPE_SLOTS", "many", 1);
  NodeOptions options;

  CHECK_THROWS_WITH(take_environment(options), Contains("1 or more: many"));
}

TEST_CASE("options that contradict each other are misuse in words") {
  const auto fault = [](const NodeOptions& options) -> std::string {
    try {
      check(options);
      return "";
    } catch (const Misuse& error) {
      return error.what();
    }
  };
  NodeOptions options;
  CHECK(fault(options).empty());
  options.listen = "tcp://a:1";
  CHECK(fault(options).empty());
  options.join = "tcp://a:1";
  CHECK_THAT(fault(options), Contains("not both"));
  options.listen.clear();
  CHECK(fault(options).empty());
  options.join = "ipc:///x";
  CHECK_THAT(fault(options), Contains("ipc:///x") && Contains("tcp://ADDRESS:PORT"));
  options.join.clear();
  options.name = std::string(64, 'n');
  CHECK_THAT(fault(options), Contains("63 characters"));
  options.name.pop_back();
  options.labels = {""};
  CHECK_THAT(fault(options), Contains("label"));
  options.labels = {std::string(63, 'l')};
  CHECK(fault(options).empty());
  options.child_transport = ChildTransport::tcp;
  CHECK_THAT(fault(options), Contains("--troupe-insecure"));
  options.insecure = true;
  CHECK(fault(options).empty());
}
