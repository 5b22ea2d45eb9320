// troupe: actors in processes. Apache-2.0, see LICENSE.
// wordcount counts as coreutils do, says what it leaves out, and survives what happens to its processes.
#include "program.hpp"

#include <nlohmann/json.hpp>

#include <pty.h>

#include <algorithm>
#include <array>
#include <random>
#include <string_view>

namespace {

/// All words below `path`, as coreutils count them: the pipeline of `wordcount --help`.
std::string by_coreutils(const std::string& path) {
  const std::string command = "export LC_ALL=C; find -H '" + path +
                              "' -type f -exec paste -s -d '\\n' {} + | tr -cs 'A-Za-z0-9\\200-\\377' '\\n' | tr A-Z a-z | "
                              "grep -a . | sort | uniq -c | sort -k1,1nr -k2";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) text.append(piece.data(), got);
  CHECK(::pclose(pipe) == 0);
  return text;
}

/// The part of wordcount's output that lists words.
std::string words_of(const std::string& out) {
  const auto end = out.find("\n\n");
  return end == std::string::npos ? "" : out.substr(0, end + 1);
}

/// Words of Latin, Greek, Cyrillic, CJK and capitals, with odd things between them.
std::string odd_text(std::size_t bytes, unsigned seed) {
  constexpr std::array<std::string_view, 12> words{"a",    "The",   "the", "naïve", "Ελλάδα", "Москва",
                                                   "妹妹", "don't", "x86", "ÉCOLE", "MiXeD",  "00"};
  constexpr std::array<std::string_view, 10> between{" ", "\n", "\r\n", "\t", "\v", "\f", " -- ", "\u00a0", ", ", "\n\n\n"};
  std::minstd_rand random{seed};
  std::string text;
  while (text.size() < bytes) {
    text += words[random() % words.size()];
    if (random() % 50 == 0) text += std::to_string(random());  // many different words
    text += between[random() % between.size()];
  }
  return text;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t some = 60;  // counting is slow there
#else
constexpr std::size_t some = 400;
#endif
constexpr std::size_t endless = 20'000;

/// Enough work for a test to interfere: a mebibyte of text, named again and again.
std::vector<std::string> long_work(const Folder& folder, std::size_t times, const std::string& workers) {
  std::string text;
  while (text.size() < (1u << 20)) text += "alpha beta beta ";
  std::vector<std::string> arguments(times, folder.write("text", text));
  arguments.insert(arguments.end(), {"--json", "--workers", workers});
  return arguments;
}

bool counts(pid_t worker) { return bytes_read(worker) > 4u << 20; }

/// Waits until `number` workers are at work, and names them.
std::vector<pid_t> at_work(const Program& program, std::size_t number) {
  std::vector<pid_t> workers;
  const bool all = comes_true([&] {
    workers = program.children();
    return workers.size() == number && std::all_of(workers.begin(), workers.end(), counts);
  });
  REQUIRE(all);
  return workers;
}

bool all_gone(const std::vector<pid_t>& processes) {
  return comes_true([&] { return std::none_of(processes.begin(), processes.end(), runs); }, 10s);
}

}  // namespace

TEST_CASE("wordcount's counts are those of coreutils over real text") {
  const std::string licences = "/usr/share/common-licenses";
  Program wordcount{"wordcount", {licences, "--top", "1000000", "--workers", "3"}};

  CHECK(wordcount.wait() == 0);
  CHECK(wordcount.err() == "");  // no bar either: stderr is no terminal
  CHECK(words_of(wordcount.out()) == by_coreutils(licences));
}

TEST_CASE("wordcount's counts are those of coreutils over odd spaces, UTF-8, cut files and missing newlines") {
  Folder folder;
  std::filesystem::create_directories(folder / "deep/er");
  folder.write("large", odd_text(3'500'000, 1));  // cut into slices, most of them within a word or character
  folder.write("empty", "");
  folder.write("newline", "\n");
  folder.write("separators", " \t\v\f\r\n");
  folder.write("deep/unfinished", "first line\nlast");
  folder.write("deep/er/next", "word of another file");
  folder.write("latin-1", "mostly ascii, with one \xe9t\xe9 in it, and then quite a lot of ascii again");
  for (int i = 0; i < 600; ++i) folder.write("deep/small" + std::to_string(i), odd_text(200, static_cast<unsigned>(i)));
  std::filesystem::create_symlink(folder / "large", folder / "link");  // not followed
  Program wordcount{"wordcount", {folder.path(), "--top", "1000000", "--workers", "4"}};

  CHECK(wordcount.wait() == 0);
  CHECK(wordcount.err() == "");
  CHECK((words_of(wordcount.out()) == by_coreutils(folder.path())));  // too long to print
}

TEST_CASE("wordcount counts a word that spans slices once, where it begins, by its first 64 KiB") {
  Folder folder;
  const std::size_t slice = 1 << 20;
  folder.write("long", "a " + std::string(3 * slice, 'x') + " b");
  folder.write("edges", std::string(slice - 1, ' ') + "ab" + std::string(slice - 2, ' ') + "cd" + std::string(slice - 1, ' ') + "ef");
  Program wordcount{"wordcount", {folder.path(), "--json"}};

  CHECK(wordcount.wait() == 0);
  const auto json = nlohmann::json::parse(wordcount.out());
  CHECK(json.at("words") == 6);
  std::vector<std::string> words;
  for (const auto& entry : json.at("top")) words.push_back(entry.at("word"));
  CHECK(words == std::vector<std::string>{"a", "ab", "b", "cd", "ef", std::string(64 << 10, 'x')});
}

TEST_CASE("wordcount names what it skips, and tells what failed by its exit code") {
  Folder folder;
  folder.write("text", "one two two");
  folder.write("nul", std::string("one\0two", 7));
  folder.write("random", "\xff\xfe\xfd\xfc one");
  folder.write("big-binary", std::string("\0", 1) + std::string(3 << 20, 'a'));

  SECTION("what is no text is no failure") {
    Program wordcount{"wordcount", {folder.path(), "--json"}};

    CHECK(wordcount.wait() == 0);
    const std::string start = "wordcount: skipped " + folder.path() + "/";
    CHECK(wordcount.err() == start + "big-binary: not a text\n" + start + "nul: not a text\n" + start + "random: not a text\n");
    const auto json = nlohmann::json::parse(wordcount.out());
    CHECK(json.at("words") == 3);
    CHECK(json.at("files") == 1);
    CHECK(json.at("skipped").size() == 3);
  }
  SECTION("what cannot be read is one, and the rest is counted") {
    Program wordcount{"wordcount", {folder / "missing", "/proc/self/mem", "/dev/null", folder / "text", "--json"}};

    CHECK(wordcount.wait() == 1);
    CHECK(wordcount.err() ==
          "wordcount: skipped /dev/null: neither a file nor a folder\nwordcount: skipped /proc/self/mem: Input/output error\n"
          "wordcount: skipped " +
              (folder / "missing") + ": No such file or directory\n");
    CHECK(nlohmann::json::parse(wordcount.out()).at("words") == 3);
  }
}

TEST_CASE("wordcount --json gives the counts, the sums and a share per worker") {
  Folder folder;
  folder.write("text", "b a a \xc3 c\n");
  Program wordcount{"wordcount", {folder.path(), "--json", "--workers", "2", "--top", "2"}};

  CHECK(wordcount.wait() == 0);
  const auto json = nlohmann::json::parse(wordcount.out());
  CHECK(json.at("words") == 5);
  CHECK(json.at("different") == 4);
  CHECK(json.at("bytes") == 10);
  CHECK(json.at("top") == nlohmann::json::parse(R"([{"word": "a", "count": 2}, {"word": "b", "count": 1}])"));
  REQUIRE(json.at("workers").size() == 2);
  CHECK(json.at("workers").at(0).at("words").get<int>() + json.at("workers").at(1).at("words").get<int>() == 5);
}

TEST_CASE("wordcount refuses wrong arguments with 2") {
  const std::vector<std::string> arguments =
      GENERATE(std::vector<std::string>{}, std::vector<std::string>{".", "--workers", "0"}, std::vector<std::string>{".", "--nonsense"});
  Program wordcount{"wordcount", arguments};

  CHECK(wordcount.wait() == 2);
  CHECK_FALSE(wordcount.err().empty());
  CHECK(wordcount.out().empty());
}

TEST_CASE("wordcount shows a bar with rate and time left on a terminal") {
  Folder folder;
  int terminal = -1;
  int slave = -1;
  REQUIRE(::openpty(&terminal, &slave, nullptr, nullptr, nullptr) == 0);
  Program wordcount{"wordcount", long_work(folder, some, "1"), slave};
  ::close(slave);

  std::string shown;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = ::read(terminal, piece.data(), piece.size())) > 0;)
    shown.append(piece.data(), static_cast<std::size_t>(got));
  ::close(terminal);

  CHECK(wordcount.wait() == 0);
  CHECK(shown.find(" of " + std::to_string(some * ((1 << 20) / 1000) / 1000) + ".") != std::string::npos);
  CHECK(shown.find("MB/s") != std::string::npos);
  CHECK(shown.find("s left") != std::string::npos);
  CHECK(shown.substr(shown.size() - 4) == "\r\x1b[K");  // nothing of it stays
}

TEST_CASE("Ctrl-C ends wordcount by that signal and leaves no process") {
  Folder folder;
  Program wordcount{"wordcount", long_work(folder, endless, "2")};
  const auto workers = at_work(wordcount, 2);

  ::kill(-wordcount.pid(), SIGINT);  // as a terminal does: to all of them

  CHECK(wordcount.wait() == -SIGINT);
  CHECK(all_gone(workers));
  CHECK(wordcount.err().find("interrupted") != std::string::npos);
  CHECK(wordcount.out().empty());
}

TEST_CASE("wordcount's workers end when it is killed") {
  Folder folder;
  Program wordcount{"wordcount", long_work(folder, endless, "2")};
  const auto workers = at_work(wordcount, 2);

  ::kill(wordcount.pid(), SIGKILL);

  CHECK(wordcount.wait() == -SIGKILL);
  CHECK(all_gone(workers));
}

TEST_CASE("wordcount names a worker that is killed, and others count its files again") {
  Folder folder;
  Program wordcount{"wordcount", long_work(folder, some, "2")};
  const auto workers = at_work(wordcount, 2);

  ::kill(workers.front(), SIGKILL);

  CHECK(wordcount.wait() == 0);
  const std::string pid = std::to_string(workers.front());
  CHECK(wordcount.err().find("(pid " + pid + ") is lost") != std::string::npos);
  const auto json = nlohmann::json::parse(wordcount.out());
  CHECK(json.at("files") == some);
  CHECK(json.at("top").at(0).at("count") == 2 * json.at("top").at(1).at("count").get<int>());
  CHECK(json.at("words") == some * 3 * 65536);
}

TEST_CASE("wordcount fails with 3 when its last worker is killed") {
  Folder folder;
  Program wordcount{"wordcount", long_work(folder, endless, "1")};
  const auto workers = at_work(wordcount, 1);

  ::kill(workers.front(), SIGKILL);

  CHECK(wordcount.wait() == 3);
  CHECK(wordcount.err().find("no worker is left") != std::string::npos);
  CHECK(wordcount.out().empty());
}
