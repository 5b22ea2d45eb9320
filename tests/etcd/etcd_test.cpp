// troupe: actors in processes. Apache-2.0, see LICENSE.
// What becomes of names when a host dies, when etcd stops, dies, comes back or is slow, and when others write there.
#include "etcd/hosts.hpp"

#include <troupe/etcd/gateway.hpp>

#include <cstdlib>
#include <future>

using troupe::etcd::detail::to_base64;

namespace {

constexpr const char* endpoints_variable = "TROUPE_TEST_ETCD";

const ChildMain host{"etcd_host", [](int argc, char** argv) {
                       troupe::NodeOptions options;
                       troupe::etcd::use(options, at(std::getenv(endpoints_variable)));
                       troupe::Node node{argc, argv, options};
                       std::cout << "up" << std::endl;
                       while (true) {
                         try {
                           node.publish("host", node.spawn<Number>(static_cast<int>(::getpid())));
                           break;
                         } catch (const troupe::Refused&) {
                         }
                       }
                       std::cout << "published" << std::endl;
                       for (;;) ::pause();
                       return 0;
                     }};

/// Whose lease outlives every test.
const ChildMain service{"etcd_service", [](int argc, char** argv) {
                          troupe::NodeOptions options;
                          troupe::etcd::use(options, {.endpoints = {std::getenv(endpoints_variable)}, .lease = 1h});
                          troupe::Node node{argc, argv, options};
                          node.publish("service", 7);
                          std::cout << "published" << std::endl;
                          for (;;) ::pause();
                          return 0;
                        }};

}  // namespace

TEST_CASE("the name of a host that was killed lasts as long as its lease, and then one of those who want it has it") {
  if (skipped()) return;
  const EtcdServer server;
  ::setenv(endpoints_variable, server.endpoint(0).c_str(), 1);
  const Folder folder;
  Program first{"etcd_host", folder};
  REQUIRE(first.prints("published"));
  Program second{"etcd_host", folder};
  Program third{"etcd_host", folder};
  REQUIRE(second.prints("up"));
  REQUIRE(third.prints("up"));

  ::kill(first.pid(), SIGKILL);
  Stage stage{Where::here, with(at(server.endpoint(0)))};
  const auto herald = stage.spawn<Herald>();
  stage.node.watch_names(herald);

  int owner = 0;
  CHECK(eventually([&] { return failure_of([&] { owner = number_at(stage.node, "host"); }).empty(); }));
  CHECK((owner == second.pid() || owner == third.pid()));
  CHECK(herald.ask(Heard{}).get().starts_with("+host"));
  CHECK((owner == second.pid() ? second : third).prints("published"));
}

TEST_CASE("a name stays for as long as its host lives, over many leases") {
  if (skipped()) return;
  const EtcdServer server;
  Stage stage{Where::here, with(at(server.endpoint(0)))};
  Stage other{Where::here, with(at(server.endpoint(0)))};
  const auto herald = other.spawn<Herald>();
  other.node.watch_names(herald);

  stage.node.publish("stays", stage.spawn<Number>(1));

  CHECK_THROWS_AS(other.node.wait_for<Number>("never", 3500ms), troupe::Timeout);
  CHECK(number_at(other.node, "stays") == 1);
  CHECK(herald.ask(Heard{}).get() == "+stays");
}

TEST_CASE("a program ends in order, and its names have gone with it, before their lease ends") {
  if (skipped()) return;
  const EtcdServer server;
  Stage watcher{Where::here, with(at(server.endpoint(0)))};
  {
    Stage stage{Where::here, with({.endpoints = {server.endpoint(0)}, .lease = 1h})};
    stage.node.publish("brief", stage.spawn<Number>(1));
    CHECK(number_at(watcher.node, "brief") == 1);
  }
  CHECK_THROWS_AS(watcher.node.find<Number>("brief"), troupe::NotFound);
}

TEST_CASE("a program that SIGTERM or SIGINT ends gives its names back first") {
  if (skipped()) return;
  const int signal = GENERATE(SIGTERM, SIGINT);
  CAPTURE(signal);
  const EtcdServer server;
  ::setenv(endpoints_variable, server.endpoint(0).c_str(), 1);
  const Folder folder;
  Program program{"etcd_service", folder};
  REQUIRE(program.prints("published"));
  Stage stage{Where::here, with(at(server.endpoint(0)))};
  REQUIRE(stage.node.find<int>("service") == 7);

  ::kill(program.pid(), signal);

  CHECK(WTERMSIG(program.status()) == signal);
  CHECK_THROWS_AS(stage.node.find<int>("service"), troupe::NotFound);
}

TEST_CASE("without etcd each call ends in time as unreachable and says what did not happen") {
  const std::string nobody = "http://127.0.0.1:" + std::to_string(free_port());
  const auto begin = std::chrono::steady_clock::now();
  {
    Stage stage{Where::here, with(at(nobody))};
    const auto number = stage.spawn<Number>(1);

    const auto published = failure_of([&] { stage.node.publish("name", number); });
    const auto found = failure_of([&] { (void)stage.node.find<Number>("name"); });
    const auto awaited = failure_of([&] { (void)stage.node.wait_for<Number>("name", 100ms); });

    CHECK(published.starts_with("unreachable: the name 'name' is not published: etcd does not answer within 2 s (" + nobody + ": "));
    CHECK(found.starts_with("unreachable: etcd does not answer within 2 s (" + nobody + ": "));
    CHECK(awaited.starts_with("unreachable: "));
    CHECK_THROWS_AS(stage.node.unpublish("name"), troupe::NotFound);
  }
  CHECK(std::chrono::steady_clock::now() - begin < 15s);
}

TEST_CASE("what could not be published while etcd was gone is not there when it is back, and can be published then") {
  if (skipped()) return;
  EtcdServer server;
  Stage stage{Where::here, with(at(server.endpoint(0)))};
  Stage other{Where::here, with(at(server.endpoint(0)))};
  stage.node.publish("before", stage.spawn<Number>(1));
  server.kill(0);
  CHECK_THROWS_AS(stage.node.publish("after", stage.spawn<Number>(2)), troupe::NodeLost);
  CHECK_THROWS_AS(stage.node.publish("after", stage.spawn<Number>(3)), troupe::NodeLost);

  server.start(0);
  REQUIRE(server.healthy());

  CHECK(eventually([&] { return failure_of([&] { (void)number_at(other.node, "before"); }).empty(); }));
  CHECK_THROWS_AS(other.node.find<Number>("after"), troupe::NotFound);
  stage.node.publish("after", stage.spawn<Number>(4));
  CHECK(number_at(other.node, "after") == 4);
}

TEST_CASE("etcd comes back with nothing: the names of living hosts are there again, those who watch and wait go on") {
  if (skipped()) return;
  EtcdServer server;
  Stage stage{Where::here, with(at(server.endpoint(0)))};
  Stage other{Where::here, with(at(server.endpoint(0)))};
  const auto herald = other.spawn<Herald>();
  other.node.watch_names(herald);
  stage.node.publish("kept", stage.spawn<Number>(1));
  REQUIRE(eventually([&] { return herald.ask(Heard{}).get() == "+kept"; }));
  auto waits = std::async(std::launch::async, [&] { return other.node.wait_for<Number>("late").ask(Get{}).get(); });

  server.kill(0);
  server.forget(0);
  server.start(0);
  REQUIRE(server.healthy());

  CHECK(eventually([&] { return failure_of([&] { (void)number_at(other.node, "kept"); }).empty(); }));
  stage.node.publish("late", stage.spawn<Number>(2));
  CHECK(waits.get() == 2);
  CHECK(eventually([&] { return herald.ask(Heard{}).get().ends_with("+late"); }));
  stage.node.unpublish("kept");
  CHECK(eventually([&] { return herald.ask(Heard{}).get().ends_with("-kept"); }));
}

TEST_CASE("an etcd that pauses is waited for, but not for longer than the timeout, and nothing half done stays") {
  if (skipped()) return;
  const EtcdServer server;
  Stage stage{Where::here, with({.endpoints = {server.endpoint(0)}, .lease = 60s, .timeout = 3s})};
  stage.node.publish("first", stage.spawn<Number>(1));

  server.pause(0);
  auto slow = std::async(std::launch::async, [&] { return failure_of([&] { stage.node.publish("slow", stage.spawn<Number>(2)); }); });
  REQUIRE(slow.wait_for(500ms) == std::future_status::timeout);
  server.go_on(0);
  CHECK(slow.get().empty());
  CHECK(number_at(stage.node, "slow") == 2);

  server.pause(0);
  CHECK(failure_of([&] { stage.node.publish("lost", stage.spawn<Number>(3)); }).starts_with("unreachable: "));
  CHECK(failure_of([&] { stage.node.unpublish("slow"); }).starts_with("unreachable: the name 'slow' is given back later"));
  server.go_on(0);
  const auto gone = [&](const std::string& name) {
    return failure_of([&] { (void)number_at(stage.node, name); }).starts_with("not_found");
  };
  CHECK(eventually([&] { return gone("lost") && gone("slow"); }));
  CHECK(number_at(stage.node, "first") == 1);
}

TEST_CASE("what others write in the place of names is Malformed for those who look for it, and none for those who watch") {
  if (skipped()) return;
  const EtcdServer server;
  Stage stage{Where::here, with(at(server.endpoint(0)))};
  const auto herald = stage.spawn<Herald>();
  const auto put = [&](const std::string& key, const std::string& value) {
    REQUIRE(server.post("/v3/kv/put", R"({"key":")" + to_base64(key) + R"(","value":")" + to_base64(value) + "\"}").find("200 OK") !=
            std::string::npos);
  };
  put("/troupe/garbage", "whatever");
  put("/troupe/empty", "");
  put("/troupe/large", std::string(1'000'000, 'x'));
  put("/troupe/", "no name");
  put("/troupe/not a name", "x");
  stage.node.watch_names(herald);

  CHECK_THROWS_AS(stage.node.find<Number>("garbage"), troupe::Malformed);
  CHECK_THROWS_AS(stage.node.wait_for<Number>("empty"), troupe::Malformed);
  CHECK_THROWS_AS(stage.node.find<Number>("large"), troupe::Malformed);
  CHECK_THROWS_AS(stage.node.publish("garbage", 1), troupe::Refused);
  stage.node.publish("good", 1);
  put("/troupe/garbage", "something else");
  CHECK(eventually([&] { return herald.ask(Heard{}).get() == "+good"; }));
  put("/troupe/good", "overwritten");
  CHECK(eventually([&] { return herald.ask(Heard{}).get() == "+good-good"; }));
}

TEST_CASE("a lease that ends too early is taken anew with all names, but one that somebody else has by then is lost, with a line") {
  if (skipped()) return;
  const EtcdServer server;
  CapturedLog log;
  Stage stage{Where::here, with({.endpoints = {server.endpoint(0)}, .lease = 3s})};
  stage.node.publish("kept", stage.spawn<Number>(1));
  stage.node.publish("lost", stage.spawn<Number>(2));
  const auto put = server.post("/v3/kv/put", R"({"key":")" + to_base64("/troupe/lost") + R"(","value":"eA=="})");
  REQUIRE(put.find("200 OK") != std::string::npos);
  const std::string leases = server.post("/v3/lease/leases", "{}");
  const auto at_id = leases.find("\"ID\":\"") + 6;
  const std::string lease = leases.substr(at_id, leases.find('"', at_id) - at_id);

  REQUIRE(server.post("/v3/lease/revoke", R"({"ID":")" + lease + "\"}").find("200 OK") != std::string::npos);

  CHECK(eventually([&] { return log.contains("the name 'lost' cannot be had: a living process has it"); }));
  CHECK(number_at(stage.node, "kept") == 1);
  CHECK_THROWS_AS(stage.node.find<Number>("lost"), troupe::Malformed);
  REQUIRE(server.post("/v3/kv/deleterange", R"({"key":")" + to_base64("/troupe/lost") + "\"}").find("200 OK") != std::string::npos);
  stage.node.publish("lost", stage.spawn<Number>(3));
  CHECK(number_at(stage.node, "lost") == 3);
}

TEST_CASE("over https who does not show a certificate is refused, and so is a server that nobody vouches for") {
  if (skipped()) return;
  const Folder folder;
  const std::string key = folder.path() + "/key.pem";
  const std::string certificate = folder.path() + "/certificate.pem";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=troupe"
      " -addext subjectAltName=IP:127.0.0.1 -keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  if (std::system(make.c_str()) != 0) {
    std::cout << "skipped: openssl makes no certificate (apt install openssl)" << std::endl;
    return;
  }
  const EtcdServer server{1, {"--cert-file", certificate, "--key-file", key, "--trusted-ca-file", certificate, "--client-cert-auth"}};
  troupe::etcd::Options etcd{
      .endpoints = {server.endpoint(0)}, .timeout = 20s, .ca_file = certificate, .certificate_file = certificate, .key_file = key};

  Stage stage{Where::here, with(etcd)};
  stage.node.publish("name", 7);
  CHECK(stage.node.find<int>("name") == 7);

  etcd.timeout = 5s;
  auto shows_none = etcd;
  shows_none.certificate_file = shows_none.key_file = "";
  Stage unknown{Where::here, with(shows_none)};
  CHECK_THROWS_AS(unknown.node.find<int>("name"), troupe::NodeLost);
  auto trusts_nobody = etcd;
  trusts_nobody.ca_file = "";
  Stage careful{Where::here, with(trusts_nobody)};
  CHECK_THROWS_WITH(careful.node.find<int>("name"), Catch::Contains("certificate"));
}

TEST_CASE("programs with another prefix see other names") {
  if (skipped()) return;
  const EtcdServer server;
  Stage one{Where::here, with({.endpoints = {server.endpoint(0)}, .prefix = "/job-1/"})};
  Stage other{Where::here, with({.endpoints = {server.endpoint(0) + "/"}, .prefix = "/job-2/"})};

  one.node.publish("name", one.spawn<Number>(1));
  other.node.publish("name", other.spawn<Number>(2));

  CHECK(number_at(one.node, "name") == 1);
  CHECK(number_at(other.node, "name") == 2);
}

TEST_CASE("etcd::use says what is wrong with its options") {
  troupe::NodeOptions options;
  const auto refused = [&](const troupe::etcd::Options& etcd) { CHECK_THROWS_AS(troupe::etcd::use(options, etcd), troupe::Misuse); };

  refused({});
  refused({.endpoints = {"127.0.0.1:2379"}});
  refused({.endpoints = {"http://a:1", ""}});
  refused({.endpoints = {"http://a:1"}, .prefix = ""});
  refused({.endpoints = {"http://a:1"}, .lease = 500ms});
  refused({.endpoints = {"http://a:1"}, .timeout = 0s});
  CHECK_THROWS_AS(troupe::etcd::use(options, "http://a:1,b:2"), troupe::Misuse);
  CHECK_FALSE(options.directory);
}
