// troupe: actors in processes. Apache-2.0, see LICENSE.
// The table of all figures and their targets.
#include "benchmarks/measurements.hpp"

#include <algorithm>

#include "benchmarks/python.hpp"

namespace bench {

namespace {

constexpr auto at_most = Target::Bound::at_most;
constexpr auto at_least = Target::Bound::at_least;
constexpr bool two = true;  // processes that talk
constexpr bool one = false;
constexpr int all = 1000;  // rounds
constexpr int few = 2;

// Each figure of ours directly before the raw one that it is judged by.
constexpr Measurement table[]{
    {"ask-ipc-64B", "us", 1, two, all, &ask_ipc, {at_most, 0.7, "raw-zmq-ipc-rtt"}},
    {"raw-zmq-ipc-rtt", "us", 1, two, all, &raw_ipc_rtt},
    {"dict-get-rtt", "us", 1, two, all, &dict_get_us, {at_most, 1.1, "ask-ipc-64B"}},
    {"dict-set-rtt", "us", 1, two, all, &dict_set_us, {at_most, 1.1, "ask-ipc-64B"}},
    {"pool-apply", "us", 1, one, all, &pool_apply, {at_most, 1.3, "ask-ipc-64B"}, {at_most, 1, "py-pool-apply"}},
    {"py-pool-apply", "us", 1, one, few, &python<"pool-apply", 4000>},
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
    {"queue-1to1", "msg/s", 14, two, all, &queue_1_to_1, {at_least, 1e6}, {at_least, 1, "py-queue-1to1"}},
    {"py-queue-1to1", "msg/s", 14, one, few, &python<"queue-1to1", 100'000>},
    {"queue-4to4", "msg/s", 14, one, all, &queue_4_to_4, {at_least, 1, "py-queue-4to4"}},
    {"py-queue-4to4", "msg/s", 14, one, few, &python<"queue-4to4", 60'000>},
    {"queue-put-get", "us", 14, one, all, &queue_put_get, {at_most, 1, "py-queue-put-get"}},
    {"py-queue-put-get", "us", 14, one, few, &python<"queue-put-get", 20'000>},
    {"pipe-rtt", "us", 15, two, all, &pipe_round_trip, {Target::Bound::none, 0, "py-pipe-rtt"}},
    {"py-pipe-rtt", "us", 15, one, few, &python<"pipe-rtt", 8000>},
    {"pipe", "msg/s", 15, two, all, &pipe_rate, {at_least, 1, "py-pipe"}},
    {"py-pipe", "msg/s", 15, one, few, &python<"pipe", 100'000>},
    {"dict-get", "op/s", 16, one, all, &dict_get, {at_least, 1, "py-dict-get"}},
    {"py-dict-get", "op/s", 16, one, few, &python<"dict-get", 8000>},
    {"dict-set", "op/s", 16, one, all, &dict_set, {at_least, 1, "py-dict-set"}},
    {"py-dict-set", "op/s", 16, one, few, &python<"dict-set", 8000>},
    {"dict-pipelined", "op/s", 16, two, all, &dict_pipelined, {at_least, 1e6}},
    {"value-add", "ns", 17, one, all, &value_add, {at_most, 100}, {at_most, 1, "py-value-add"}},
    {"py-value-add", "ns", 17, one, few, &python<"value-add", 200'000>},
    {"array-set", "ns", 17, one, all, &array_set, {at_most, 100}, {at_most, 1, "py-array-set"}},
    {"py-array-set", "ns", 17, one, few, &python<"array-set", 200'000>},
    {"lock-uncontended", "us", 17, one, all, &lock_uncontended, {Target::Bound::none, 0, "py-lock"}},
    {"py-lock", "us", 17, one, few, &python<"lock", 200'000>},
    {"process-start-join", "ms", 18, one, all, &process_start_join, {Target::Bound::none, 0, "py-process-start-join"}},
    {"py-process-start-join", "ms", 18, one, few, &python<"process-start-join", 50>},
    {"pool-map-chunk1", "task/s", 19, one, all, &pool_map_chunk1, {at_least, 500e3}, {at_least, 1, "py-pool-map-chunk1"}},
    {"py-pool-map-chunk1", "task/s", 19, one, few, &python<"pool-map-chunk1", 30'000>},
    {"pool-map", "task/s", 19, one, all, &pool_map, {at_least, 500e3}, {Target::Bound::none, 0, "py-pool-map"}},
    {"py-pool-map", "task/s", 19, one, few, &python<"pool-map", 1'000'000>},
    {"pool-apply-async", "task/s", 19, one, all, &pool_apply_async, {at_least, 300e3}, {at_least, 1, "py-pool-apply-async"}},
    {"py-pool-apply-async", "task/s", 19, one, few, &python<"pool-apply-async", 30'000>},
    {"pool-start", "ms", 19, one, all, &pool_start, {Target::Bound::none, 0, "py-pool-start"}},
    {"py-pool-start", "ms", 19, one, few, &python<"pool-start", 20>},
    {"pool-efficiency", "percent", 19, one, 3, &pool_efficiency, {at_least, 95}},
    {"py-pool-efficiency", "percent", 19, one, few, &python<"pool-efficiency", 100>},
    {"ask-tcp-curve-64B", "us", 20, two, all, &ask_tcp_curve, {Target::Bound::none, 0, "raw-zmq-tcp-curve-rtt"}},
    {"ask-tcp-curve-host-node", "us", 20, two, all, &ask_host_node, {Target::Bound::none, 0, "raw-zmq-tcp-curve-rtt"}},
    {"raw-zmq-tcp-curve-rtt", "us", 20, two, all, &raw_curve_rtt},
    {"tell-tcp-curve-64B", "msg/s", 21, two, all, &tell_tcp_curve_64, {at_least, 0.6, "raw-zmq-tcp-curve-coalesced-64B"}},
    {"raw-zmq-tcp-curve-coalesced-64B", "msg/s", 21, two, all, &raw_curve_coalesced_64},
    {"pool-map-host-chunk1", "task/s", 22, one, all, &pool_map_host_chunk1},
    {"join", "ms", 22, one, all, &join_host, {at_most, 100}},
    {"find", "us", 22, one, all, &find_name},
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
