// troupe: actors in processes. Apache-2.0, see LICENSE.
// The Mandelbrot set, row by row, with one, two and four workers: a picture (PPM) and how much faster more workers are.
#include <troupe/troupe.hpp>

#include <chrono>
#include <complex>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

using Row = std::vector<std::uint8_t>;  // red, green, blue, ...

Row render(int y, int width, int height) {
  constexpr int most = 500;
  Row row;
  for (int x = 0; x < width; ++x) {
    const std::complex<double> c{3.5 * x / width - 2.5, 2.4 * y / height - 1.2};
    std::complex<double> z;
    int n = 0;
    while (n < most && std::norm(z) < 4) z = z * z + c, ++n;
    const auto shade = [&](int speed) { return static_cast<std::uint8_t>(n == most ? 0 : n * speed % 256); };
    row.insert(row.end(), {shade(3), shade(7), shade(13)});
  }
  return row;
}

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  const int width = argc > 1 ? std::atoi(argv[1]) : 900;
  const int height = width * 2 / 3;
  const std::string file = argc > 2 ? argv[2] : "mandelbrot.ppm";
  std::vector<int> lines(static_cast<std::size_t>(height));
  std::iota(lines.begin(), lines.end(), 0);

  std::vector<Row> picture;
  double alone = 0;
  for (const int workers : {1, 2, 4}) {
    const troupe::Pool pool{node, {.workers = workers}};
    const auto began = std::chrono::steady_clock::now();
    {
      const troupe::ProgressBar bar{pool, "mandelbrot"};
      picture = pool.map<render>(lines, width, height);
    }
    const double seconds = std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count();
    if (workers == 1) alone = seconds;
    std::cout << workers << (workers == 1 ? " worker:  " : " workers: ") << std::fixed << std::setprecision(2) << seconds << " s, "
              << alone / seconds << " times as fast\n";
  }
  std::ofstream out{file, std::ios::binary};
  out << "P6\n" << width << ' ' << height << "\n255\n";
  for (const Row& row : picture) out.write(reinterpret_cast<const char*>(row.data()), static_cast<std::streamsize>(row.size()));
  std::cout << file << (out.flush() ? "" : " could not be written") << '\n';
  return out ? 0 : 1;
}
