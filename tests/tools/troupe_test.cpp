// troupe: actors in processes. Apache-2.0, see LICENSE.
// The troupe command as its user sees it.
#include "said.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_ = "/tmp/troupe-tools-XXXXXX";
};

}  // namespace

TEST_CASE("troupe keygen makes a key for its user alone, and never twice") {
  const Folder folder;

  const Said made = troupe_command("keygen " + folder.path("keys"));

  CHECK(made.code == 0);
  CHECK(made.text.find(folder.path("keys/node.key")) != std::string::npos);
  struct stat status {};
  REQUIRE(::stat(folder.path("keys/node.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  const Said again = troupe_command("keygen " + folder.path("keys"));
  CHECK(again.code == 1);
  CHECK(again.text.find("is there already") != std::string::npos);
}

TEST_CASE("troupe keygen says why a key cannot be made") {
  const Said said = troupe_command("keygen /proc/nowhere/keys");

  CHECK(said.code == 1);
  CHECK(said.text.find("/proc/nowhere/keys can't be made") != std::string::npos);
}

TEST_CASE("troupe --help lists the commands, and none is misuse") {
  const Said help = troupe_command("--help");
  const Said none = troupe_command("");

  CHECK(help.code == 0);
  CHECK(help.text.find("keygen") != std::string::npos);
  CHECK(none.code != 0);
}
