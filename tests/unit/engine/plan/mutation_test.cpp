// SPDX-License-Identifier: Apache-2.0
//
// Whatever becomes of a topology file, it is either planned or refused at a place; never a crash, never a hang.
#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace gale::plan {
namespace {

constexpr std::string_view kValid = R"(# counts words
name: word-count
plugins: [words, other]
config: {topology.workers: 2, topology.message.timeout.secs: 2.5}
spouts:
  - id: lines
    className: words.Lines
    properties: {path: "${ENV-HOME_OF_WORDS}/a", limit: 10, rate: 3, skip: [1, 2]}
    parallelism: ${ENV-N}
    config:
      topology.max.spout.pending: 100
bolts:
  - {id: split, className: words.Split, parallelism: 2, numTasks: 3}
  - id: count
    className: 'words.Count'
    config: {topology.component.worker: 1}
  - id: sink
    className: words.Sink
    properties:
      - name: output
        value: |
          a
          b
streams:
  - {from: lines, to: split, grouping: {type: SHUFFLE}}
  - {name: by word, from: split, to: count, grouping: {type: FIELDS, args: [word]}}
  - from: lines
    to: count
    grouping: {type: ALL, streamId: bad}
  - {from: count, to: sink, grouping: {type: GLOBAL}}
)";

void check_outcome(const std::string& text) {
  const PlanOutcome outcome = plan_of(text);
  const bool has_place =
      std::any_of(outcome.faults.begin(), outcome.faults.end(), [](const Fault& f) { return f.at.line > 0; });
  const bool sound = outcome.plan ? outcome.faults.empty() && !outcome.plan->tasks.empty() : has_place;
  if (!sound) MESSAGE(text);
  REQUIRE(sound);
  for (const Fault& fault : outcome.faults) REQUIRE_FALSE(fault.text.empty());
}

TEST_CASE("The file that the others are made of is valid") { CHECK(good_plan(kValid).tasks.size() == 12); }

TEST_CASE("Every prefix of a topology is planned or refused at a place") {
  for (std::size_t length = 0; length <= kValid.size(); ++length) check_outcome(std::string(kValid.substr(0, length)));
}

TEST_CASE("Every line left out, or standing twice, is planned or refused at a place") {
  for (std::size_t begin = 0; begin < kValid.size();) {
    const std::size_t end = kValid.find('\n', begin) + 1;
    const std::string line(kValid.substr(begin, end - begin));
    check_outcome(std::string(kValid).erase(begin, end - begin));
    check_outcome(std::string(kValid).insert(begin, line));
    begin = end;
  }
}

TEST_CASE("Two thousand mutations of a topology are planned or refused at a place") {
  constexpr std::string_view kNasty = "{}[]:,-#&*!|>'\"%@`?~$ \n\t\x01\xff\xc3 0a";
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string text(kValid);
    for (unsigned edits = 1 + random() % 4; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random() % text.size();
      const std::size_t length = 1 + random() % 12;
      const char c = kNasty[random() % kNasty.size()];
      switch (random() % 4) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        case 2:
          text.erase(at, length);
          break;
        default:
          text.insert(random() % text.size(), text.substr(at, 4 * length));
      }
    }
    check_outcome(text);
  }
}

}  // namespace
}  // namespace gale::plan
