// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who is told of messages that reached nobody: `node.watch_dead_letters(actor)`, for an actor with DeadLetter in its list.
#pragma once

#include <troupe/actor/ref.hpp>
#include <troupe/node/dead_letters.hpp>
#include <troupe/node/node.hpp>
