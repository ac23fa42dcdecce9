// SPDX-License-Identifier: Apache-2.0
//
// The groupings of a topology file: their names, what each takes, what each may read.
#include "engine/plan/make_plan.hpp"
#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

namespace gale::plan {
namespace {

/// lines -> split -> teller -> last, of which one stream has this grouping.
std::string file(const std::string& to_last, const std::string& from = "split") {
  return "name: t\nplugins: [words]\n"
         "spouts:\n  - {id: lines, className: words.Lines, properties: {path: x}}\n"
         "bolts:\n  - {id: split, className: words.Split}\n  - {id: teller, className: words.Teller}\n"
         "  - {id: last, className: words.Sink}\n"
         "streams:\n  - {from: lines, to: split, grouping: {type: SHUFFLE}}\n"
         "  - {from: split, to: teller, grouping: {type: SHUFFLE}}\n"
         "  - {from: " +
         from + ", to: last, grouping: " + to_last + "}\n";
}
Edge last_of(const std::string& grouping, const std::string& from = "split") {
  return good_plan(file(grouping, from)).edges.back();
}

TEST_CASE("Every grouping of Storm goes by its name, in capitals or not") {
  CHECK(last_of("{type: SHUFFLE}").grouping == Grouping::kShuffle);
  CHECK(last_of("{type: none}").grouping == Grouping::kNone);
  CHECK(last_of("{type: Local_Or_Shuffle}").grouping == Grouping::kLocalOrShuffle);
  CHECK(last_of("{type: FIELDS, args: [word]}").grouping == Grouping::kFields);
  CHECK(last_of("{type: ALL}").grouping == Grouping::kAll);
  CHECK(last_of("{type: GLOBAL}").grouping == Grouping::kGlobal);
  CHECK(last_of("{type: DIRECT}", "teller").grouping == Grouping::kDirect);
  const Edge partial = last_of("{type: PARTIAL_KEY, args: [word]}");
  CHECK(partial.grouping == Grouping::kPartialKey);
  CHECK(partial.key == std::vector<std::uint16_t>{0});
}

TEST_CASE("A custom grouping is found in its plugin, with its properties") {
  const Edge edge = last_of("{type: CUSTOM, customClass: {className: words.Chooser, properties: {by: word}}}");
  CHECK(edge.grouping == Grouping::kCustom);
  CHECK(edge.custom.plugin == "words");
  CHECK(edge.custom.type == "Chooser");
  CHECK(edge.custom.config == Value::Map{{"by", "word"}});
}

TEST_CASE("A direct stream is read by DIRECT, which reads nothing else") {
  CHECK(report_of(file("{type: DIRECT}")) ==
        "f.yaml:12:5: stream 'default' of 'split' is no direct stream; DIRECT reads those alone\n");
  CHECK(report_of(file("{type: SHUFFLE}", "teller")) ==
        "f.yaml:12:5: stream 'default' of 'teller' is a direct one, its emitter names the task; read it by grouping: "
        "{type: DIRECT}\n");
}

TEST_CASE("What a custom grouping reads must be in the stream, its properties must be its keys") {
  CHECK(report_of(file("{type: CUSTOM, customClass: {className: words.Chooser}}", "lines")) ==
        "f.yaml:12:5: 'words.Chooser' reads the field 'word': stream 'default' of 'lines' has no field 'word'; there "
        "are: line\n");
  CHECK(report_of(file("{type: CUSTOM, customClass: {className: words.Chooser, properties: {bye: x}}}")) ==
        "f.yaml:12:107: words.Chooser has no key 'bye' (did you mean 'by'?)\n");
}

TEST_CASE("Dead letters are a stream of every spout, once somebody reads them") {
  const std::string two =
      "name: t\nplugins: [words]\n"
      "spouts:\n  - {id: a, className: words.Lines, properties: {path: x}}\n"
      "  - {id: b, className: words.Lines, properties: {path: x}}\n"
      "bolts:\n  - {id: sink, className: words.Sink}\n"
      "streams:\n  - {from: a, to: sink, grouping: {type: SHUFFLE}}\n"
      "  - {from: b, to: sink, grouping: {type: SHUFFLE}}\n";
  CHECK_FALSE(good_plan(two).components[0].dead_letters());
  const Plan plan = good_plan(two + "  - {from: __dead_letters, to: sink, grouping: {type: FIELDS, args: [origin]}}\n");
  REQUIRE(plan.edges.size() == 4);
  CHECK(plan.components[0].dead_letters() == 2);
  CHECK(plan.components[1].dead_letters() == 2);
  CHECK_FALSE(plan.components[2].dead_letters());
  CHECK(plan.edges[2].stream == 2);
  CHECK(plan.edges[3].from == ComponentId(1));
  CHECK(plan.edges[3].key == std::vector<std::uint16_t>{0});
  CHECK(report_of(two + "  - {from: __dead_letters, to: sink, grouping: {type: FIELDS, args: [why]}}\n") ==
        "f.yaml:11:70: stream '__dead_letters' of '__dead_letters' has no field 'why'; there are: origin, stream, "
        "reason, attempts, values\n");
}

TEST_CASE("Load-aware messaging is switched off for a topology or a component") {
  const std::string off = "config: {topology.disable.loadaware.messaging: true}\n";
  CHECK_FALSE(good_plan(file("{type: ALL}")).components[0].settings.disable_load_aware);
  CHECK(good_plan(file("{type: ALL}") + off).components[0].settings.disable_load_aware);
  CHECK(report_of(file("{type: ALL}") + "config: {topology.disable.loadaware.messaging: 1}\n") ==
        "f.yaml:13:48: 'topology.disable.loadaware.messaging' wants true or false, this is an integer\n");
}

}  // namespace
}  // namespace gale::plan
