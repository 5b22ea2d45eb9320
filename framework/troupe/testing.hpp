// troupe: actors in processes. Apache-2.0, see LICENSE.
// Everything that a test of actors needs beside <troupe/troupe.hpp>: see docs/testing.md.
#pragma once

#include <troupe/testing/faults.hpp>  // what goes wrong between nodes
#include <troupe/testing/world.hpp>   // nodes in one thread, in virtual time
