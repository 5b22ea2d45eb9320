// troupe: actors in processes. Apache-2.0, see LICENSE.
// A pipe with two children: each is given one end; the close of one is the end of the stream for the other, and so is its death.
#include <troupe/troupe.hpp>

#include <csignal>
#include <iostream>
#include <string>

void ask(troupe::Connection<std::string> peer) {
  for (const char* word : {"one", "two", "three"}) {
    peer.send(word);
    std::cout << word << " -> " << peer.recv() << std::endl;
  }
}  // its end is closed here

void answer(troupe::Connection<std::string> peer) {
  while (auto word = peer.next()) peer.send(std::to_string(word->size()) + " letters");
  std::cout << "nobody asks any more" << std::endl;
}

void die(troupe::Connection<std::string> peer) {
  peer.send("last words");
  (void)peer.recv();
  std::raise(SIGKILL);
}

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  auto [one, other] = troupe::pipe<std::string>(node);
  troupe::Process asking = node.start<ask>(std::move(one)), answering = node.start<answer>(std::move(other));
  asking.join();
  answering.join();

  auto [mine, theirs] = troupe::pipe<std::string>(node);
  node.start<die>(std::move(theirs));
  std::cout << mine.recv() << '\n';
  mine.send("good bye");
  try {
    (void)mine.recv();  // nothing hangs
  } catch (const troupe::EndOfStream&) {
    std::cout << "its death was the end of the stream\n";
  }
}
