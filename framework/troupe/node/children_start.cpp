// troupe: actors in processes. Apache-2.0, see LICENSE.
// How children begin.
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/random.hpp>

namespace troupe::detail {

namespace {
constexpr auto last_line_time = std::chrono::seconds{1};  // for what a child has said whose start failed; nobody may read it
}  // namespace

ChildRole Children::describe_role(const Record& record, EntryFunction entry, const Encoded& arguments) const {
  const CodeKey key = code_key(reinterpret_cast<const void*>(entry));
  const NodeOptions& options = node_.options();
  ChildRole role;
  role.parent = node_.id();
  role.parent_incarnation = node_.incarnation();
  role.parent_endpoint = node_.way_to(node_.endpoint());
  role.id = record.id;
  role.incarnation = random_number();
  role.build = key.build;
  role.build_bytes = key.build_bytes;
  role.offset = key.offset;
  role.owner = record.owner;
  role.name = record.name;
  role.parent_name = node_.process_name();
  role.function = record.process != nullptr;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(arguments.view().data());
  role.arguments.assign(bytes, bytes + arguments.size());
  role.transport = options.child_transport;
  role.insecure = options.insecure;
  role.threads = options.threads;
  role.mailbox_messages = options.mailbox_messages;
  role.outbox_messages = options.outbox_messages;
  role.outbox_bytes = options.outbox_bytes;
  role.max_message_bytes = options.max_message_bytes;
  role.resend_bytes = options.resend_bytes;
  role.linger = options.linger.count();
  role.dead_after = options.dead_after.count();
  role.shared_memory = options.shared_memory;
  role.names = node_.names().for_others();
  role.host_name = node_.host_name();
  role.job = node_.router().job();
  role.host_node = node_.router().host_node();
  role.host_node_endpoint = node_.router().is_host_node() ? node_.endpoint() : node_.router().host_node_endpoint();
  return role;
}

// Returns once it has said HELLO.
void Children::launch(const std::shared_ptr<Record>& record, ChildSpec spec, const ChildRole& role) {
  if (!node_.has_processes()) throw Misuse{"a testing::World has no processes: spawn `here`, at one of its nodes"};
  Encoded encoded;
  encode(encoded, role);
  spec.executable = node_.options().executable;
  spec.arguments = arguments_;
  spec.role.assign(encoded.view().begin(), encoded.view().end());
  spec.name = record->name;
  {
    const std::lock_guard lock{launcher_mutex_};
    if (launcher_ == nullptr) launcher_ = std::make_unique<Launcher>();
    if (relay_ == nullptr) relay_ = std::make_unique<Relay>();
  }
  const auto hello = std::make_shared<AwaitedHello>();
  hello->said = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
  node_.links().await_hello(record->id, hello);
  record->hello = hello;
  try {
    record->child = launcher_->start(spec);
  } catch (const Error& error) {
    node_.links().abandon_hello(record->id, error.info());
    throw;
  }
  record->pid = record->child.pid;
  if (record->process != nullptr) record->process->began(record->pid);
  relay_->add(static_cast<std::uint64_t>(record->pid), std::move(record->child.out), std::move(record->child.err));
  record->ended = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
  record->written = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
  {
    const std::lock_guard lock{mutex_};
    living_.push_back(record);
  }
  node_.loop().watch(record->child.pidfd.get(), [this, id = record->id] { on_exit(id); });

  const char* debugged = std::getenv("TROUPE_WAIT_CHILD");
  const Duration timeout = debugged != nullptr && record->name == debugged ? forever : node_.options().start_timeout;
  if (!node_.wait(*hello->said, after(node_.clock().now(), timeout))) {
    signal_child(record->child.pidfd, SIGKILL);
    raise(ErrorType::timeout,
          record->name + " (pid " + std::to_string(record->pid) + ") did not reach its Node line within start_timeout, and was ended");
  }
  try {
    (void)hello->said->take();
  } catch (...) {
    // Its last line is often why, and this error may end the program before that is passed on.
    (void)node_.wait(*record->written, after(node_.clock().now(), last_line_time));
    throw;
  }
}

CellPointer Children::spawn(EntryFunction entry, const Encoded& arguments, std::string name, NodeId owner) {
  auto record = std::make_shared<Record>();
  record->id = {node_.id().host, random_number()};
  record->owner = owner == NodeId{} ? node_.id() : owner;
  record->name = std::move(name);
  launch(record, {}, describe_role(*record, entry, arguments));
  // Its session may have ended by now, if its constructor threw: then asks are told why.
  CellPointer cell = node_.cell_through(record->met(), first_process_actor);
  LocalCell* parent = node_.current_cell();
  const std::lock_guard lock{mutex_};
  record->cell = cell;
  if (parent != nullptr && std::find(living_.begin(), living_.end(), record) != living_.end()) {
    parent->add_child(cell);
    record->parent = Counted<LocalCell>{parent};
  }
  return cell;
}

std::shared_ptr<ProcessState> Children::start(EntryFunction entry, const Encoded& arguments, const ProcessOptions& options) {
  if (context().cell == nullptr && node_.draining().refuses(options.name)) node_.draining().refuse();
  auto record = std::make_shared<Record>();
  record->id = {node_.id().host, random_number()};
  record->owner = node_.id();
  record->name = options.name;
  record->process = std::make_shared<ProcessState>(node_, options);
  ChildSpec spec;
  spec.environment = options.environment;
  spec.working_directory = options.working_directory;
  spec.input = options.input ? record->process->input_file.get() : options.input_descriptor;
  spec.relay_output = options.output == Output::relayed;
  spec.output = record->process->output_file.get();
  spec.errors = record->process->errors_file.get();
  launch(record, std::move(spec), describe_role(*record, entry, arguments));
  record->process->input_file.close();
  return record->process;
}

}  // namespace troupe::detail
