// SPDX-License-Identifier: Apache-2.0
//
// bench_bound_words THREADS FILE LINES: the word count by hand, a loop in each thread: lines in memory, split as the
// example does it, each word packed and read back once as a hop would, counted in a table of its own. No engine, no
// grouping between threads, no acks. Prints words a second.
#include "bound.hpp"
#include "examples/word-count/letters.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

struct Hash : std::hash<std::string_view> {
  using is_transparent = void;
};

std::int64_t count_words(const std::vector<std::string_view>& lines, std::int64_t count) {
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> counts;
  std::vector<std::uint8_t> batch(64 << 10);
  std::string word;
  std::int64_t words = 0;
  std::size_t at = 0;
  std::uint8_t* end = batch.data();
  const auto execute = [&] {
    for (const std::uint8_t* record = batch.data(); record != end;) {
      std::string_view text;
      std::int64_t one = 0;
      record = bench::read(record, text, one);
      auto it = counts.find(text);
      if (it == counts.end()) it = counts.emplace(text, 0).first;
      it->second += one;
      ++words;
    }
    end = batch.data();
  };
  for (std::int64_t n = 0; n < count; ++n) {
    words::for_each_word(lines[at], word, [&](std::string_view w) {
      if (end + bench::kMost + w.size() > batch.data() + batch.size()) execute();
      end = bench::pack(end, w, 1);
    });
    if (++at == lines.size()) at = 0;
  }
  execute();
  return words;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc == 4 ? std::atoi(argv[1]) : 0;
  const std::int64_t count = threads > 0 ? std::atoll(argv[3]) / threads : 0;
  if (count <= 0) {
    std::fprintf(stderr, "usage: %s THREADS FILE LINES\n", argv[0]);
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  const std::string all(std::istreambuf_iterator<char>(file), {});
  std::vector<std::string_view> lines;
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (lines.empty()) return 1;
  std::vector<std::int64_t> words(static_cast<std::size_t>(threads));
  const auto begun = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> running;
    for (std::int64_t& n : words) running.emplace_back([&] { n = count_words(lines, count); });
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  std::int64_t sum = 0;
  for (const std::int64_t n : words) sum += n;
  std::printf("%.0f\n", static_cast<double>(sum) / seconds.count());
  return 0;
}
