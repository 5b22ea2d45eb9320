// troupe: actors in processes. Apache-2.0, see LICENSE.
// State, tell and ask, an answer per message, exceptions as answers; the same actor in this process and in one of its own.
#include <troupe/troupe.hpp>

#include <iostream>
#include <stdexcept>

struct Add {
  int by = 1;
};
struct Get {};
struct Share {
  int among = 1;
};

/// The base class lists what it takes; what an overload of `on` returns is the answer.
class Counter : public troupe::Actor<Counter, Add, Get, Share> {
 public:
  explicit Counter(int start) : count_{start} {}

  void on(const Add& add) { count_ += add.by; }
  int on(const Get&) const { return count_; }
  int on(const Share& share) const {
    if (share.among == 0) throw std::invalid_argument{"nobody to share with"};
    return count_ / share.among;
  }

 private:
  int count_;
};

void use(const troupe::Ref<Counter>& counter) {
  for (int i = 0; i < 1000; ++i) counter.tell(Add{2});             // no answer, no waiting
  std::cout << "counted to " << counter.ask(Get{}).get() << '\n';  // comes after all that was told before

  try {
    counter.ask(Share{0}).get();
  } catch (const std::invalid_argument& error) {  // what the handler threw, also from another process; the actor lives on
    std::cout << "refused: " << error.what() << '\n';
  }
  std::cout << "each gets " << counter.ask(Share{10}).get() << '\n';

  counter.stop();
  try {
    counter.ask(Get{}).get();
  } catch (const troupe::Closed& error) {  // nothing hangs: asking one that was stopped is an error that says so
    std::cout << "stopped, and the question was " << (error.executed() == troupe::Executed::no ? "not " : "") << "handled\n";
  }
}

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  std::cout << "in this process\n";
  use(node.spawn<Counter>(10));
  std::cout << "in a process of its own\n";
  use(node.spawn<Counter>(troupe::own_process, 10));
}
