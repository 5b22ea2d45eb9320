// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/node.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>

#include <troupe/node/children.hpp>
#include <troupe/node/configuration.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/elsewhere.hpp>
#include <troupe/node/interrupt.hpp>
#include <troupe/node/surroundings.hpp>
#include <troupe/wire/log.hpp>

namespace troupe {

namespace {

using namespace detail;

struct Nodes {
  std::mutex mutex;
  std::vector<Node*> living;
  std::vector<std::unique_ptr<NodeCore>> cores;  // for ever: refs and futures point to them
};

Nodes& nodes() {
  static auto* all = new Nodes;
  return *all;
}

// A closed stdin, stdout or stderr (`program >&-`) would become one of our sockets, and what is printed would go into it.
void occupy_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);  // takes the lowest free number
}

}  // namespace

Node::Node(int& argc, char** argv, NodeOptions options) {
  for (int i = 0; i < argc; ++i) arguments_.emplace_back(argv[i]);
  if (auto role = take_role()) {
    NodeOptions ignored;
    take_options(argc, argv, ignored);
    {
      const std::lock_guard lock{nodes().mutex};
      nodes().living.push_back(this);
    }
    run_child(*this, core_, std::move(*role));
  }
  take_environment(options);
  take_options(argc, argv, options);
  take_step(options);
  start(std::move(options));
}

Node::Node(NodeOptions options) { start(std::move(options)); }

void Node::start(NodeOptions options) {
  occupy_standard_descriptors();
  check(options);
  const bool signals = options.handle_signals;
  const bool hosts = !options.listen.empty() || !options.join.empty();
  make_core(real_surroundings(), std::move(options));
  core_->children().set_arguments(arguments_);
  core_->sweep();
  if (signals) watch_interrupts(*core_);
  if (!core_->options().listen.empty()) core_->join(core_->random_number());
  core_->start();
  if (hosts) begin_hosts(*this);
}

Node::Node(std::unique_ptr<Surroundings> surroundings, NodeOptions options) { make_core(std::move(surroundings), std::move(options)); }

void Node::make_core(std::unique_ptr<Surroundings> surroundings, NodeOptions options) {
  const std::uint64_t host = surroundings->random_number();
  const NodeId id{host, surroundings->random_number()};
  const std::uint64_t incarnation = surroundings->random_number();
  auto made = std::make_unique<NodeCore>(*this, std::move(options), id, incarnation, std::move(surroundings));
  core_ = made.get();
  const std::lock_guard lock{nodes().mutex};
  nodes().living.push_back(this);
  nodes().cores.push_back(std::move(made));
}

std::unique_ptr<NodeCore> detail::take_core(NodeCore& core) {
  const std::lock_guard lock{nodes().mutex};
  auto& cores = nodes().cores;
  const auto found = std::find_if(cores.begin(), cores.end(), [&](const auto& each) { return each.get() == &core; });
  auto taken = std::move(*found);
  cores.erase(found);
  return taken;
}

Node::~Node() {
  const bool unwinding = std::uncaught_exceptions() > exceptions_;
  core_->close(unwinding ? NodeCore::Processes::ended : NodeCore::Processes::awaited);
  const std::lock_guard lock{nodes().mutex};
  std::erase(nodes().living, this);
}

DrainReport Node::drain(Duration patience) {
  if (context().cell != nullptr) throw Misuse{"an actor cannot drain a node: it would wait for its own handler"};
  return core_->draining().run(Drain::Refusal::error, after(core_->clock().now(), patience));
}

const std::string& Node::host_name() const { return core_->host_name(); }
std::uint64_t Node::dead_letters() const { return core_->dead_letter_box().count(); }
std::uint64_t Node::dead_letters(Errc reason) const { return core_->dead_letter_box().count(reason); }

Node& this_node() {
  if (context().node != nullptr) return context().node->node();
  const std::lock_guard lock{nodes().mutex};
  if (nodes().living.empty()) throw Misuse{"there is no Node: make troupe::Node node{argc, argv} the first line of main"};
  if (nodes().living.size() > 1) throw Misuse{"there are several Nodes in this process: say which"};
  return *nodes().living.front();
}

}  // namespace troupe
