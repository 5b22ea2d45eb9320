// troupe: actors in processes. Apache-2.0, see LICENSE.
// What every test program parses once, as a precompiled header.
#pragma once

#include "catch.hpp"

#include <troupe/troupe.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>
