// troupe: actors in processes. Apache-2.0, see LICENSE.
// How the end of a node ends its children.
#include <signal.h>

#include <string>

#include <troupe/node/children.hpp>
#include <troupe/node/core.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {
constexpr auto term_time = std::chrono::seconds{1};  // between SIGTERM and SIGKILL
}  // namespace

std::shared_ptr<Children::Record> Children::first_of(Chosen chosen) const {
  const std::lock_guard lock{mutex_};
  for (const auto* list : {&living_, &ending_})
    for (const auto& record : *list)
      if (chosen(*record)) return record;
  return nullptr;
}

bool Children::wait_for(Chosen chosen, TimePoint until) {
  while (const auto record = first_of(chosen))
    if (!node_.loop().wait(*record->ended, until)) return false;
  return true;
}

void Children::signal_all(int signal, Chosen chosen) {
  const std::lock_guard lock{mutex_};
  for (const auto& record : living_)
    if (chosen(*record)) signal_child(record->child.pidfd, signal);
}

void Children::end(Chosen chosen) {
  signal_all(SIGTERM, chosen);
  if (wait_for(chosen, node_.clock().now() + term_time)) return;
  signal_all(SIGKILL, chosen);
  wait_for(chosen, node_.clock().now() + term_time);
}

void Children::await_processes() {
  const Chosen awaited = [](const Record& record) { return record.process != nullptr && !record.process->daemon(); };
  for (;;) {
    const TimePoint until = after(node_.clock().now(), node_.options().say_processes_every);
    if (wait_for(awaited, until) && wait_elsewhere(Which::awaited, until)) break;
    std::string names;
    {
      const std::lock_guard lock{mutex_};
      for (const auto& record : living_)
        if (awaited(*record)) names += (names.empty() ? "" : ", ") + record->name + " (pid " + std::to_string(record->pid) + ')';
    }
    for (const auto& process : elsewhere(Which::awaited)) names += (names.empty() ? "" : ", ") + process->name() + " (on another host)";
    if (!names.empty()) log(LogLevel::warning, "the end of the node waits for its processes: " + names);
  }
  end_processes();
}

void Children::end_processes() {
  end_elsewhere();
  end([](const Record& record) { return record.process != nullptr; });
}

// --- On other hosts ---------------------------------------------------------------------------------------------------------

void Children::add_elsewhere(std::shared_ptr<ProcessState> process) {
  const std::lock_guard lock{mutex_};
  std::erase_if(elsewhere_, [](const auto& each) { return each->joined().settled(); });
  elsewhere_.push_back(std::move(process));
}

void Children::add_elsewhere(std::string name, std::shared_ptr<Session> session) {
  const std::lock_guard lock{mutex_};
  std::erase_if(actors_elsewhere_, [](const Running& each) { return each.session->ended(); });
  actors_elsewhere_.push_back({std::move(name), 0, false, std::move(session)});
}

std::vector<std::shared_ptr<ProcessState>> Children::elsewhere(Which which) const {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<ProcessState>> chosen;
  for (const auto& process : elsewhere_)
    if (!process->joined().settled() && (which == Which::all || !process->daemon())) chosen.push_back(process);
  return chosen;
}

bool Children::wait_elsewhere(Which which, TimePoint until) {
  for (const auto& process : elsewhere(which))
    if (!node_.loop().wait(process->joined(), until)) return false;
  return true;
}

void Children::end_elsewhere() {
  for (const int signal : {SIGTERM, SIGKILL}) {
    for (const auto& process : elsewhere(Which::all)) (void)process->signal_elsewhere(signal);
    if (wait_elsewhere(Which::all, node_.clock().now() + term_time)) return;
  }
}

void Children::kill_all() {
  signal_all(SIGKILL, [](const Record&) { return true; });
}

void Children::end_all() {
  signal_all(SIGTERM, [](const Record&) { return true; });
  const std::lock_guard lock{mutex_};
  for (const auto& record : living_)
    if (!reap(record->child.pidfd, std::chrono::milliseconds{500})) {
      signal_child(record->child.pidfd, SIGKILL);
      (void)reap(record->child.pidfd, std::chrono::milliseconds{500});
    }
}

void Children::close(TimePoint until) {
  const Chosen all = [](const Record&) { return true; };
  signal_all(SIGTERM, [](const Record& record) { return record.process != nullptr && record.process->daemon(); });
  std::vector<CellPointer> cells;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& record : living_)
      if (record->cell) cells.push_back(record->cell);
  }
  for (const auto& cell : cells) stop(*cell);
  if (wait_for(all, until)) return;
  log(LogLevel::warning, "processes still run at the end of the node, and are ended");
  end(all);
}

}  // namespace troupe::detail
