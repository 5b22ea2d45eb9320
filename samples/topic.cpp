// troupe: actors in processes. Apache-2.0, see LICENSE.
// A Topic: what anybody publishes reaches every actor that has subscribed by then, in processes of their own too.
#include <troupe/troupe.hpp>

#include <iostream>
#include <string>
#include <thread>
#include <utility>

struct News {
  std::string text;
};

class Reader : public troupe::Actor<Reader, News> {
 public:
  Reader(const troupe::Topic<News>& topic, troupe::Queue<std::string> notes) : notes_{std::move(notes)} { topic.subscribe(self()); }
  void on(const News& news) { notes_.put(news.text); }

 private:
  troupe::Queue<std::string> notes_;
};

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  const troupe::Topic<News> topic{node};
  troupe::Queue<std::string> early{node}, late{node};

  node.spawn<Reader>(troupe::own_process, topic, early);
  while (topic.subscribers() < 1) std::this_thread::yield();
  topic.publish({"rain"});
  node.spawn<Reader>(topic, late);
  topic.publish({"sun"});

  const std::string first = early.get(), second = early.get();
  std::cout << "the early one read: " << first << ", " << second << '\n';
  std::cout << "the late one read: " << late.get() << '\n';
}
