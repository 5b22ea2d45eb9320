// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a child process does: its Node line runs this and does not return.
#include <unistd.h>

#include <cstdlib>
#include <span>
#include <thread>
#include <utility>

#include <troupe/node/child_exit.hpp>
#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
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
  options.name = role.host_name;
  return options;
}

// The parent has died: nothing that we could still do reaches anybody. The next start of a node removes our socket.
[[noreturn]] void leave_as_orphan(NodeCore& node) {
  node.segments().remove_all();
  node.children().kill_all();
  ::_exit(1);
}

// @throws NotFound  this program does not have it
int run_entry(NodeCore& core, const ChildRole& told) {
  CodeKey key;
  key.build = told.build;
  key.build_bytes = told.build_bytes;
  key.offset = told.offset;
  return find_entry(key)(core, std::as_bytes(std::span{told.arguments}));
}

// Says HELLO, and waits until the parent has answered: whatever the function does then, the start has succeeded.
void report_for_duty(NodeCore& core) {
  const auto hello = std::make_shared<AwaitedHello>();
  hello->said = Counted<TypedState<void>>::adopt(TypedState<void>::make(core));
  core.links().await_hello(core.parent_session->peer(), hello);
  core.parent_session->connect();
  (void)core.wait(*hello->said, TimePoint::max());
}

NodeCore* running_function = nullptr;  // on the main thread
std::thread::id main_thread;

// At std::exit within the function: sends what was told, as its return does.
void close_at_exit() {
  if (running_function == nullptr || std::this_thread::get_id() != main_thread) return;
  std::exchange(running_function, nullptr)->close(NodeCore::Processes::awaited);
}

[[noreturn]] void run_function(NodeCore& core, const ChildRole& told) {
  core.start();
  report_for_duty(core);
  main_thread = std::this_thread::get_id();
  running_function = &core;
  std::atexit(&close_at_exit);
  int code = 0;
  auto processes = NodeCore::Processes::awaited;
  try {
    const ContextScope scope{&core, nullptr};
    code = run_entry(core, told);
  } catch (...) {
    report_uncaught(told.name);
    core.tell_failure(*describe(std::current_exception()));
    code = 1;
    processes = NodeCore::Processes::ended;
  }
  running_function = nullptr;
  core.close(processes);
  flush_log(std::chrono::seconds{1});
  leave(code, true);
}

[[noreturn]] void run_actor(NodeCore& core, const ChildRole& told) {
  core.on_root_exposed = [&core] { core.parent_session->connect(); };
  std::shared_ptr<const ErrorInfo> failure;
  try {
    core.on_root_end = [&](std::shared_ptr<const ErrorInfo> error) {
      failure = std::move(error);
      core.loop().leave();
    };
    core.run_loop([&] { (void)run_entry(core, told); });
  } catch (...) {
    failure = describe(std::current_exception());
    log(LogLevel::error, told.name + ": its constructor threw: " + failure->type_name + ": " + failure->what);
  }
  if (failure != nullptr) core.tell_failure(*failure);
  core.start();  // BYE needs somebody who reads the answers
  core.close(failure == nullptr ? NodeCore::Processes::awaited : NodeCore::Processes::ended);
  flush_log(std::chrono::seconds{1});
  leave(failure == nullptr ? 0 : 1, true);
}

}  // namespace

void run_child(Node& node, NodeCore*& slot, Role role) {
  const auto told = decode<ChildRole>(role.bytes);
  slot = new NodeCore{node, child_options(told), told.id, told.incarnation, real_surroundings()};  // as long as the process
  NodeCore& core = *slot;
  if (told.job != 0) core.join_as_process(told.job, told.host_node, told.host_node_endpoint);
  core.set_parent(told.name, {role.parent_pid, told.parent_name});
  core.children().set_arguments(node.arguments());
  core.loop().watch(role.parent.get(), [&core] { leave_as_orphan(core); });
  core.owner = told.owner;
  core.parent_session = core.links().session({told.parent, told.parent_incarnation, 0}, told.parent_endpoint);
  if (told.names.address.actor != 0) core.names().keep_at(told.names);
  told.function ? run_function(core, told) : run_actor(core, told);
}

}  // namespace troupe::detail
