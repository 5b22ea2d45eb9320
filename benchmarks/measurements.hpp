// troupe: actors in processes. Apache-2.0, see LICENSE.
// What can be measured, one function per figure; measurements.cpp gives them their names.
#pragma once

#include "benchmarks/measurement.hpp"

namespace bench {

// asks.cpp: a question and its answer, microseconds
double ask_ipc(const Run& run);
double ask_tcp(const Run& run);
double ask_tcp_curve(const Run& run);  // a process of another host
double ask_busy_neighbour(const Run& run);
double ask_inproc(const Run& run);      // two nodes of one process
double ask_in_process(const Run& run);  // two threads of one node

// tells.cpp: until the receiver has handled all
double tell_ipc_64(const Run& run);        // messages per second
double tell_tcp_64(const Run& run);        // messages per second
double tell_tcp_curve_64(const Run& run);  // the same, to a process of another host
double tell_ipc_64_kib(const Run& run);    // GB per second
double tell_ipc_1_mib(const Run& run);     // GB per second
double tell_lone(const Run& run);          // one in 2 ms, until its handler begins, microseconds

// local.cpp: actors of one process
double local_ping_pong(const Run& run);   // a round trip, microseconds
double local_4_to_1(const Run& run);      // messages per second
double local_spawn(const Run& run);       // actors per second, each started
double local_idle_actor(const Run& run);  // bytes of resident memory

// shared.cpp: values, arrays and dicts
double value_add(const Run& run);       // nanoseconds
double array_set(const Run& run);       // nanoseconds
double dict_get_us(const Run& run);     // microseconds
double dict_set_us(const Run& run);     // microseconds
double dict_get(const Run& run);        // gets per second
double dict_set(const Run& run);        // sets per second
double dict_pipelined(const Run& run);  // sets per second

// queues.cpp: queues, pipes and locks
double queue_1_to_1(const Run& run);        // items per second
double queue_4_to_4(const Run& run);        // items per second
double queue_put_get(const Run& run);       // within a process, microseconds
double pipe_round_trip(const Run& run);     // microseconds
double pipe_rate(const Run& run);           // items per second
double lock_uncontended(const Run& run);    // lock and unlock within a process, microseconds
double process_start_join(const Run& run);  // of a function that does nothing, milliseconds

// pool.cpp: tasks of a pool of processes
double pool_apply(const Run& run);            // one at a time, microseconds
double pool_map_chunk1(const Run& run);       // tasks per second
double pool_map_host_chunk1(const Run& run);  // the same, by workers of another host
double pool_map(const Run& run);              // tasks per second
double pool_apply_async(const Run& run);      // tasks per second
double pool_start(const Run& run);            // two workers and the first result, milliseconds
double pool_efficiency(const Run& run);       // of 64 workers whose tasks sleep 10 ms, percent of the time that is no waiting

// processes.cpp: the life of processes
double process_start(const Run& run);    // spawn and first answer, milliseconds
double process_start_4(const Run& run);  // of four at once, until the last has answered
double idle_cpu(const Run& run);         // milliseconds of processor time in 10 s
double raw_fork_exec(const Run& run);    // fork, exec and wait for this program, milliseconds

// hosts.cpp: two hosts of one job, joined over loopback tcp with keys
double ask_host_node(const Run& run);  // the other host's node itself for the table of hosts, microseconds
double join_host(const Run& run);      // from the start of its process to the first answer of an actor on it, milliseconds
double find_name(const Run& run);      // that the head has published, by a process of the other host, microseconds

// building.cpp: what a user's build costs
double compile_hello(const Run& run);   // seconds of processor time
double compile_header(const Run& run);  // seconds of processor time
double hello_stripped(const Run& run);  // bytes

// raw_zmq.cpp: the same over libzmq alone
double raw_ipc_rtt(const Run& run);
double raw_tcp_rtt(const Run& run);
double raw_curve_rtt(const Run& run);
double raw_inproc_rtt(const Run& run);
double raw_busy_neighbour(const Run& run);
double raw_ipc_64(const Run& run);
double raw_tcp_64(const Run& run);
double raw_ipc_coalesced_64(const Run& run);
double raw_curve_coalesced_64(const Run& run);
double raw_ipc_64_kib(const Run& run);
double raw_ipc_1_mib(const Run& run);
double raw_lone(const Run& run);

}  // namespace bench
