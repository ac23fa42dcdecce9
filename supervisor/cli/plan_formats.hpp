// SPDX-License-Identifier: Apache-2.0
//
// A plan for other programs: JSON, Graphviz and Mermaid. Pure functions.
#pragma once

#include "engine/plan/plan.hpp"

#include <string>

namespace gale::cli {

/// "FIELDS (word), feedback": the grouping of a stream with what it goes by.
[[nodiscard]] std::string grouping_text(const plan::Plan& plan, const plan::Edge& edge);

/// One line: name, workers, components {id, kind, class, tasks, pinned, workers, streams}, streams {from, stream, to,
/// grouping, fields, feedback}, cycles, hooks {class, kind, components}.
[[nodiscard]] std::string plan_json(const plan::Plan& plan);
/// Components as nodes, streams as edges; those that close a cycle are dashed.
[[nodiscard]] std::string plan_dot(const plan::Plan& plan);
[[nodiscard]] std::string plan_mermaid(const plan::Plan& plan);

}  // namespace gale::cli
