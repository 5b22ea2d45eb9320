// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/etcd/members.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>

namespace troupe::etcd::detail {

using namespace troupe::detail;

namespace {

constexpr Duration pause_between_rounds = std::chrono::milliseconds{100};

}  // namespace

// With several members each leaves time for the others, and for a second round.
Members::Members(HttpLoop& loop, const Options& options)
    : loop_{loop},
      endpoints_{options.endpoints},
      timeout_{options.timeout},
      turn_{endpoints_.size() == 1 ? timeout_ : timeout_ / static_cast<int>(endpoints_.size() + 1)},
      problems_(endpoints_.size()) {}

void Members::ask(const std::shared_ptr<Asked>& asked) {
  const Duration left = asked->until - Clock::steady().now();
  if (left <= Duration::zero()) return asked->then(nobody_answers(asked->patience));
  const std::string member = preferred();
  loop_.send(member + asked->path, asked->body, std::min(left, turn_),
             [this, asked, member](const HttpAnswer& answer) { on_answer(asked, member, answer); });
}

void Members::on_answer(const std::shared_ptr<Asked>& asked, const std::string& member, const HttpAnswer& answer) {
  std::string problem = answer.problem;
  if (problem.empty()) {
    const Json json = Json::parse(answer.body, nullptr, false);
    auto error = error_in(answer.status, json);
    try {
      if (error == nullptr) asked->read(json);
    } catch (const Malformed& malformed) {
      error = std::make_shared<const ErrorInfo>(make_error(ErrorType::node_lost, malformed.what()));
    }
    if (error == nullptr || error->type != ErrorType::node_lost) return asked->then(std::move(error));
    problem = error->what;
  }
  // What cuts off a later try is often the end of the whole call: then the first one says more.
  pass_over(member, answer.late && asked->tries >= endpoints_.size() ? problems_[index_of(member)] : problem);
  if (++asked->tries % endpoints_.size() != 0) return ask(asked);
  const Duration left = asked->until - Clock::steady().now();
  loop_.after(std::min(left, pause_between_rounds), [this, asked] { ask(asked); });
}

std::size_t Members::index_of(const std::string& member) const {
  return static_cast<std::size_t>(std::find(endpoints_.begin(), endpoints_.end(), member) - endpoints_.begin());
}

void Members::pass_over(const std::string& member, const std::string& problem) {
  const std::size_t found = index_of(member);
  problems_[found] = problem;
  if (found == preferred_) preferred_ = (preferred_ + 1) % endpoints_.size();
}

std::shared_ptr<const ErrorInfo> Members::nobody_answers(Duration patience) const {
  std::ostringstream text;
  text << "etcd does not answer within " << std::chrono::duration<double>(patience).count() << " s (";
  for (std::size_t i = 0; i < endpoints_.size(); ++i)
    if (!problems_[i].empty()) text << (text.str().back() == '(' ? "" : "; ") << endpoints_[i] << ": " << problems_[i];
  text << ')';
  return std::make_shared<const ErrorInfo>(make_error(ErrorType::node_lost, text.str()));
}

}  // namespace troupe::etcd::detail
