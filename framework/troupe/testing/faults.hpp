// troupe: actors in processes. Apache-2.0, see LICENSE.
// What goes wrong between the nodes of a World.
#pragma once

#include <troupe/node/clock.hpp>

namespace troupe::testing {

/// What a connection does to frames. A stream cannot lose one frame and bring the next, nor bring one twice: so a loss is that of a
/// connection's tail, after which the nodes connect again and send again what was not acknowledged.
struct Faults {
  /// Of the frames, how many are lost with all behind them on their connection, which then ends: 0 to 1.
  double drop = 0;
  /// Of the frames, how many arrive and are the last on their connection: who sent them does not learn that, and sends them again.
  double duplicate = 0;
  /// The longest that a frame or a dial takes; each time is drawn. Frames of one connection stay in order.
  Duration delay_up_to = Duration::zero();
};

}  // namespace troupe::testing
