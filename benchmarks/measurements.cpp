// troupe: actors in processes. Apache-2.0, see LICENSE.
// The table of all figures and their targets.
#include "benchmarks/measurements.hpp"

#include <algorithm>

namespace bench {

namespace {

constexpr auto at_most = Target::Bound::at_most;
constexpr auto at_least = Target::Bound::at_least;
constexpr bool two = true;  // processes that talk
constexpr bool one = false;
constexpr int all = 1000;  // rounds

// Each figure of ours directly before the raw one that it is judged by.
constexpr Measurement table[]{
    {"ask-ipc-64B", "us", 1, two, all, &ask_ipc, {at_most, 0.7, "raw-zmq-ipc-rtt"}},
    {"raw-zmq-ipc-rtt", "us", 1, two, all, &raw_ipc_rtt},
    {"dict-get", "us", 1, two, all, &dict_get, {at_most, 1.1, "ask-ipc-64B"}},
    {"dict-set", "us", 1, two, all, &dict_set, {at_most, 1.1, "ask-ipc-64B"}},
    {"ask-tcp-64B", "us", 2, two, all, &ask_tcp, {at_most, 0.7, "raw-zmq-tcp-rtt"}},
    {"raw-zmq-tcp-rtt", "us", 2, two, all, &raw_tcp_rtt},
    {"ask-ipc-busy-neighbour", "us", 3, two, all, &ask_busy_neighbour, {at_most, 1.1, "raw-zmq-ipc-busy-neighbour"}},
    {"raw-zmq-ipc-busy-neighbour", "us", 3, two, all, &raw_busy_neighbour},
    {"ask-inproc-64B", "us", 4, one, all, &ask_inproc, {Target::Bound::none, 0, "raw-zmq-inproc-rtt"}},
    {"ask-in-process", "us", 4, one, all, &ask_in_process},
    {"raw-zmq-inproc-rtt", "us", 4, one, all, &raw_inproc_rtt},
    {"tell-ipc-64B", "msg/s", 5, two, all, &tell_ipc_64, {at_least, 3, "raw-zmq-ipc-64B"}, {at_least, 0.9, "raw-zmq-ipc-coalesced-64B"}},
    {"raw-zmq-ipc-64B", "msg/s", 5, two, all, &raw_ipc_64},
    {"raw-zmq-ipc-coalesced-64B", "msg/s", 5, two, all, &raw_ipc_coalesced_64},
    {"tell-tcp-64B", "msg/s", 6, two, all, &tell_tcp_64, {at_least, 3, "raw-zmq-tcp-64B"}},
    {"raw-zmq-tcp-64B", "msg/s", 6, two, all, &raw_tcp_64},
    {"tell-ipc-64KiB", "GB/s", 7, two, all, &tell_ipc_64_kib, {at_least, 1, "raw-zmq-ipc-64KiB"}},
    {"raw-zmq-ipc-64KiB", "GB/s", 7, two, all, &raw_ipc_64_kib},
    {"tell-ipc-1MiB", "GB/s", 8, two, all, &tell_ipc_1_mib, {at_least, 1, "raw-zmq-ipc-1MiB"}},
    {"raw-zmq-ipc-1MiB", "GB/s", 8, two, all, &raw_ipc_1_mib},
    {"tell-lone", "us", 9, two, all, &tell_lone, {at_most, 1.1, "raw-zmq-lone"}},
    {"raw-zmq-lone", "us", 9, two, all, &raw_lone},
    {"local-pingpong", "us", 10, one, all, &local_ping_pong, {at_most, 0.15}},
    {"local-4to1", "msg/s", 10, one, all, &local_4_to_1, {at_least, 12e6}},
    {"local-spawn", "actor/s", 10, one, all, &local_spawn, {at_least, 1.5e6}},
    {"local-idle-actor", "bytes", 10, one, 2, &local_idle_actor, {at_most, 512}},
    {"value-add", "us", 10, one, all, &value_add, {at_most, 0.1}},
    {"array-element", "us", 10, one, all, &array_element, {at_most, 0.1}},
    {"dict-pipelined", "op/s", 10, two, all, &dict_pipelined, {at_least, 1e6}},
    {"process-start", "ms", 11, one, all, &process_start, {at_most, 8}},
    {"process-start-4", "ms", 11, one, all, &process_start_4},
    {"raw-fork-exec", "ms", 11, one, all, &raw_fork_exec},
    {"idle-cpu", "ms", 12, one, 2, &idle_cpu, {at_most, 20}},
    {"compile-hello", "s", 13, one, 3, &compile_hello, {at_most, 3}},
    {"compile-header", "s", 13, one, 3, &compile_header, {at_most, 1.5}},
    {"hello-stripped", "bytes", 13, one, 1, &hello_stripped},
};

}  // namespace

std::span<const Measurement> measurements() { return table; }

const Measurement* find_measurement(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Measurement::name);
  return found == std::end(table) ? nullptr : found;
}

double median(std::span<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace bench
