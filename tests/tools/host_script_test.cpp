// troupe: actors in processes. Apache-2.0, see LICENSE.
// Words that go through a shell and come out as they were, and a launcher that goes at the worst moment.
#include "command.hpp"

#include <cstdio>
#include <cstdlib>

#include "tools/run/host_script.hpp"

using namespace troupe::tools;

namespace {

std::string through_a_shell(const std::string& word) {
  FILE* const pipe = ::popen(("printf %s " + shell_word(word)).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 1024> text{};
  const auto got = std::fread(text.data(), 1, text.size(), pipe);
  REQUIRE(::pclose(pipe) == 0);
  return {text.data(), got};
}

}  // namespace

TEST_CASE("shell_word keeps every byte that a word may have") {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);

  for (const std::string& word : {std::string{}, std::string{"a b"}, std::string{"it's"}, std::string{"''"},
                                  std::string{"$HOME `x` $(y) \\ \" !"}, std::string{"-n"}, std::string{"*"}, std::string{"a\n\n"}, all}) {
    INFO(word);
    CHECK(through_a_shell(word) == word);
  }
}

TEST_CASE("The command that ssh is given holds no word of the user's") {
  HostTask task;
  task.nonce = "1";
  task.program = "/a program";
  task.words = {"program", "argument"};

  const std::string command = reading_command(host_script(task), 3);

  CHECK(command.find("program") == std::string::npos);
  CHECK(command.find("argument") == std::string::npos);
  CHECK(command.find('\'') == std::string::npos);
  CHECK(command.find('\n') == std::string::npos);
}

TEST_CASE("A launcher that goes while the program begins leaves nothing behind") {
  const Folder folder, places;
  const std::string mark = "FAMILY_OF_A_TEST=" + folder.path();
  HostTask task;
  task.nonce = "1";
  task.name = "a";
  task.program = "/bin/sleep";
  task.words = {"sleep", "1000"};
  const std::string script = host_script(task);
  std::ofstream{folder.path("orders"), std::ios::binary} << script << "go TROUPE_JOIN tcp://10.0.0.1:1\n";

  for (int i = 0; i < 10; ++i) {
    const std::string line = "exec 3<" + folder.path("orders") + " 4>/dev/null; " + reading_command(script, 3);
    (void)std::system((mark + " TMPDIR=" + places.path() + " sh -c " + shell_word(line)).c_str());
  }

  CHECK(comes_true([&] { return processes_with(mark).empty() && places.empty(); }));
}
