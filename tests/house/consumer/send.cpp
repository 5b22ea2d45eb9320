// troupe: actors in processes. Apache-2.0, see LICENSE.
// A second unit that includes troupe: what its headers define must not meet itself at the link.
#include <iostream>
#include <string>

#include <troupe/troupe.hpp>

void send(const std::string& text) { std::cout << text << '\n'; }
