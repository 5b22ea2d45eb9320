// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names by which programs that were started apart find each other.
#include "actor/stage.hpp"
#include "system/program.hpp"

#include <troupe/cluster/name_file.hpp>
#include <troupe/node/runtime_directory.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <iostream>
#include <optional>

using troupe::Dict;
using troupe::Lock;
using troupe::Queue;

namespace {

struct Add {
  int by = 0;
};
struct Get {};
class Sum : public troupe::Actor<Sum, Add, Get> {
 public:
  void on(const Add& add) { sum_ += add.by; }
  int on(const Get&) const { return sum_; }

 private:
  int sum_ = 0;
};

/// A name of this process's own.
std::string own_name(const std::string& end) { return "directory-test." + std::to_string(::getpid()) + "." + end; }

template <class Call>
std::string text_of(Call call) {
  try {
    call();
  } catch (const troupe::Error& error) {
    return error.what();
  }
  return "";
}

const ChildMain shop{"directory_shop", [](int argc, char** argv) {
                       troupe::Node node{argc, argv};
                       const auto sum = node.spawn<Sum>();
                       Queue<std::string> orders{node};
                       Dict<std::string, int> prices{node};
                       Lock door{node};
                       troupe::Value<int> open{node, 7};
                       prices.set("tea", 3);
                       node.publish("sum", sum);
                       node.publish("orders", orders);
                       node.publish("prices", prices);
                       node.publish("door", door);
                       node.publish("open", open);
                       std::cout << "open" << std::endl;
                       while (const auto order = orders.next()) std::cout << *order << std::endl;
                       std::cout << sum.ask(Get{}).get() << std::endl;
                       return 0;
                     }};

const ChildMain customer{"directory_customer", [](int argc, char** argv) {
                           troupe::Node node{argc, argv};
                           auto orders = node.wait_for<Queue<std::string>>("orders");
                           const auto sum = node.wait_for<Sum>("sum");
                           auto prices = node.wait_for<Dict<std::string, int>>("prices");
                           auto door = node.wait_for<Lock>("door");
                           auto open = node.wait_for<troupe::Value<int>>("open");
                           door.lock();
                           sum.ask(Add{prices.get("tea") + open.get()}).get();
                           door.unlock();
                           orders.put_confirmed("an order");
                           orders.close();
                           return 0;
                         }};

}  // namespace

TEST_CASE("programs that are started apart find each other's actors, queues, dicts, locks and values, in any order") {
  const Folder folder;
  Program first{"directory_customer", folder};
  Program second{"directory_shop", folder};

  CHECK(second.prints("an order"));
  CHECK(second.prints("10"));
  CHECK(first.status() == 0);
  CHECK(second.status() == 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder.path()}) CHECK(entry.path().extension() != ".name");
}

namespace {

const ChildMain keeper{"directory_keeper", [](int argc, char** argv) {
                         troupe::Node node{argc, argv};
                         node.publish("sum", node.spawn<Sum>());
                         std::cout << "published" << std::endl;
                         for (;;) ::pause();
                         return 0;
                       }};

const ChildMain mourner{"directory_mourner", [](int argc, char** argv) {
                          troupe::Node node{argc, argv};
                          const auto old = node.find<Sum>("sum");
                          old.ask(Get{}).get();
                          std::cout << "found" << std::endl;
                          while (true) {
                            try {
                              (void)node.find<Sum>("sum");
                            } catch (const troupe::NotFound&) {
                              break;
                            }
                          }
                          try {
                            old.ask(Get{}).get();
                          } catch (const troupe::ActorDied&) {
                            std::cout << "it died" << std::endl;
                          }
                          node.publish("sum", node.spawn<Sum>());
                          std::cout << node.find<Sum>("sum").ask(Get{}).get() << " again" << std::endl;
                          return 0;
                        }};

}  // namespace

TEST_CASE("the name of a program that was killed is free, and its refs say that it died") {
  const Folder folder;
  Program owner{"directory_keeper", folder};
  REQUIRE(owner.prints("published"));
  Program other{"directory_mourner", folder};
  REQUIRE(other.prints("found"));

  ::kill(owner.pid(), SIGKILL);

  CHECK(other.prints("it died"));
  CHECK(other.prints("0 again"));
  CHECK(other.status() == 0);
}

TEST_CASE("a name is found where it was published too, once, and free after unpublish") {
  Stage stage;
  const auto name = own_name("a");
  const auto sum = stage.spawn<Sum>();

  stage.node.publish(name, sum);

  CHECK(stage.node.find<Sum>(name) == sum);
  CHECK_THROWS_AS(stage.node.publish(name, Queue<int>{stage.node}), troupe::Refused);
  CHECK(stage.node.find<Sum>(name) == sum);
  stage.node.unpublish(name);
  CHECK_THROWS_AS(stage.node.find<Sum>(name), troupe::NotFound);
  CHECK_THROWS_AS(stage.node.unpublish(name), troupe::NotFound);
  Queue<int> queue{stage.node};
  stage.node.publish(name, queue);
  CHECK(stage.node.find<Queue<int>>(name) == queue);
}

TEST_CASE("a name goes with what it names, and with its node") {
  std::optional<Stage> stage{std::in_place};
  Stage other;
  const auto actor = own_name("actor");
  const auto queue = own_name("queue");
  const auto left = own_name("left");
  const auto sum = stage->spawn<Sum>();
  Queue<int> items{stage->node};
  stage->node.publish(actor, sum);
  stage->node.publish(queue, items);
  stage->node.publish(left, stage->spawn<Sum>());
  const auto gone = [&](const std::string& name) {
    try {
      (void)other.node.find<Sum>(name);
    } catch (const troupe::NotFound&) {
      return true;
    } catch (const troupe::Malformed&) {
    }
    return false;
  };

  CHECK_FALSE(gone(queue));
  sum.stop();
  items.destroy();
  CHECK(eventually([&] { return gone(actor) && gone(queue); }));
  CHECK(other.node.find<Sum>(left).ask(Get{}).get() == 0);
  stage.reset();
  CHECK(gone(left));
}

TEST_CASE("what is found under a name has the type that was asked for, or the error names both") {
  Stage stage;
  const auto name = own_name("typed");
  Queue<int> queue{stage.node};
  stage.node.publish(name, queue);

  CHECK_THROWS_AS(stage.node.find<Queue<long>>(name), troupe::Malformed);
  CHECK_THROWS_AS(stage.node.wait_for<Sum>(name, 1s), troupe::Malformed);
  const auto text = text_of([&] { (void)stage.node.find<Sum>(name); });
  CHECK(text.find("troupe::Queue<int>") != std::string::npos);
  CHECK(text.find("Sum") != std::string::npos);
}

TEST_CASE("names have up to 100 letters, digits, dots, hyphens and underscores") {
  Stage stage;
  const auto sum = stage.spawn<Sum>();

  for (const std::string& odd : {std::string{}, std::string{"../up"}, std::string{"a b"}, std::string{"a\0b", 3}, std::string{"tea;"},
                                 std::string{"t\xc3\xa9"}, std::string(101, 'x')}) {
    CHECK_THROWS_AS(stage.node.publish(odd, sum), troupe::Misuse);
    CHECK_THROWS_AS(stage.node.find<Sum>(odd), troupe::Misuse);
    CHECK_THROWS_AS(stage.node.wait_for<Sum>(odd, 1s), troupe::Misuse);
  }
  std::string longest = own_name("");
  longest.resize(100, 'x');
  stage.node.publish(longest, sum);
  CHECK(stage.node.find<Sum>(longest) == sum);
}

TEST_CASE("wait_for returns with what is published meanwhile, or says Timeout after the patience") {
  Stage stage;
  const auto name = own_name("later");
  auto waits = std::async(std::launch::async, [&] { return stage.node.wait_for<Sum>(name); });
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(stage.node.wait_for<Sum>(name, 30ms), troupe::Timeout);
  CHECK(std::chrono::steady_clock::now() - begin >= 30ms);
  const auto sum = stage.spawn<Sum>();

  stage.node.publish(name, sum);

  CHECK(waits.get() == sum);
}

namespace {

/// Something that stands behind a name and was put there by nobody of us.
class StrangeFile {
 public:
  explicit StrangeFile(const std::string& name) : path_{troupe::detail::runtime_directory() + '/' + name + ".name"} {}
  ~StrangeFile() { std::filesystem::remove(path_); }
  StrangeFile(const StrangeFile&) = delete;
  StrangeFile& operator=(const StrangeFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

}  // namespace

TEST_CASE("a file that nobody keeps is no name, whatever stands in it, and does not stand in the way") {
  Stage stage;
  const auto name = own_name("stale");
  const StrangeFile file{name};
  std::ofstream{file.path()} << "whatever";

  CHECK_THROWS_AS(stage.node.find<Sum>(name), troupe::NotFound);
  const auto sum = stage.spawn<Sum>();
  stage.node.publish(name, sum);
  CHECK(stage.node.find<Sum>(name) == sum);
}

TEST_CASE("hostile content behind a name that is kept is Malformed, of any length and at every byte") {
  Stage stage;
  const auto name = own_name("hostile");
  Queue<int> queue{stage.node};
  std::vector<std::byte> good;
  {
    stage.node.publish(name, queue);
    good = troupe::detail::NameFile::read(name);
    stage.node.unpublish(name);
  }
  REQUIRE(good.size() > 50);

  for (std::size_t length = 0; length < good.size(); length += 7) {
    const troupe::detail::NameFile file{name, std::span{good}.first(length)};
    CHECK_THROWS_AS(stage.node.find<Queue<int>>(name), troupe::Malformed);
  }
  for (std::size_t at = 0; at < good.size(); at += 3) {
    auto bad = good;
    bad[at] = ~bad[at];
    const troupe::detail::NameFile file{name, bad};
    try {
      (void)stage.node.find<Queue<int>>(name);  // an address that nobody has is found out when it is used
    } catch (const troupe::Error&) {
    }
  }
  CHECK_THROWS_AS((troupe::detail::NameFile{name, std::vector<std::byte>(1 << 20)}), troupe::Refused);
}

TEST_CASE("a link, a folder or a pipe in the place of a name is refused") {
  Stage stage;
  const auto sum = stage.spawn<Sum>();
  const auto name = own_name("odd");
  const StrangeFile file{name};
  const auto refused = [&] {
    CHECK_THROWS_AS(stage.node.find<Sum>(name), troupe::Refused);
    CHECK_THROWS_AS(stage.node.publish(name, sum), troupe::Refused);
    std::filesystem::remove(file.path());
  };

  std::filesystem::create_symlink("/etc/passwd", file.path());
  refused();
  std::filesystem::create_directory(file.path());
  refused();
  REQUIRE(::mkfifo(file.path().c_str(), 0600) == 0);
  CHECK_THROWS_AS(stage.node.find<Sum>(name), troupe::Refused);
}

TEST_CASE("of many who take a name at once, one has it, and who finds it finds one that is whole") {
  const auto name = own_name("race");
  std::atomic<int> holders{0};
  std::atomic<int> taken{0};
  std::atomic<bool> over{false};
  auto reader = std::async(std::launch::async, [&] {
    int found = 0;
    while (!over) {
      try {
        const auto content = troupe::detail::NameFile::read(name);
        if (content.size() != 1000 || content.front() != content.back()) return -1;
        ++found;
      } catch (const troupe::NotFound&) {
      }
    }
    return found;
  });
  std::vector<std::future<bool>> takers;
  for (int i = 0; i < 4; ++i)
    takers.push_back(std::async(std::launch::async, [&, i] {
      const std::vector<std::byte> content(1000, static_cast<std::byte>(i));
      for (int round = 0; round < 200; ++round) {
        try {
          const troupe::detail::NameFile file{name, content};
          if (holders.fetch_add(1) != 0) return false;
          ++taken;
          holders.fetch_sub(1);
        } catch (const troupe::Refused&) {
        }
      }
      return true;
    }));

  for (auto& taker : takers) CHECK(taker.get());
  over = true;
  CHECK(reader.get() >= 0);
  CHECK(taken > 0);
}
