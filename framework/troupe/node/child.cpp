// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a child process does: its Node line runs this and does not return.
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <troupe/node/child_exit.hpp>
#include <troupe/node/children.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/node.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {

NodeOptions child_options(const ChildRole& role) {
  NodeOptions options;
  options.child_transport = role.transport;
  options.insecure = role.insecure;
  options.threads = role.threads;
  options.mailbox_messages = role.mailbox_messages;
  options.outbox_messages = role.outbox_messages;
  options.outbox_bytes = role.outbox_bytes;
  options.max_message_bytes = role.max_message_bytes;
  options.resend_bytes = role.resend_bytes;
  options.linger = Duration{role.linger};
  options.dead_after = Duration{role.dead_after};
  options.shared_memory = role.shared_memory;
  return options;
}

// The parent has died: nothing that we could still do reaches anybody. The next start of a node removes our socket.
[[noreturn]] void leave_as_orphan(NodeCore& node) {
  node.segments().remove_all();
  node.children().kill_all();
  ::_exit(1);
}

}  // namespace

void run_child(Node& node, NodeCore*& slot, Role role) {
  const auto told = decode<ChildRole>(role.bytes);
  slot = new NodeCore{node, child_options(told), told.id, told.incarnation};  // as long as the process
  NodeCore& core = *slot;
  core.children().set_arguments(node.arguments());
  core.loop().watch(role.parent.get(), [&core] { leave_as_orphan(core); });
  CodeKey key;
  key.build = told.build;
  key.build_bytes = told.build_bytes;
  key.offset = told.offset;
  int code = 0;
  const auto parent = core.links().session({told.parent, told.parent_incarnation, 0}, told.parent_endpoint);
  core.parent_session = parent;
  core.on_root_exposed = [&parent] { parent->connect(); };
  std::shared_ptr<const ErrorInfo> failure;
  try {
    const auto* arguments = reinterpret_cast<const std::byte*>(told.arguments.data());
    core.on_root_end = [&](std::shared_ptr<const ErrorInfo> error) {
      failure = std::move(error);
      core.loop().leave();
    };
    core.run_loop([&] { find_entry(key)(core, {arguments, told.arguments.size()}); });
  } catch (...) {
    failure = describe(std::current_exception());
    log(LogLevel::error, told.name + ": its constructor threw: " + failure->type_name + ": " + failure->what);
  }
  if (failure != nullptr) {
    code = 1;
    core.tell_failure(*failure);
  }
  core.start();  // BYE needs somebody who reads the answers
  core.close();
  flush_log(std::chrono::seconds{1});
  leave(code, true);
}

}  // namespace troupe::detail
