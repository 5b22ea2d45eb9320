// troupe: actors in processes. Apache-2.0, see LICENSE.
// The small samples print what their pages say.
#include "program.hpp"

#include <pty.h>

#include <array>

TEST_CASE("hello greets from another process") {
  Program hello{"hello", {}};

  CHECK(hello.wait() == 0);
  CHECK(hello.out() == "hello, world\n");
  CHECK(hello.err() == "");
}

TEST_CASE("counter does the same here and in a process of its own") {
  const std::string each = "counted to 2010\nrefused: nobody to share with\neach gets 201\nstopped, and the question was not handled\n";
  Program counter{"counter", {}};

  CHECK(counter.wait() == 0);
  CHECK(counter.out() == "in this process\n" + each + "in a process of its own\n" + each);
  CHECK(counter.err() == "");
}

TEST_CASE("pool shows tasks, maps, futures and errors") {
  Program pool{"pool", {}};

  CHECK(pool.wait() == 0);
  CHECK(pool.out() == "one task: 27\na map: 1 8 27 64\ntheir sum: 100\none two three zero \nand later: 1000\nrefused: 2000 is too large\n");
  CHECK(pool.err() == "");
}

TEST_CASE("pool_deaths shows what becomes of the tasks of workers that die") {
  Program pool{"pool_deaths", {}};

  CHECK(pool.wait() == 0);
  CHECK(pool.out() == "10\n20\nits worker died by signal 6\n40\n50\ntried again: 7\nworkers: 2\n");
}

TEST_CASE("mandelbrot writes a picture, the same with any number of workers, and says how fast each was") {
  const Folder folder;
  Program mandelbrot{"mandelbrot", {"60", folder / "set.ppm"}};

  CHECK(mandelbrot.wait() == 0);
  const std::string out = mandelbrot.out();
  CHECK(out.find("1 worker:  ") == 0);
  CHECK(out.find("1.00 times as fast\n2 workers: ") != std::string::npos);
  CHECK(out.find("\n4 workers: ") != std::string::npos);
  const std::string picture = text_of_file(folder / "set.ppm");
  CHECK(picture.substr(0, 13) == "P6\n60 40\n255\n");
  CHECK(picture.size() == 13 + 60 * 40 * 3);
  CHECK(picture[13 + (20 * 60 + 45) * 3] == '\0');  // within the set
  CHECK(mandelbrot.err() == "");
}

TEST_CASE("mandelbrot shows on a terminal how far it is, and nothing of that stays") {
  const Folder folder;
  int terminal = -1;
  int slave = -1;
  REQUIRE(::openpty(&terminal, &slave, nullptr, nullptr, nullptr) == 0);
  Program mandelbrot{"mandelbrot", {"150", folder / "set.ppm"}, slave};
  ::close(slave);

  std::string shown;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = ::read(terminal, piece.data(), piece.size())) > 0;)
    shown.append(piece.data(), static_cast<std::size_t>(got));
  ::close(terminal);

  CHECK(mandelbrot.wait() == 0);
  CHECK(shown.find("mandelbrot [") != std::string::npos);
  CHECK(shown.substr(shown.size() - 4) == "\r\x1b[K");
}
