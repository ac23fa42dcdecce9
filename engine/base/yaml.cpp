// SPDX-License-Identifier: Apache-2.0
//
// The tree is built from yaml-cpp's events, not from its nodes: those load an alias bomb at once and then take for ever
// to walk, and let a duplicate key pass in silence.
#include "engine/base/yaml.hpp"

#include "engine/base/yaml_text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <set>
#include <sstream>
#include <utility>

namespace gale::yaml {
namespace {

/// Ends the parse from within a callback. Never leaves this file.
struct Refused {
  Position at;
  std::string text;
};

Position position(const YAML::Mark& mark) {
  if (mark.line < 0 || mark.column < 0) return {1, 1};
  return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1};
}

Node nothing() {
  Node node;
  node.at = {1, 1};
  node.text = "~";
  return node;
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const Limits& limits) : limits_(limits) {}

  /// Of everything that was read, once the parser has seen the end.
  Document take() {
    if (root_.at.line == 0) root_ = nothing();
    return {has_odd_key_ ? nothing() : std::move(root_), !has_odd_key_, std::move(faults_)};
  }
  /// Where the last value or key began.
  [[nodiscard]] Position last() const { return last_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) {
      throw Refused{position(mark), "a second document begins here; a file has one (is the indentation right?)"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(position(mark), "?", anchor, "~"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    scalar(position(mark), tag, anchor, value);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{position(mark), "aliases (*name) are not allowed; write the value out"};
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(Kind::kSequence, position(mark), tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(Kind::kMap, position(mark), tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  /// A list or map whose end has not come yet.
  struct Open {
    Node node;
    bool has_key = false;
    std::string key;
    Position key_at;
    std::set<std::string> keys;
  };

  void check(Position at, YAML::anchor_t anchor) {
    last_ = at;
    if (anchor != YAML::NullAnchor) throw Refused{at, "anchors (&name) are not allowed; write the value out"};
    if (++nodes_ > limits_.nodes) {
      throw Refused{at, "too many values: a file has at most " + std::to_string(limits_.nodes)};
    }
  }

  void scalar(Position at, const std::string& tag, YAML::anchor_t anchor, const std::string& value) {
    check(at, anchor);
    Node node;
    node.at = at;
    node.text = value;
    node.quoted = tag == "!";
    if (tag != "!" && tag != "?" && !apply_tag(tag, node)) {
      throw Refused{at, "tag '" + tag + "' is not supported here; remove it"};
    }
    add(std::move(node));
  }

  void begin(Kind kind, Position at, const std::string& tag, YAML::anchor_t anchor) {
    check(at, anchor);
    const char* own = kind == Kind::kMap ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
    if (!tag.empty() && tag != "?" && tag != "!" && tag != own) {
      throw Refused{at, "tag '" + tag + "' is not supported here; remove it"};
    }
    if (open_.size() >= limits_.depth) {
      throw Refused{at,
                    "nested too deep: at most " + std::to_string(limits_.depth) + " lists and maps within each other"};
    }
    open_.emplace_back();
    open_.back().node.kind = kind;
    open_.back().node.at = at;
  }

  void end() {
    Node done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Kind::kSequence) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.has_key) {
      parent.has_key = false;
      parent.node.entries.push_back({std::move(parent.key), parent.key_at, std::move(node)});
    } else {
      take_key(parent, std::move(node));
    }
  }

  /// A key that came before is a fault, and its value is kept as well: whoever reads may find more faults in it.
  void take_key(Open& map, Node key) {
    if (key.is_null()) throw Refused{key.at, "a key is missing before ':'"};
    if (key.kind != Kind::kScalar) {
      has_odd_key_ = true;
      faults_.push_back({key.at, "a key must be text, this is a list or map"});
    } else if (!map.keys.insert(key.text).second) {
      faults_.push_back({key.at, "key '" + key.text + "' stands here a second time in one map"});
    }
    map.has_key = true;
    map.key_at = key.at;
    map.key = std::move(key.text);
  }

  const Limits& limits_;
  std::vector<Open> open_;
  Node root_;
  Position last_{1, 1};
  Faults faults_;
  bool has_odd_key_ = false;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

Document stopped(Position at, std::string text) { return {nothing(), false, {{at, std::move(text)}}}; }

/// A comment as the last line: yaml-cpp 0.7 accepts a quote that is never closed when nothing but a line's end follows.
std::string with_last_line(std::string_view text) {
  std::string whole(text);
  if (!whole.ends_with('\n')) whole += '\n';
  return whole + "#";
}

Document build(std::string_view text, const Limits& limits) {
  std::istringstream in(with_last_line(text));
  Builder builder(limits);
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const Refused& refused) {
    return stopped(refused.at, refused.text);
  } catch (const YAML::Exception& error) {
    if (error.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
      return stopped(builder.last(), "not valid YAML: a quote opened here or soon after is never closed");
    }
    const Position at = position(error.mark);
    return stopped(at, "not valid YAML: " + error.msg + advice_for(text, at));
  } catch (const std::exception& error) {
    return stopped(builder.last(), std::string("cannot be read as YAML: ") + error.what());
  }
}

}  // namespace

Fault too_large(std::size_t bytes, const Limits& limits) {
  return {{1, 1}, "too large: " + std::to_string(bytes) + " bytes, a file has at most " + std::to_string(limits.bytes)};
}

Document parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    const Fault fault = too_large(text.size(), limits);
    return stopped(fault.at, fault.text);
  }
  if (auto fault = check_encoding(text)) return stopped(fault->at, std::move(fault->text));
  return build(text, limits);
}

}  // namespace gale::yaml
