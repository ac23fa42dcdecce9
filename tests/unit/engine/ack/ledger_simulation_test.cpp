// SPDX-License-Identifier: Apache-2.0
//
// A seeded simulator of trees and the ledger: roots grow random trees, entries arrive in any order, are lost, or come
// twice because an execute ran twice. No root may complete before all of its tree was executed, or twice; one that lost
// nothing completes.
#include "engine/ack/ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

using namespace gale;
using namespace gale::ack;
using namespace std::chrono_literals;

namespace {

constexpr Duration kTimeout = 1s, kMaxAge = 100s;

/// One copy of a tuple, and each time it was executed: the copies that came of it.
struct Node {
  std::vector<std::vector<std::size_t>> executions;
};

struct Tree {
  std::uint32_t slot = 0;
  RootId root;
  std::vector<Node> nodes;
  std::vector<std::size_t> first;  // the copies of the root itself
  bool hurt = false;               // an entry or a copy was lost, or doubled
  bool done = false;

  /// Some execution of it, and of all that came of that one.
  [[nodiscard]] bool processed(std::size_t node) const {
    const auto whole = [this](const std::vector<std::size_t>& children) { return all(children); };
    return std::any_of(nodes[node].executions.begin(), nodes[node].executions.end(), whole);
  }
  [[nodiscard]] bool all(const std::vector<std::size_t>& some) const {
    return std::all_of(some.begin(), some.end(), [this](std::size_t n) { return processed(n); });
  }
};

class Simulation {
 public:
  explicit Simulation(unsigned seed) : random_(seed), ledger_(kSlots, Incarnation(1)) {
    for (std::uint32_t i = 0; i < kSlots; ++i) free_.push_back(i);
  }
  void run() {
    for (int step = 0; step < 400; ++step) {
      if (!free_.empty() && chance(3)) emit();
      if (!copies_.empty() && chance(2)) execute();
      if (!entries_.empty() && chance(2)) arrive();
      now_ += 1ms;
      if (chance(50)) expire();
    }
    while (!copies_.empty()) execute(false);
    while (!entries_.empty()) arrive(false);
    for (const auto& [slot, tree] : pending_) CHECK(tree->hurt);
    now_ += kTimeout;
    expire();
    CHECK(pending_.empty());
  }

 private:
  static constexpr std::uint32_t kSlots = 8;
  struct Copy {
    Tree* tree;
    std::uint64_t edge;
    int depth;
    std::size_t node;
  };
  struct Entry {
    Tree* tree;
    RootId root;
    std::uint64_t edges;
  };
  bool chance(unsigned n) { return random_() % n == 0; }
  std::uint64_t edge() { return (std::uint64_t{random_()} << 32 | random_()) | 1; }

  void emit() {
    trees_.push_back(std::make_unique<Tree>());
    Tree* tree = trees_.back().get();
    tree->slot = free_.back();
    free_.pop_back();
    tree->root = ledger_.next_root(tree->slot);
    std::uint64_t edges = 0;
    for (unsigned i = 0, n = 1 + random_() % 4; i < n; ++i) edges ^= spawn(tree, 0, tree->first);
    ledger_.open(tree->slot, trees_.size(), edges, 1, now_);
    pending_[tree->slot] = tree;
  }
  std::uint64_t spawn(Tree* tree, int depth, std::vector<std::size_t>& siblings) {
    siblings.push_back(tree->nodes.size());
    tree->nodes.emplace_back();
    copies_.push_back({tree, edge(), depth, siblings.back()});
    return copies_.back().edge;
  }
  void execute(bool faults = true) {
    const std::size_t at = random_() % copies_.size();
    const Copy copy = copies_[at];
    if (faults && chance(40)) {  // the copy is lost
      copy.tree->hurt = true;
      return remove(copies_, at);
    }
    if (faults && chance(40)) {
      copy.tree->hurt = true;  // it runs twice: fresh edges, one input edge
    } else {
      remove(copies_, at);
    }
    std::uint64_t edges = copy.edge;
    std::vector<std::size_t> children;
    if (copy.depth < 3) {
      for (unsigned i = 0, n = random_() % 3; i < n; ++i) edges ^= spawn(copy.tree, copy.depth + 1, children);
    }
    copy.tree->nodes[copy.node].executions.push_back(std::move(children));
    entries_.push_back({copy.tree, copy.tree->root, edges});
  }
  void arrive(bool faults = true) {
    const std::size_t at = random_() % entries_.size();
    const Entry entry = entries_[at];
    remove(entries_, at);
    if (faults && chance(40)) {
      entry.tree->hurt = true;
      return;
    }
    ledger_.apply({LedgerId(0), {{entry.root, entry.edges}}, {}}, now_, done_);
    complete();
  }
  void expire() {
    ledger_.expire(now_, kTimeout, kMaxAge, done_);
    complete();
  }
  void complete() {
    for (const std::uint32_t slot : done_.acked) {
      CHECK(pending_.at(slot)->all(pending_.at(slot)->first));
      end(slot);
    }
    for (const Failed& failed : done_.failed) end(failed.slot);
    done_.clear();
  }
  void end(std::uint32_t slot) {
    REQUIRE(pending_.count(slot) == 1);
    CHECK_FALSE(pending_[slot]->done);
    pending_[slot]->done = true;
    pending_.erase(slot);
    free_.push_back(slot);
  }
  template <class T>
  static void remove(std::vector<T>& from, std::size_t at) {
    from[at] = from.back();
    from.pop_back();
  }

  std::mt19937 random_;
  Ledger ledger_;
  Completions done_;
  TimePoint now_{1000s};
  std::vector<std::unique_ptr<Tree>> trees_;
  std::map<std::uint32_t, Tree*> pending_;  // by slot
  std::vector<std::uint32_t> free_;
  std::vector<Copy> copies_;
  std::vector<Entry> entries_;
};

}  // namespace

TEST_CASE("No root completes early or twice, whatever is lost, late, doubled or reordered") {
  for (unsigned seed = 1; seed <= 10000; ++seed) {
    CAPTURE(seed);
    Simulation(seed).run();
  }
}
