// troupe: actors in processes. Apache-2.0, see LICENSE.
// What stands before the code of a page.
#pragma once

#include "actor/stage.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>
