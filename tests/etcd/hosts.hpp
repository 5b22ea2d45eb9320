// troupe: actors in processes. Apache-2.0, see LICENSE.
// What tests with a real etcd share: nodes as hosts of it, an actor to be found, and one that hears of names.
#pragma once

#include "actor/stage.hpp"
#include "etcd/etcd_server.hpp"

#include <troupe/etcd/etcd.hpp>

#include <iostream>

/// With short times.
inline troupe::etcd::Options at(const std::string& endpoint) { return {.endpoints = {endpoint}, .lease = 1s, .timeout = 2s}; }

inline troupe::NodeOptions with(troupe::etcd::Options etcd) {
  troupe::NodeOptions options;
  troupe::etcd::use(options, std::move(etcd));
  return options;
}

struct Get {};
class Number : public troupe::Actor<Number, Get> {
 public:
  explicit Number(int number) : number_{number} {}
  int on(const Get&) const { return number_; }

 private:
  const int number_;
};

struct Heard {};
class Herald : public troupe::Actor<Herald, troupe::NameUp, troupe::NameDown, Heard> {
 public:
  void on(const troupe::NameUp& up) { heard_ += '+' + up.name; }
  void on(const troupe::NameDown& down) { heard_ += '-' + down.name; }
  std::string on(const Heard&) const { return heard_; }

 private:
  std::string heard_;
};

inline bool skipped() {
  const std::string missing = EtcdServer::missing();
  if (!missing.empty()) std::cout << "skipped: " << missing << std::endl;
  return !missing.empty();
}

inline int number_at(troupe::Node& node, const std::string& name) { return node.find<Number>(name).ask(Get{}).get(); }

/// How a call failed: code and text; empty: it did not.
template <class Call>
std::string failure_of(Call call) {
  try {
    call();
  } catch (const troupe::Error& error) {
    return std::string{to_string(error.code())} + ": " + error.what();
  }
  return "";
}
