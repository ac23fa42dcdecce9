// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/junit.hpp"

#include <doctest/doctest.h>

namespace gale::trial {
namespace {

TEST_CASE("Results as JUnit XML: times in seconds, the place, and text that XML can hold") {
  using std::chrono::milliseconds;
  const FileVerdicts file{
      "a&b.yaml",
      {{"one", {3, 5}, {}, milliseconds(12)},
       {"\"two\" <x>", {9, 5}, {{{10, 7}, "it emitted 1\x01", {"- [\"a\"]"}}}, milliseconds(1500)}}};
  CHECK(junit_xml({file}) ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        "  <testsuite name=\"a&amp;b.yaml\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.512\">\n"
        "    <testcase classname=\"a&amp;b.yaml\" name=\"one\" file=\"a&amp;b.yaml\" line=\"3\" time=\"0.012\"/>\n"
        "    <testcase classname=\"a&amp;b.yaml\" name=\"&quot;two&quot; &lt;x&gt;\" file=\"a&amp;b.yaml\" line=\"9\" "
        "time=\"1.500\">\n"
        "      <failure message=\"it emitted 1?\">a&amp;b.yaml:10:7: it emitted 1?\n    - [&quot;a&quot;]\n</failure>\n"
        "    </testcase>\n  </testsuite>\n</testsuites>\n");
}

}  // namespace
}  // namespace gale::trial
