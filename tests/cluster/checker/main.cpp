// SPDX-License-Identifier: Apache-2.0
//
// ledger_checker DIR [--json]: judges the ledgers of a run that has ended. Exit status 0: all obligations kept;
// 1: some broken; 2: it could not judge.
#include "tests/cluster/checker/judge.hpp"

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

namespace {

void print(const ledger::Findings& found) {
  for (std::size_t i = 0; i < ledger::kObligations.size(); ++i) {
    const auto& [id, statement] = ledger::kObligations[i];
    const ledger::Finding& f = found[static_cast<ledger::Obligation>(i)];
    std::fprintf(stderr, "%-4s %-6s %-66s %s\n", id.data(), f.broken == 0 ? "ok" : "BROKEN", statement.data(),
                 f.figures.c_str());
    if (f.broken != 0) std::fprintf(stderr, "     broken %llu times\n", static_cast<unsigned long long>(f.broken));
    for (const std::string& example : f.examples) std::fprintf(stderr, "       %s\n", example.c_str());
  }
}

void print_json(const ledger::Findings& found) {
  const auto number = [](const char* name, std::uint64_t n) {
    std::printf("\"%s\":%llu,", name, static_cast<unsigned long long>(n));
  };
  std::printf("{");
  number("records", found.records);
  number("faults", found.counted_faults);
  number("faults_uncounted", found.faults - found.counted_faults);
  number("acks", found.acks);
  number("copies", found.copies);
  number("replays", found.replays);
  number("missing", found.missing);
  number("false_acks", found.false_acks);
  number("duplicates", found.duplicates);
  number("unexplained_duplicates", found.unexplained_duplicates);
  std::printf("\"broken\":[");
  bool first = true;
  for (std::size_t i = 0; i < ledger::kObligations.size(); ++i) {
    if (found[static_cast<ledger::Obligation>(i)].broken == 0) continue;
    std::printf("%s\"%s\"", first ? "" : ",", ledger::kObligations[i].id.data());
    first = false;
  }
  std::printf("]}\n");
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::strcmp(argv[2], "--json") == 0;
  if (argc != 2 && !json) {
    std::fprintf(stderr, "usage: ledger_checker DIR [--json]\n");
    return 2;
  }
  try {
    ledger::Judge judge(ledger::read_run(argv[1]));
    const ledger::Findings& found = judge.judge();
    print(found);
    if (json) print_json(found);
    return found.clean() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ledger_checker: %s\n", e.what());
    return 2;
  }
}
