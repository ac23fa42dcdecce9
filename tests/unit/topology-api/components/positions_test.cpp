// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/file/positions.hpp"

#include <doctest/doctest.h>

#include <map>

namespace gale::stock::file {
namespace {

std::map<FileId, std::uint64_t> settled(Positions& positions, std::uint64_t upto) {
  std::map<FileId, std::uint64_t> done;
  positions.settle(upto, [&](FileId file, std::uint64_t offset) { done[file] = offset; });
  return done;
}
using Done = std::map<FileId, std::uint64_t>;

TEST_CASE("A frontier in the middle of a file is an offset in it, and all files before it are done") {
  Positions positions;
  CHECK(positions.advance(1, 0, 10) == 10);
  CHECK(positions.advance(1, 10, 30) == 30);
  CHECK(positions.advance(2, 0, 5) == 35);
  CHECK(positions.segments() == 2);
  CHECK(settled(positions, 10) == Done{{1, 10}});
  CHECK(settled(positions, 33) == Done{{1, 30}, {2, 3}});
  CHECK(settled(positions, 33) == Done{});  // nothing new
  CHECK(settled(positions, 35) == Done{{2, 5}});
  CHECK(positions.segments() == 0);
}

TEST_CASE("Going from file to file and back, each offset is the file's own") {
  Positions positions;
  positions.advance(1, 100, 110);
  positions.advance(2, 0, 5);
  positions.advance(1, 110, 120);
  CHECK(settled(positions, 12) == Done{{1, 110}, {2, 2}});
  CHECK(settled(positions, 25) == Done{{1, 120}, {2, 5}});
}

TEST_CASE("A file that begins anew is read from its offset again") {
  Positions positions;
  positions.advance(1, 0, 10);
  positions.advance(1, 0, 4);
  CHECK(positions.segments() == 2);
  CHECK(settled(positions, 14) == Done{{1, 4}});
}

TEST_CASE("What is settled in parts stays one segment while it goes on") {
  Positions positions;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    positions.advance(1, 10 * i, 10 * i + 10);
    if (i > 0) settled(positions, 10 * i);
  }
  CHECK(positions.segments() == 1);
}

}  // namespace
}  // namespace gale::stock::file
