// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/tree_reader.hpp"

#include "engine/base/hint.hpp"

#include <algorithm>

namespace gale::plan {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

bool says_nothing(const yaml::Node& node) {
  return node.is_null() || (node.kind != yaml::Kind::kScalar && node.items.empty() && node.entries.empty());
}

}  // namespace

bool TreeReader::check_map(const yaml::Node& node, std::string_view name, std::span<const Key> keys) {
  if (node.kind != yaml::Kind::kMap) {
    std::string wanted;
    for (const Key& key : keys) {
      if (key.use != Key::Use::kRefused) wanted += (wanted.empty() ? "" : ", ") + std::string(key.name);
    }
    fault(node.at, std::string(name) + " is a map with " + wanted + "; this is " + yaml::what(node));
    return false;
  }
  Names meant;  // by keys that are not known: those are not told as missing too
  for (const yaml::Entry& entry : node.entries) check_key(entry, name, keys, meant);
  for (const Key& key : keys) {
    if (key.use != Key::Use::kRequired || std::find(meant.begin(), meant.end(), key.name) != meant.end()) continue;
    const yaml::Node* value = node.find(key.name);
    if (value == nullptr || says_nothing(*value)) {
      fault(value == nullptr ? node.at : value->at, std::string(name) + " needs " + quoted(key.name));
    }
  }
  return true;
}

void TreeReader::check_key(const yaml::Entry& entry, std::string_view name, std::span<const Key> keys, Names& meant) {
  const auto known = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == entry.key; });
  if (known == keys.end()) {
    Names names;
    for (const Key& key : keys) {
      if (key.use != Key::Use::kRefused) names.push_back(key.name);
    }
    meant.push_back(nearest(entry.key, names));
    fault(entry.key_at, "unknown key " + quoted(entry.key) + " in " + std::string(name) + suggest(entry.key, names));
  } else if (known->use == Key::Use::kRefused && !says_nothing(entry.value)) {
    fault(entry.key_at, quoted(entry.key) + " is not supported; " + std::string(known->text));
  }
}

std::span<const yaml::Node> TreeReader::list(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = map.find(key);
  if (node == nullptr || says_nothing(*node)) return {};
  if (node->kind == yaml::Kind::kSequence) return node->items;
  fault(node->at, quoted(key) + " wants a list, this is " + yaml::what(*node));
  return {};
}

std::span<const yaml::Entry> TreeReader::entries(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = map.find(key);
  if (node == nullptr || says_nothing(*node)) return {};
  if (node->kind == yaml::Kind::kMap) return node->entries;
  fault(node->at, quoted(key) + " wants a map, this is " + yaml::what(*node));
  return {};
}

Text TreeReader::text(const yaml::Node& node, std::string_view name) {
  const bool scalar = node.kind == yaml::Kind::kScalar;
  const bool text = scalar && (node.substituted || std::holds_alternative<std::string>(yaml::resolve(node)));
  if (!text) {
    fault(node.at, quoted(name) + " wants a string, this is " + yaml::what(node) +
                       (scalar && !node.is_null() ? "; put it in quotes" : ""));
  } else if (node.text.empty()) {
    fault(node.at, quoted(name) + " is empty");
  }
  return {text ? node.text : "", node.at};
}

Text TreeReader::text_at(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = map.find(key);
  if (node == nullptr || node->is_null()) return {"", map.at};
  return text(*node, key);
}

std::optional<std::uint32_t> TreeReader::count_at(const yaml::Node& map, std::string_view key, std::uint32_t most) {
  const yaml::Node* node = map.find(key);
  if (node == nullptr || node->is_null()) return std::nullopt;
  yaml::Node plain = *node;
  plain.quoted = node->quoted && !node->substituted;  // "${n}" may have to be quoted, a number it stays
  const bool scalar = node->kind == yaml::Kind::kScalar;
  const yaml::Scalar value = scalar ? yaml::resolve(plain) : yaml::Scalar();
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) {
    fault(node->at, quoted(key) + " wants an integer, this is " + yaml::what(plain));
  } else if (*number < 1 || *number > most) {
    fault(node->at, quoted(key) + " is " + std::to_string(*number) + "; it may be 1 to " + std::to_string(most));
  } else {
    return static_cast<std::uint32_t>(*number);
  }
  return std::nullopt;
}

}  // namespace gale::plan
