// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/junit.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace gale::trial {
namespace {

/// What XML 1.0 cannot hold becomes '?': most control characters, U+FFFE and U+FFFF. The text is UTF-8.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (text.substr(i, 3) == "\xef\xbf\xbe" || text.substr(i, 3) == "\xef\xbf\xbf") {
      out += '?';
      i += 2;
      continue;
    }
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

std::string seconds(Duration d) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", std::chrono::duration<double>(d).count());
  return text;
}

}  // namespace

std::string text_of(const std::string& file, const Complaint& complaint) {
  std::string text = render({complaint.at, complaint.text}, file) + "\n";
  for (const std::string& line : complaint.lines) text += "    " + line + "\n";
  return text;
}

std::string junit_xml(const std::vector<FileVerdicts>& files) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const FileVerdicts& file : files) {
    Duration took{};
    for (const Verdict& v : file.tests) took += v.took;
    const auto failed =
        std::count_if(file.tests.begin(), file.tests.end(), [](const Verdict& v) { return !v.passed(); });
    xml += "  <testsuite name=\"" + escaped(file.file) + "\" tests=\"" + std::to_string(file.tests.size()) +
           "\" failures=\"" + std::to_string(failed) + "\" errors=\"0\" time=\"" + seconds(took) + "\">\n";
    for (const Verdict& v : file.tests) {
      xml += "    <testcase classname=\"" + escaped(file.file) + "\" name=\"" + escaped(v.name) + "\" file=\"" +
             escaped(file.file) + "\" line=\"" + std::to_string(v.at.line) + "\" time=\"" + seconds(v.took) + "\"";
      if (v.passed()) {
        xml += "/>\n";
        continue;
      }
      std::string text;
      for (const Complaint& c : v.complaints) text += text_of(file.file, c);
      xml += ">\n      <failure message=\"" + escaped(v.complaints.front().text) + "\">" + escaped(text) +
             "</failure>\n    </testcase>\n";
    }
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

}  // namespace gale::trial
