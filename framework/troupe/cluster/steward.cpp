// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/steward.hpp>

#include <signal.h>

#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

/// At the end of a process: tells the promise how it went.
class Tells final : public Continuation {
 public:
  Tells(std::shared_ptr<ProcessState> process, bool captured, Promise<ProcessEnd> promise)
      : process_{std::move(process)}, captured_{captured}, promise_{std::move(promise)} {}
  void settled(std::unique_ptr<Continuation>, FutureState& joined) override {
    if (joined.error() != nullptr) return promise_.set_error(joined.error());
    ProcessEnd end;
    end.exit_code = process_->exit_code().value_or(0);
    if (const auto failure = process_->failure()) end.failure = *failure;
    if (captured_) {
      end.output = fitting(process_->output());
      end.errors = fitting(process_->errors());
    }
    promise_.set_value(std::move(end));
  }
  void call(FutureState&) override {}

 private:
  // What does not fit into a message loses its middle.
  [[nodiscard]] std::string fitting(std::string text) const {
    const std::size_t most = process_->node().options().max_message_bytes / 3;
    if (text.size() <= most) return text;
    return text.substr(0, most / 2) + "\n[...]\n" + text.substr(text.size() - most / 2);
  }

  const std::shared_ptr<ProcessState> process_;
  const bool captured_;
  Promise<ProcessEnd> promise_;
};

}  // namespace

int Steward::on(const StewardStart& start) {
  NodeCore& core = node().core();
  ProcessOptions options;
  options.name = start.name;
  options.daemon = true;  // who started it waits for it
  options.environment = start.environment;
  options.working_directory = start.working_directory;
  options.input = start.input;
  options.output = start.output;
  captured_ = start.output == Output::captured;
  Encoded arguments;
  arguments.append(start.arguments.data(), start.arguments.size());
  const ContextScope outside_of_actors{&core, nullptr};
  process_ = core.children().start(find_entry(start.entry), arguments, options);
  return process_->pid();
}

void Steward::on(const StewardSignal& signal) const {
  if (process_ != nullptr) (void)process_->node().children().signal(*process_, signal.signal);
}

Future<ProcessEnd> Steward::on(const StewardEnd&) {
  if (process_ == nullptr) throw Misuse{"nothing was started here"};
  Promise<ProcessEnd> promise;
  auto future = promise.future();
  process_->joined().attach(std::make_unique<Tells>(process_, captured_, std::move(promise)));
  return future;
}

void Steward::on_stop() {
  if (process_ != nullptr) (void)process_->node().children().signal(*process_, SIGKILL);
}

}  // namespace troupe::detail
