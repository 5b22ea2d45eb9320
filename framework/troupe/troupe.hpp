// troupe: actors in processes. Apache-2.0, see LICENSE.
// Everything that a program needs, in reading order.
#pragma once

#include <troupe/actor/actor.hpp>           // the base of actors
#include <troupe/actor/as_completed.hpp>    // several futures as they end
#include <troupe/actor/dead_letter.hpp>     // messages that reached nobody
#include <troupe/actor/future.hpp>          // the answer to an ask
#include <troupe/actor/monitor.hpp>         // what watchers are told
#include <troupe/actor/promise.hpp>         // answers that come later
#include <troupe/actor/ref.hpp>             // tell, ask, stop
#include <troupe/actor/spawn.hpp>           // how actors begin
#include <troupe/actor/supervisor.hpp>      // actors that come back
#include <troupe/actor/task.hpp>            // handlers that await
#include <troupe/actor/timer.hpp>           // messages for later
#include <troupe/actor/when.hpp>            // all of several futures, or the first
#include <troupe/cluster/directory.hpp>     // where names are kept
#include <troupe/cluster/names.hpp>         // names by which programs and hosts find each other
#include <troupe/node/drain_report.hpp>     // who has not finished
#include <troupe/node/node.hpp>             // the first line of main
#include <troupe/patterns/array.hpp>        // elements that all processes see
#include <troupe/patterns/barrier.hpp>      // nobody goes on before all have come
#include <troupe/patterns/condition.hpp>    // to wait for a notification
#include <troupe/patterns/dict.hpp>         // keys and values
#include <troupe/patterns/event.hpp>        // set or not
#include <troupe/patterns/list.hpp>         // items by number
#include <troupe/patterns/listener.hpp>     // where connections are asked for
#include <troupe/patterns/lock.hpp>         // one at a time
#include <troupe/patterns/pipe.hpp>         // two ends, one process each
#include <troupe/patterns/pool.hpp>         // tasks for worker processes
#include <troupe/patterns/process.hpp>      // a function as a process
#include <troupe/patterns/progress.hpp>     // how far a pool is
#include <troupe/patterns/queue.hpp>        // items between processes
#include <troupe/patterns/queue_taken.hpp>  // items that come back unless they are done
#include <troupe/patterns/semaphore.hpp>    // so many at a time
#include <troupe/patterns/topic.hpp>        // publish and subscribe
#include <troupe/patterns/value.hpp>        // a value that all processes see
#include <troupe/patterns/wait_any.hpp>     // for whichever comes first
#include <troupe/wire/error.hpp>            // what can go wrong, and how it is caught
#include <troupe/wire/log.hpp>              // where the library's own lines go
#include <troupe/wire/message.hpp>          // what can be a message
