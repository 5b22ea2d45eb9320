// troupe: actors in processes. Apache-2.0, see LICENSE.
// A program as a user writes it: an actor in a process of its own answers a question.
#include <iostream>
#include <string>

#include <troupe/troupe.hpp>

// Names that a user may have, and that the system's own headers would take.
void send(const std::string& text);
struct poll {};
struct kill {};
struct bind {};

struct Greet {
  std::string name;
};

struct Greeter : troupe::Actor<Greeter, Greet> {
  std::string on(const Greet& greet) { return "hello, " + greet.name; }
};

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  auto greeter = node.spawn<Greeter>(troupe::own_process);
  send(greeter.ask(Greet{"world"}).get());
}
