// troupe: actors in processes. Apache-2.0, see LICENSE.
// The runtime directory is ours alone, or there is an error that says whose it is.
#include "catch.hpp"

#include <troupe/node/runtime_directory.hpp>
#include <troupe/wire/error.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

using namespace troupe;
using troupe::detail::runtime_directory;

namespace {

// An empty directory as XDG_RUNTIME_DIR and none as TMPDIR; the environment is as before afterwards.
struct Sandbox {
  std::string path = "/tmp/troupe-test-XXXXXX";
  std::optional<std::string> xdg = value("XDG_RUNTIME_DIR");
  std::optional<std::string> tmpdir = value("TMPDIR");

  Sandbox() {
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    ::setenv("XDG_RUNTIME_DIR", path.c_str(), 1);
    ::unsetenv("TMPDIR");
  }
  ~Sandbox() {
    restore("XDG_RUNTIME_DIR", xdg);
    restore("TMPDIR", tmpdir);
    std::filesystem::remove_all(path);
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  [[nodiscard]] std::string ours() const { return path + "/troupe-" + std::to_string(::geteuid()); }

  static std::optional<std::string> value(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::nullopt : std::optional<std::string>{text};
  }
  static void restore(const char* name, const std::optional<std::string>& text) {
    if (text) ::setenv(name, text->c_str(), 1);
    if (!text) ::unsetenv(name);
  }
};

unsigned mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("The runtime directory is made for us alone, whatever the umask, and found again") {
  const Sandbox sandbox;
  const auto umask_before = ::umask(GENERATE(mode_t{0}, mode_t{022}, mode_t{0377}));

  const auto made = runtime_directory();
  ::umask(umask_before);

  CHECK(made == sandbox.ours());
  CHECK(mode_of(made) == 0700);
  CHECK(runtime_directory() == made);
}

TEST_CASE("A runtime directory that cannot be trusted is refused in words and left as it was") {
  const Sandbox sandbox;

  SECTION("a symbolic link, also one to a directory of ours") {
    std::filesystem::create_directory(sandbox.path + "/elsewhere");
    ::chmod((sandbox.path + "/elsewhere").c_str(), 0700);
    std::filesystem::create_symlink(sandbox.path + "/elsewhere", sandbox.ours());
    CHECK_THROWS_WITH(runtime_directory(), Catch::Contains(sandbox.ours()) && Catch::Contains("symbolic link"));
  }
  SECTION("a dangling symbolic link") {
    std::filesystem::create_symlink(sandbox.path + "/nowhere", sandbox.ours());
    CHECK_THROWS_WITH(runtime_directory(), Catch::Contains("symbolic link"));
    CHECK_FALSE(std::filesystem::exists(sandbox.path + "/nowhere"));
  }
  SECTION("open to others") {
    std::filesystem::create_directory(sandbox.ours());
    ::chmod(sandbox.ours().c_str(), 0770);
    CHECK_THROWS_WITH(runtime_directory(), Catch::Contains("0770") && Catch::Contains("chmod 700"));
    CHECK(mode_of(sandbox.ours()) == 0770);
  }
  SECTION("a file") {
    std::ofstream{sandbox.ours()} << "x";
    CHECK_THROWS_WITH(runtime_directory(), Catch::Contains("not a directory"));
  }
  SECTION("another user's") {
    if (::geteuid() != 0) return;  // only root can make one
    std::filesystem::create_directory(sandbox.ours());
    ::chmod(sandbox.ours().c_str(), 0700);
    REQUIRE(::chown(sandbox.ours().c_str(), 12345, 12345) == 0);
    CHECK_THROWS_WITH(runtime_directory(), Catch::Contains("belongs to user 12345"));
  }
  CHECK_THROWS_AS(runtime_directory(), Refused);
}

TEST_CASE("A place that is missing, relative, a file or too long for socket paths is passed over for the next") {
  const Sandbox sandbox;
  const std::string good = sandbox.path + "/tmp";
  std::filesystem::create_directory(good);
  const std::string long_path = sandbox.path + "/" + std::string(60, 'l');
  std::filesystem::create_directory(long_path);
  std::ofstream{sandbox.path + "/file"} << "x";
  ::setenv("TMPDIR", (good + "/").c_str(), 1);

  for (const auto& bad : {std::string{}, std::string{"relative"}, std::string{"/no/such/place"}, sandbox.path + "/file", long_path}) {
    ::setenv("XDG_RUNTIME_DIR", bad.c_str(), 1);

    const auto path = runtime_directory();

    CHECK(path == good + "/troupe-" + std::to_string(::geteuid()));
    CHECK(path.size() + 1 + troupe::detail::runtime_name_bytes <= 107);
  }
}
