// troupe: actors in processes. Apache-2.0, see LICENSE.
// The parts under the actors that threads share: mailbox, parker, memory.
#include "catch.hpp"

#include <troupe/node/mailbox.hpp>
#include <troupe/node/memory.hpp>
#include <troupe/node/parker.hpp>

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::detail;

namespace {

struct Numbered : MailNode {
  Numbered() : MailNode{nullptr, MailNode::local} {}
  int sender = 0;
  int number = 0;
};

auto now() { return std::chrono::steady_clock::now(); }

}  // namespace

TEST_CASE("a mailbox gives back in the order of putting, and says when its owner must be woken") {
  Mailbox mailbox;
  Mailbox::Taken taken;
  std::array<Numbered, 3> nodes;
  CHECK(mailbox.push(&nodes[0]) == Mailbox::Pushed::queued);  // a new one counts as awake
  CHECK(mailbox.push(&nodes[1]) == Mailbox::Pushed::queued);
  CHECK_FALSE(mailbox.sleep());

  CHECK(mailbox.pop(taken) == &nodes[0]);
  CHECK(mailbox.push(&nodes[2]) == Mailbox::Pushed::queued);
  CHECK(mailbox.pop(taken) == &nodes[1]);
  CHECK(mailbox.pop(taken) == &nodes[2]);
  CHECK(mailbox.pop(taken) == nullptr);

  CHECK(mailbox.sleep());
  CHECK(mailbox.push(&nodes[0]) == Mailbox::Pushed::wake_owner);
  CHECK(mailbox.push(&nodes[1]) == Mailbox::Pushed::queued);
}

TEST_CASE("a mailbox keeps the mark of what has waited longest, taken out or not") {
  Mailbox mailbox;
  Mailbox::Taken taken;
  std::array<Numbered, 4> nodes;
  CHECK(mailbox.oldest(taken) == 0);
  CHECK(mailbox.nothing_new());
  mailbox.mark(7);
  (void)mailbox.push(&nodes[0]);
  (void)mailbox.push(&nodes[1]);
  CHECK_FALSE(mailbox.nothing_new());
  CHECK(mailbox.oldest(taken) == 7);

  (void)mailbox.pop(taken);

  CHECK(mailbox.oldest(taken) == 7);  // of the one that was taken together with the first
  CHECK(mailbox.nothing_new());
  mailbox.mark(9);
  (void)mailbox.push(&nodes[2]);
  CHECK(mailbox.oldest(taken) == 7);
  (void)mailbox.pop(taken);
  CHECK(mailbox.oldest(taken) == 9);
  (void)mailbox.pop(taken);
  CHECK(mailbox.oldest(taken) == 0);
  CHECK(mailbox.sleep());
  CHECK_FALSE(mailbox.nothing_new());  // who wakes the owner need not mark: it takes that at once, or says that it waits
}

TEST_CASE("a closed mailbox takes nothing and gives all that was left, in order") {
  Mailbox mailbox;
  Mailbox::Taken taken;
  std::array<Numbered, 4> nodes;
  (void)mailbox.push(&nodes[0]);
  (void)mailbox.push(&nodes[1]);
  CHECK(mailbox.pop(taken) == &nodes[0]);
  (void)mailbox.push(&nodes[2]);

  MailNode* rest = mailbox.close(taken);

  CHECK(rest == &nodes[1]);
  CHECK(rest->next == &nodes[2]);
  CHECK(rest->next->next == nullptr);
  CHECK(mailbox.closed());
  CHECK(mailbox.push(&nodes[3]) == Mailbox::Pushed::closed);
  CHECK(mailbox.close(taken) == nullptr);
}

TEST_CASE("no message is lost between threads that put and an owner that sleeps") {
  constexpr int senders = 4;
  constexpr int each = 20'000;
  Mailbox mailbox;
  Mailbox::Taken taken;
  std::atomic<int> scheduled{1};
  std::vector<std::vector<Numbered>> nodes(senders);
  for (auto& of_sender : nodes) of_sender = std::vector<Numbered>(each);
  std::vector<std::thread> threads;

  for (int sender = 0; sender < senders; ++sender)
    threads.emplace_back([&, sender] {
      for (int i = 0; i < each; ++i) {
        Numbered& node = nodes[static_cast<std::size_t>(sender)][static_cast<std::size_t>(i)];
        node.sender = sender;
        node.number = i;
        if (mailbox.push(&node) == Mailbox::Pushed::wake_owner) scheduled.fetch_add(1);
      }
    });
  std::array<int, senders> next{};
  int received = 0;
  int disorder = 0;
  const auto until = now() + 30s;
  while (received < senders * each && now() < until) {
    if (scheduled.load() == 0) {
      std::this_thread::yield();
      continue;
    }
    REQUIRE(scheduled.exchange(0) == 1);  // never woken twice for one sleep
    for (;;) {
      MailNode* node = mailbox.pop(taken);
      if (node == nullptr) {
        if (mailbox.sleep()) break;
        continue;
      }
      const auto& numbered = static_cast<const Numbered&>(*node);
      disorder += numbered.number != next.at(static_cast<std::size_t>(numbered.sender))++ ? 1 : 0;
      ++received;
    }
  }
  for (auto& thread : threads) thread.join();

  CHECK(received == senders * each);
  CHECK(disorder == 0);
}

TEST_CASE("a thread that parks is woken from a plain sleep and from a poll, also when the call comes first") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  Parker& mine = Parker::current();
  const bool polls = GENERATE(true, false);
  CAPTURE(polls);
  const auto park = [&](TimePoint until) { polls ? mine.sleep_polling(pipe[0], until) : mine.sleep(until); };

  mine.wake();
  const auto start = now();
  park(start + 20s);
  CHECK(now() - start < 10s);

  for (int i = 0; i < 200; ++i) {
    std::atomic<bool> flag{false};
    std::thread other{[&] {
      flag.store(true);
      mine.wake();
    }};
    while (!flag.load()) park(now() + 20s);
    other.join();
  }
  CHECK(now() - start < 15s);
  park(now());  // takes a wake-up that came too late

  const auto before = now();
  park(before + 30ms);
  CHECK(now() - before >= 30ms);

  (void)!::write(pipe[1], "x", 1);
  if (polls) {
    mine.sleep_polling(pipe[0], now() + 20s);
    CHECK(now() - before < 10s);
  }
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("pieces of memory may be given back by another thread, and overlap with none in use") {
  constexpr std::size_t rounds = 50;
  const std::size_t bytes = GENERATE(1U, 32U, 33U, 200U, 256U, 257U, 5000U);
  CAPTURE(bytes);
  std::vector<void*> pieces;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < 300; ++i) {
      void* piece = take_memory(bytes);
      CHECK(reinterpret_cast<std::uintptr_t>(piece) % 16 == 0);
      std::memset(piece, static_cast<int>(i % 251), bytes);
      pieces.push_back(piece);
    }
    int wrong = 0;
    std::thread other{[&] {
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto* first = static_cast<const unsigned char*>(pieces[i]);
        for (std::size_t byte = 0; byte < bytes; ++byte) wrong += first[byte] != i % 251 ? 1 : 0;
        give_memory(pieces[i], bytes);
      }
    }};
    other.join();
    pieces.clear();
    REQUIRE(wrong == 0);
  }
}
