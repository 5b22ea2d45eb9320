// troupe: actors in processes. Apache-2.0, see LICENSE.
// Gives the precompiled header parsed.hpp a target of its own.
