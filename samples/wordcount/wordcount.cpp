// troupe: actors in processes. Apache-2.0, see LICENSE.
// Counts the words of files with an actor in a process per core: the command line, the wiring, the waiting.
#include <troupe/troupe.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <future>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "counter.hpp"
#include "files.hpp"
#include "foreman.hpp"
#include "print.hpp"
#include "progress.hpp"

namespace wordcount {

namespace {

constexpr const char* about = R"(Counts the words of files and of the files below folders, in parallel processes.

A word is a longest run of ASCII letters, digits and non-ASCII bytes; ASCII capitals count as small letters. So the words are those of
  find -H PATH... -type f -exec paste -s -d '\n' {} + | LC_ALL=C tr -cs 'A-Za-z0-9\200-\377' '\n' |
    LC_ALL=C tr A-Z a-z | grep -a . | LC_ALL=C sort | uniq -c | LC_ALL=C sort -k1,1nr -k2
Skipped and named on stderr is what cannot be read, and what is no text: a NUL byte within its first 64 KiB, or more than a tenth of
them not UTF-8.)";
constexpr const char* footer =
    "Exit status: 0 all was counted or is no text; 1 something could not be read; 2 wrong arguments; 3 no worker is left.";

struct Options {
  std::vector<std::string> paths;
  std::size_t workers = 0;  // 0: as many as the hosts have slots
  std::size_t hosts = 1;
  std::size_t top = 10;
  bool json = false;
  bool no_progress = false;
};

/// Starts the workers, one process each, where there is room: on this host, or on all of the job's.
std::vector<Worker> hire(troupe::Node& node, std::size_t count) {
  std::vector<Worker> workers;
  if (count == 0)
    for (const troupe::Host& host : node.hosts()) count += host.slots;
  for (std::size_t i = 0; i < count; ++i) {
    auto counter = node.spawn<Counter>(troupe::anywhere);
    Identity identity = counter.ask(Who{}).get();
    workers.push_back({std::move(counter), std::move(identity)});
  }
  return workers;
}

/// Waits for the result, shows how far it is, and says who died.
Outcome wait(const troupe::Ref<Foreman>& foreman, std::future<Outcome> outcome, ProgressBar& bar) {
  std::size_t said = 0;
  const auto say_deaths = [&](const std::vector<std::string>& deaths) {
    if (said < deaths.size()) bar.clear();
    for (; said < deaths.size(); ++said) std::cerr << "wordcount: " << deaths[said] << '\n';
  };
  while (outcome.wait_for(std::chrono::milliseconds{100}) != std::future_status::ready) {
    const Progress progress = foreman.ask(Look{}).get();
    say_deaths(progress.deaths);
    bar.show(progress.bytes);
  }
  Outcome result = outcome.get();
  say_deaths(result.deaths);
  bar.clear();
  return result;
}

int run(troupe::Node& node, const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  node.wait_for_hosts(options.hosts);
  Work work = find_work(options.paths);
  const std::vector<Worker> workers = hire(node, options.workers);

  const bool terminal = ::isatty(STDERR_FILENO) == 1 && !options.no_progress;
  ProgressBar bar{terminal, work.bytes};
  if (terminal)
    troupe::set_log_sink(
        [](troupe::LogLevel, std::string_view line) { std::cerr << ProgressBar::clear_line << "troupe: " << line << '\n'; });

  std::promise<Outcome> promise;
  auto future = promise.get_future();
  auto foreman = node.spawn<Foreman>(std::move(work.portions), workers, std::move(promise));
  Outcome outcome = wait(foreman, std::move(future), bar);
  outcome.skipped.insert(work.skipped.begin(), work.skipped.end());
  const double seconds = std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count();

  bool failed = false;
  for (const Skipped& skipped : outcome.skipped) {
    std::cerr << "wordcount: skipped " << skipped.path << ": " << skipped.reason << '\n';
    failed = failed || skipped.failed;
  }
  (options.json ? print_json : print_text)(std::cout, outcome, options.top, seconds);
  if (!std::cout.flush()) {
    std::cerr << "wordcount: the result could not be written\n";
    return 1;
  }
  return failed ? 1 : 0;
}

}  // namespace

}  // namespace wordcount

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  wordcount::Options options;
  CLI::App app{wordcount::about, "wordcount"};
  app.footer(wordcount::footer);
  app.add_option("PATH", options.paths, "files and folders")->required();
  app.add_option("--workers", options.workers, "processes that count; default: one per core that may be used, on all hosts")
      ->check(CLI::Range(1, 1000));
  app.add_option("--hosts", options.hosts, "hosts to wait for, that join by --troupe-join; they must find the files under the same paths")
      ->check(CLI::Range(1, 1000));
  app.add_option("--top", options.top, "how many words to print")->capture_default_str();
  app.add_flag("--json", options.json, "print one JSON object");
  app.add_flag("--no-progress", options.no_progress, "no bar, even on a terminal");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return wordcount::run(node, options);
  } catch (const std::exception& error) {
    std::cerr << "wordcount: " << error.what() << '\n';
    return 3;
  }
}
