// SPDX-License-Identifier: Apache-2.0
#include "engine/base/yaml.hpp"

#include <doctest/doctest.h>

#include <string>

namespace gale::yaml {
namespace {

std::string only_fault(const std::string& text) {
  const Document document = parse(text);
  REQUIRE(document.faults.size() == 1);
  return render(document.faults[0], "f");
}

const Node& at(const Document& document, const char* key) {
  const Node* node = document.root.find(key);
  REQUIRE(node != nullptr);
  return *node;
}

template <class T>
T scalar(const std::string& text) {
  const Document document = parse("k: " + text);
  REQUIRE(document.whole);
  const Scalar value = resolve(at(document, "k"));
  REQUIRE(std::holds_alternative<T>(value));
  return std::get<T>(value);
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST_CASE("A document becomes a tree whose nodes know their places") {
  const Document document = parse("name: x\nlist:\n  - a\n  - {b: 1}\n");
  REQUIRE(document.whole);
  REQUIRE(document.faults.empty());
  CHECK(document.root.kind == Kind::kMap);
  CHECK(document.root.entries[1].key == "list");
  CHECK(document.root.entries[1].key_at == Position{2, 1});
  const Node& list = at(document, "list");
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0].text == "a");
  CHECK(list.items[0].at == Position{3, 5});
  CHECK(list.items[1].entries[0].value.at == Position{4, 9});
}

TEST_CASE("A plain scalar has the type that YAML's core schema gives it") {
  CHECK(scalar<std::int64_t>("5") == 5);
  CHECK(scalar<std::int64_t>("-007") == -7);
  CHECK(scalar<std::int64_t>("+3") == 3);
  CHECK(scalar<std::int64_t>("0x1F") == 31);
  CHECK(scalar<std::int64_t>("0o17") == 15);
  CHECK(scalar<std::int64_t>("9223372036854775807") == INT64_MAX);
  CHECK(scalar<std::int64_t>("-9223372036854775808") == INT64_MIN);
  CHECK(scalar<double>("-9223372036854775809") == -9223372036854775809.0);
  CHECK(scalar<std::uint64_t>("9223372036854775808") == 9223372036854775808u);
  CHECK(scalar<double>("18446744073709551616") == 18446744073709551616.0);
  CHECK(scalar<double>("1.5") == 1.5);
  CHECK(scalar<double>("-.5e3") == -500);
  CHECK(scalar<double>("-.inf") < 0);
  CHECK(scalar<bool>("true"));
  CHECK_FALSE(scalar<bool>("False"));
  CHECK(scalar<std::nullptr_t>("~") == nullptr);
  CHECK(scalar<std::nullptr_t>("") == nullptr);
  for (const char* text : {"yes", "off", "inf", "nan", "1.2.3", "12a", "--5", "+-5", "0x", "1e999", "."}) {
    CHECK(scalar<std::string>(text) == text);
  }
}

TEST_CASE("A quoted scalar is text, and so are a block and a !!str") {
  CHECK(scalar<std::string>("\"5\"") == "5");
  CHECK(scalar<std::string>("'null'") == "null");
  CHECK(scalar<std::string>("!!str 5") == "5");
  CHECK(scalar<std::string>("|\n  5\n") == "5\n");
  CHECK(scalar<std::int64_t>("!!int \"5\"") == 5);
}

TEST_CASE("An empty text, or one of comments alone, is a whole document that says nothing") {
  for (const char* text : {"", "\n\n", "# nothing\n", "---\n", "...\n"}) {
    const Document document = parse(text);
    CHECK(document.whole);
    CHECK(document.root.is_null());
    CHECK(document.root.at.line >= 1);
  }
}

TEST_CASE("What could be a trap is refused, with its place") {
  CHECK(only_fault("a: &x 1\n") == "f:1:4: anchors (&name) are not allowed; write the value out");
  CHECK(contains(only_fault("a: &x [*x]\n"), "f:1:4: anchors"));
  CHECK(contains(only_fault("a: 1\n---\nb: 2\n"), "f:2:1: a second document"));
  CHECK(contains(only_fault("- a\nb: 1\n"), "f:2:1: a second document"));
  CHECK(contains(only_fault("[a]: 1\n"), "f:1:1: a key must be text"));
  CHECK(contains(only_fault("a: !foo 1\n"), "f:1:4: tag '!foo'"));
  CHECK(contains(only_fault("a: !!int x\n"), "f:1:4: tag"));
  CHECK(contains(only_fault("a: !!set {x}\n"), "f:1:4: tag"));
}

TEST_CASE("Every duplicate key is told, each with its place") {
  const Document document = parse("a: 1\nb: {c: 1, c: 2}\na: 3\n");
  CHECK(document.whole);
  REQUIRE(document.faults.size() == 2);
  CHECK(document.faults[0] == Fault{{2, 11}, "key 'c' stands here a second time in one map"});
  CHECK(document.faults[1].at == Position{3, 1});
}

TEST_CASE("What is not YAML is told with a place, and with what is likely behind it") {
  CHECK(contains(only_fault("a: b: c\n"), "f:1:5: not valid YAML"));
  CHECK(contains(only_fault("a: {p: ${x}}\n"), "put quotes around"));
  CHECK(contains(only_fault("a:\n\tb: 1\n"), "indent with spaces"));
}

TEST_CASE("A quote that is never closed does not swallow the rest of the file in silence") {
  for (const char* text : {"z: 1\na: \"x", "z: 1\na: 'x\nb: 1\n", "z: 1\na: \"x\nb: 1\n\n\n"}) {
    CHECK(only_fault(text) == "f:2:1: not valid YAML: a quote opened here or soon after is never closed");
  }
}

TEST_CASE("Text that is not UTF-8, and control characters, are refused before the parser sees them") {
  CHECK(only_fault("a: 1\nb: \xff\n") == "f:2:4: not UTF-8 text");
  for (const char* text : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    CHECK(contains(only_fault(text), "not UTF-8"));
  }
  CHECK(contains(only_fault(std::string("a: x\x04\nb: 1\n")), "f:1:5: a control character (byte 4)"));
  CHECK(contains(only_fault(std::string("a\0b", 3)), "f:1:2: a control character (byte 0)"));
  CHECK(parse("a: \"\xe2\x82\xac \xf0\x9f\x8c\x80\"\r\n").whole);
}

TEST_CASE("The limits hold: size, depth, count") {
  CHECK(only_fault(std::string(10u << 20, 'x')) == "f:1:1: too large: 10485760 bytes, a file has at most 1048576");
  std::string deep(32, '[');
  CHECK(parse("a: " + deep.substr(1) + std::string(31, ']')).whole);
  CHECK(contains(only_fault("a: " + deep + std::string(32, ']')), "f:1:35: nested too deep: at most 32"));
  CHECK(contains(only_fault(std::string(1u << 20, '[')), "nested too deep"));
  CHECK(contains(only_fault(std::string(1u << 20, '{')), "nested too deep"));
  std::string many;
  for (int i = 0; i < 9999; ++i) many += "- a\n";
  CHECK(parse(many).whole);
  CHECK(contains(only_fault(many + "- a\n"), "f:10000:3: too many values: a file has at most 10000"));
}

TEST_CASE("An alias bomb is refused at its first anchor") {
  std::string bomb = "a: &a [x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) bomb += std::string(1, c) + ": &" + c + " [*" + static_cast<char>(c - 1) + "]\n";
  CHECK(contains(only_fault(bomb), "f:1:4: anchors"));
}

}  // namespace
}  // namespace gale::yaml
