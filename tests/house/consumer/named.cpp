// troupe: actors in processes. Apache-2.0, see LICENSE.
// A program whose names would be kept by etcd: without one a call says so.
#include <iostream>
#include <string>

#include <troupe/etcd/etcd.hpp>
#include <troupe/troupe.hpp>

void send(const std::string& text);

int main(int argc, char** argv) {
  troupe::NodeOptions options;
  troupe::etcd::use(options, {.endpoints = {"http://127.0.0.1:1"}, .timeout = std::chrono::milliseconds{100}});
  troupe::Node node{argc, argv, options};
  try {
    send(node.find<std::string>("greeting"));
  } catch (const troupe::NodeLost&) {
    send("hello, world");
  }
}
