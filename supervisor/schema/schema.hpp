// SPDX-License-Identifier: Apache-2.0
//
// The JSON Schema (draft-07) of a topology file, made from the tables that the reader reads by: engine/plan/grammar.hpp
// and engine/plan/settings_table.hpp. With facts, it is the schema of one file: its plugins' components and keys, its
// ids, streams and fields. It accepts whatever the reader may accept, since a squiggle under what is right does more
// harm than none under what is wrong; what it cannot see is listed in tests/schema/bad-topology.json. Pure functions.
#pragma once

#include "engine/plan/grammar.hpp"
#include "engine/plan/known.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gale::schema {

using Json = nlohmann::ordered_json;

/// What is known of one file. Empty: nothing, and the schema is that of any topology.
struct SchemaFacts {
  std::vector<Json> plugins;                     // those that could be loaded, as `gale inspect --json` prints them
  std::vector<plan::KnownComponent> components;  // those of the file
};

[[nodiscard]] Json topology_schema(const SchemaFacts& facts);

// Its parts, a file each.

using Kinds = std::initializer_list<host::ComponentKind>;

/// tests.cpp: the block `tests`.
[[nodiscard]] Json tests_schema(const SchemaFacts& facts);
/// hooks.cpp: an entry of `hooks`.
[[nodiscard]] Json hook_schema(const SchemaFacts& facts);
/// streams.cpp: an entry of `streams`.
[[nodiscard]] Json stream_schema(const SchemaFacts& facts);
/// classes.cpp: what className may be where those kinds stand.
[[nodiscard]] Json class_name_schema(const SchemaFacts& facts, Kinds kinds);
/// classes.cpp: for each class of those kinds, what its properties may be: an `allOf`, which may be empty.
[[nodiscard]] Json class_rules(const SchemaFacts& facts, Kinds kinds);

// What they are made of: parts.cpp.

/// A scalar that is wholly one `${...}`: it gets the type that is wanted when it is substituted.
[[nodiscard]] Json placeholder();
/// `schema`, which is of one scalar type, or a placeholder.
[[nodiscard]] Json or_placeholder(Json schema);
/// Text for which `pattern` holds, or which holds a `${...}` somewhere.
[[nodiscard]] Json text_like(const std::string& pattern);
/// Text that holds a `${...}` somewhere.
[[nodiscard]] Json substituted_text();
/// Text of any length but none.
[[nodiscard]] Json some_text();
/// "500ms", "10s", "5m", "2h", or a number of seconds.
[[nodiscard]] Json duration();
/// As `what`, but nothing may stand there too: `key:` alone.
[[nodiscard]] Json or_nothing(Json what);

struct NamedValue {
  std::string value, doc;
};
/// One of these, or what `otherwise` takes (false: nothing else): an editor offers the values, each with its line.
[[nodiscard]] Json one_of(std::span<const NamedValue> values, Json otherwise);

/// {"type": "object", "properties", "required", "additionalProperties": false} of a map with these keys, in their
/// order, each with its text. `shape` says what a key's value is; null: it has no place in the schema.
[[nodiscard]] Json map_of(std::span<const plan::Key> keys, const std::function<Json(std::string_view)>& shape);

/// {"description": doc, ...schema}
[[nodiscard]] Json described(std::string_view doc, const Json& schema);

/// A pattern's piece that is this text, and one that is it in any case.
[[nodiscard]] std::string literally(std::string_view text);
[[nodiscard]] std::string in_any_case(std::string_view text);

/// {"if": {properties: {key: what}, required: [key]}, "then": then}
[[nodiscard]] Json when(std::string_view key, Json what, Json then);

}  // namespace gale::schema
