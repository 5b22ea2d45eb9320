// troupe: actors in processes. Apache-2.0, see LICENSE.
// Every number and choice of a node that a user can feel, with its default and reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <troupe/node/clock.hpp>

namespace troupe {

class Directory;

/// How processes on this host talk to each other.
enum class ChildTransport : std::uint8_t { ipc, tcp };

struct NodeOptions {
  /// Threads that run the turns of actors in this process. 0: one per core that the process may use, 2 at least.
  std::size_t threads = 0;
  /// Messages that may wait for an actor; then senders wait. 1,000: small enough to stay in the cache, and measured the fastest.
  std::uint32_t mailbox_messages = 1000;
  /// Messages of an actor that wait for room elsewhere; then it takes no turns. 1,000. A full outbox gives up its first message,
  /// as a dead letter, when the patience that it was told with is over, but not within a second: a circle of full actors goes on.
  std::size_t outbox_messages = 1000;
  /// The same in bytes, of those that go to other processes. 1 MiB.
  std::size_t outbox_bytes = 1 << 20;
  /// Handlers that may block at the same time; each adds a thread meanwhile. 64: more is a design that wants `co_await`.
  std::size_t max_blocked_handlers = 64;
  /// Largest message sent to or accepted from another process, in bytes. 64 MiB: guards memory against a wrong or hostile length.
  std::size_t max_message_bytes = 64 << 20;
  /// What is kept per peer until it is acknowledged, in bytes; then tells wait. 4 MiB: more leaves the processor's cache.
  std::size_t resend_bytes = 4 << 20;
  /// How long a connection may be broken before its peer is given up: then what was sent and not acknowledged is lost, and said so.
  /// 10 s: more than a restarted switch takes. A peer that is known to be dead, or refuses, is given up at once.
  Duration dead_after = std::chrono::seconds{10};
  /// How long a child may take to reach its Node line.
  Duration start_timeout = std::chrono::seconds{30};
  /// How long the end of the node waits until what was told has been acknowledged and its processes have ended.
  Duration linger = std::chrono::seconds{5};
  /// After how long a call that waits for other people's work says so in a line. Longer than any pause that is meant.
  Duration say_waiting_after = std::chrono::seconds{30};
  /// The end of the node waits for its processes that are no daemons; after so long, and again and again, a line names them.
  Duration say_processes_every = std::chrono::seconds{5};
  /// The root process ends in order at SIGINT and SIGTERM. False: both stay the program's own.
  bool handle_signals = true;
  /// The program that children run; empty: this one. For programs without an own main.
  std::string executable = {};

  /// Makes what keeps the names of this node and of its children, `troupe::etcd::use` for one: called once, when the first is needed.
  /// Empty: files, which programs of this user on this host share.
  std::function<std::unique_ptr<Directory>()> directory = {};

  /// Values and arrays of plain types lie in shared memory, and every process of this host uses them there. False: through their
  /// owners, a thousand times slower; for hosts without /dev/shm, and tests.
  bool shared_memory = true;

  // Several hosts: see cluster/.

  /// This program is the head of a job of several hosts, which join it at `tcp://ADDRESS:PORT` (0.0.0.0: at all of its addresses).
  /// Empty: no others. Also: --troupe-listen, TROUPE_LISTEN.
  std::string listen = {};
  /// This process is a further host of the job whose head listens there: its Node line does not return. Also: --troupe-join, TROUPE_JOIN.
  std::string join = {};
  /// Of this host in the job, unique; up to 63 characters. Empty: the machine's. Also: --troupe-name, TROUPE_NAME.
  std::string name = {};
  /// Processes that this host is good for. 0: one per core that the process may use. Also: --troupe-slots, TROUPE_SLOTS.
  std::size_t slots = 0;
  /// What else is to be known of it, for `with_label`. Also: --troupe-label, once for each; TROUPE_LABELS, with commas.
  std::vector<std::string> labels = {};
  /// The directory of the job's key, which `troupe keygen` made. Empty: none, and then no other host. Also: --troupe-keys, TROUPE_KEYS.
  std::string keys = {};
  /// How long a host looks for the head, at its start and when it has lost it.
  Duration rejoin = std::chrono::seconds{30};

  // For tests and benchmarks.

  /// What this node and its children talk over. tcp: loopback, without keys, needs `insecure`.
  ChildTransport child_transport = ChildTransport::ipc;
  /// What is dialled between this node and its children in place of an endpoint: a proxy's. Empty: the endpoint itself.
  std::function<std::string(const std::string& endpoint)> child_endpoint = {};
  /// Permits tcp without keys, on loopback only. Also: --troupe-insecure, TROUPE_INSECURE=1.
  bool insecure = false;
};

}  // namespace troupe
