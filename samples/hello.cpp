// troupe: actors in processes. Apache-2.0, see LICENSE.
// The smallest program: an actor in a process of its own answers one question.
#include <troupe/troupe.hpp>

#include <iostream>
#include <string>

struct Greet {
  std::string name;
};

struct Greeter : troupe::Actor<Greeter, Greet> {
  std::string on(const Greet& greet) { return "hello, " + greet.name; }
};

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};  // in the child process this line runs the Greeter, and does not return
  auto greeter = node.spawn<Greeter>(troupe::own_process);
  std::cout << greeter.ask(Greet{"world"}).get() << '\n';
}
