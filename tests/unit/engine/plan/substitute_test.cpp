// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/substitute.hpp"

#include <doctest/doctest.h>

namespace gale::plan {
namespace {

const Environment kEnvironment = [](const std::string& name) -> const char* {
  return name == "USER" ? "ann" : nullptr;
};

struct Outcome {
  yaml::Node node;
  Faults faults;
};

/// The value of `k: <text>` after substitution.
Outcome substitute(const std::string& text, const Sets& sets) {
  yaml::Document document = yaml::parse("k: " + text);
  REQUIRE(document.whole);
  Outcome outcome{document.root.entries.at(0).value, {}};
  Substitution(sets, kEnvironment).apply(outcome.node, outcome.faults);
  return outcome;
}

std::string text_of(const std::string& text, const Sets& sets = {}) {
  const Outcome outcome = substitute(text, sets);
  CHECK(outcome.faults.empty());
  return outcome.node.text;
}

std::string fault_of(const std::string& text, const Sets& sets = {}) {
  const Outcome outcome = substitute(text, sets);
  REQUIRE(outcome.faults.size() == 1);
  return render(outcome.faults[0], "f");
}

TEST_CASE("Several names may stand in one scalar, from --set, the environment, or a default") {
  CHECK(text_of("${a}/x-${b}.${ENV-USER}", {{"a", "1"}, {"b", "2"}}) == "1/x-2.ann");
  CHECK(text_of("${a:-none}") == "none");
  CHECK(text_of("${a:-none}", {{"a", "some"}}) == "some");
  CHECK(text_of("${ENV-NOBODY:-x}${ENV-USER:-y}") == "xann");
  CHECK(text_of("\"${a:-}\"") == "");
  CHECK(text_of("a $ b } c") == "a $ b } c");
}

TEST_CASE("What is put in is not looked at again, and $${ is a plain ${") {
  CHECK(text_of("${a}", {{"a", "${b}"}}) == "${b}");
  CHECK(text_of("x$${a}y${a}", {{"a", "1"}}) == "x${a}y1");
}

TEST_CASE("A plain scalar that is wholly one name gets the type of its value; others are text") {
  CHECK(std::get<std::int64_t>(yaml::resolve(substitute("${n}", {{"n", "5"}}).node)) == 5);
  CHECK(std::get<bool>(yaml::resolve(substitute("${n:-true}", {}).node)));
  CHECK(std::get<std::string>(yaml::resolve(substitute("\"${n}\"", {{"n", "5"}}).node)) == "5");
  CHECK(std::get<std::string>(yaml::resolve(substitute("1${n}", {{"n", "5"}}).node)) == "15");
  CHECK(std::get<std::string>(yaml::resolve(substitute("${n}${n}", {{"n", "5"}}).node)) == "55");
}

TEST_CASE("A name that nobody gave is a fault that says how to give it") {
  CHECK(fault_of("${input}") == "f:1:4: nothing was given for ${input}: give it with --set input=...");
  CHECK(fault_of("${ENV-NOBODY}") ==
        "f:1:4: the environment has no variable NOBODY for ${ENV-NOBODY}; set it, or write ${ENV-NOBODY:-a default}");
  CHECK(fault_of("a${b") == "f:1:4: '${' without its '}'; write $${ for a plain '${'");
  CHECK(fault_of("\"${a[0]}\"") == "f:1:4: '${a[0]}': a name has letters, digits, '_', '.' and '-'");
  CHECK(fault_of("\"${}\"") == "f:1:4: '${}': a name has letters, digits, '_', '.' and '-'");
}

TEST_CASE("A value given with --set and used nowhere is a fault") {
  const Sets sets = {{"inptu", "x"}, {"used", "y"}};
  yaml::Document document = yaml::parse("a: ${used}\nb: ['${input:-z}']\n");
  Faults faults;
  Substitution substitution(sets, kEnvironment);
  substitution.apply(document.root, faults);
  substitution.tell_unused(faults);
  CHECK(faults == Faults{{{}, "--set inptu: the file has no ${inptu} (did you mean 'input'?)"}});
}

TEST_CASE("Large values named often end in one fault, not in all of the memory") {
  const Sets sets = {{"a", std::string(1u << 20, 'x')}};
  std::string list = "[";
  for (int i = 0; i < 100; ++i) list += "'${a}',";
  CHECK(fault_of(list + "]", sets).find("more than 16777216 bytes") != std::string::npos);
}

TEST_CASE("The argument of --set is key=value, and the value may hold anything") {
  CHECK(*parse_set("a=b=c") == std::pair(std::string("a"), std::string("b=c")));
  CHECK(*parse_set("a.b-c=") == std::pair(std::string("a.b-c"), std::string()));
  for (const char* bad : {"", "a", "=b", "a b=c"}) {
    const auto result = parse_set(bad);
    REQUIRE_FALSE(result);
    CHECK(result.error().starts_with("--set wants key=value"));
  }
}

}  // namespace
}  // namespace gale::plan
