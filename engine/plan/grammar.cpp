// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/grammar.hpp"

namespace gale::plan {
namespace {

using enum Key::Use;

constexpr Key kTopologyKeys[] = {
    {"name", kRequired,
     "What the topology is called: at most 100 characters, without / . : \\ or spaces. May hold ${...}."},
    {"plugins", kRequired,
     "The plugins whose components the file uses, by name: file.LineSpout is in the plugin file."},
    {"config", kOptional, "Settings of the whole topology. A component's own config goes over them."},
    {"spouts", kRequired, "What brings tuples in, at least one."},
    {"bolts", kOptional, "What takes tuples further. A stream must lead to each."},
    {"streams", kOptional, "Who reads what: each entry leads one stream of a component to a bolt."},
    {"hooks", kOptional, "Hooks of plugins: they see what tasks do, or begin and end with each worker."},
    {"tests", kOptional, "What must hold of its components: `gale test` runs it."},
    {"components", kRefused, "write the values into the properties of each spout or bolt"},
    {"includes", kRefused, "put everything into one file and vary it with ${name} and --set name=..."},
    {"topologySource", kRefused, "list the spouts, bolts and streams here"},
    {"workerHooks", kRefused, "list them in hooks: [{className: <plugin>.<Hook>}]"},
};

constexpr std::string_view kNoLoads =
    "memory and load are not declared; tasks are spread evenly, "
    "topology.component.worker in config places a component";
constexpr Key kVertexKeys[] = {
    {"id", kRequired,
     "The name by which streams, logs and counters call it: letters, digits, '_', '-' and '.', at most 64; none "
     "twice."},
    {"className", kRequired, "<plugin>.<Component>; `gale inspect PLUGIN` prints what a plugin holds."},
    {"constructorArgs", kOptional, "Refused unless it is empty: components take keys, in properties."},
    {"properties", kOptional, "The keys of the component: a map, or Flux's list of {name, value}."},
    {"parallelism", kOptional, "How many tasks it has, 1 unless said. numTasks goes over it."},
    {"numTasks", kOptional, "How many tasks it has; parallelism unless said."},
    {"threading", kOptional,
     "pooled, the default: its tasks take turns on the worker's threads; pinned: a thread for each task."},
    {"config", kOptional, "Settings of this component, over those of the topology."},
    {"configMethods", kRefused, "set the component's keys in properties"},
    {"factory", kRefused, "name the component itself in className and set its keys in properties"},
    {"factoryArgs", kRefused, "name the component itself in className and set its keys in properties"},
    {"onHeapMemoryLoad", kRefused, kNoLoads},
    {"offHeapMemoryLoad", kRefused, kNoLoads},
    {"cpuLoad", kRefused, kNoLoads},
};

constexpr Key kPropertyKeys[] = {
    {"name", kRequired, "The key of the component that is set."},
    {"value", kOptional, "What it is set to."},  // its absence has a text of its own
    {"ref", kRefused, "write the value itself"},
    {"reflist", kRefused, "write the values themselves, as a list"},
};

constexpr Key kStreamKeys[] = {
    {"name", kOptional, "For people; nothing reads it."},
    {"from", kRequired,
     "The id of the spout or bolt that emits; or __dead_letters: what failed for good, of all spouts whose tuples the "
     "engine replays."},
    {"to", kRequired, "The id of the bolt that reads."},
    {"grouping", kRequired, "Which task of the reader gets a tuple, and which stream of the emitter is read."},
};

constexpr Key kGroupingKeys[] = {
    {"type", kRequired, "How a tuple finds its task."},
    {"streamId", kOptional, "The stream of the emitter that is read; default unless said."},
    {"args", kOptional, "The fields that FIELDS and PARTIAL_KEY go by."},
    {"customClass", kOptional, "The grouping of a plugin that CUSTOM asks."},
};

constexpr Key kCustomKeys[] = {
    {"className", kRequired, "<plugin>.<Grouping>"},
    {"properties", kOptional, "The keys of the grouping: a map, or Flux's list of {name, value}."},
    {"constructorArgs", kRefused, "set the grouping's keys in properties"},
};

constexpr std::string_view kHookInProperties = "set the hook's keys in properties";
constexpr Key kHookKeys[] = {
    {"className", kRequired, "<plugin>.<Hook>, a task hook or a worker hook."},
    {"components", kOptional, "The ids of the components whose tasks a task hook sees; all unless said."},
    {"properties", kOptional, "The keys of the hook: a map, or Flux's list of {name, value}."},
    {"id", kRefused, "a hook goes by its className"},
    {"constructorArgs", kRefused, kHookInProperties},
    {"configMethods", kRefused, kHookInProperties},
};

constexpr Key kTestKeys[] = {
    {"name", kRequired, "What must hold, as a sentence; none twice in a file."},
    {"component", kOptional,
     "The bolt that is tested alone, with a clock of its own. Without it, all that leads to what `expect` names runs."},
    {"inputs", kOptional,
     "With `component`: a list of tuples and of {advance: 1s}. Without: by id of a spout, the tuples that come in its "
     "place. A tuple is a list of values, or a map of its fields."},
    {"expect", kOptional,
     "What must come out. With `component`: tuples by stream; without: by component, or component.stream. A stream of "
     "the component that is not named may emit nothing."},
    {"order", kOptional, "exact (the default with `component`) or any (the default without)."},
    {"fails", kOptional, "Texts, one for each input that must fail, which its reason contains; none unless said."},
    {"finish", kOptional, "Whether finish() is called after the inputs; true unless said."},
    {"set", kOptional, "Values for ${...}, over those of the command line."},
    {"timeout", kOptional, "How long it may take; 10s unless said."},
};

constexpr Key kTestInputKeys[] = {
    {"advance", kOptional, "Turns the clock on by so much: ticks that fall due are sent."},
    {"from", kOptional, "The component that the tuple comes from, where there is more than one."},
    {"stream", kOptional, "The stream that the tuple is on; default unless said."},
    {"tuple", kOptional, "The tuple: a list of values, or a map of its fields."},
};

constexpr GroupingName kGroupings[] = {
    {"SHUFFLE", Grouping::kShuffle, "Evenly over all tasks, those with a full inbox spared."},
    {"LOCAL_OR_SHUFFLE", Grouping::kLocalOrShuffle, "As SHUFFLE, among the tasks of the same worker if it has any."},
    {"NONE", Grouping::kNone, "As SHUFFLE."},
    {"FIELDS", Grouping::kFields, "Tuples with equal values in the fields of args go to the same task."},
    {"PARTIAL_KEY", Grouping::kPartialKey,
     "Tuples with equal values in the fields of args go to one of two tasks, the one with less to do."},
    {"GLOBAL", Grouping::kGlobal, "All to the task with the lowest id."},
    {"ALL", Grouping::kAll, "A copy to every task."},
    {"DIRECT", Grouping::kDirect, "The emitter names the task; for direct streams, and those alone."},
    {"CUSTOM", Grouping::kCustom, "The grouping of a plugin says: customClass."},
};

}  // namespace

std::span<const Key> topology_keys() { return kTopologyKeys; }
std::span<const Key> vertex_keys() { return kVertexKeys; }
std::span<const Key> property_keys() { return kPropertyKeys; }
std::span<const Key> stream_keys() { return kStreamKeys; }
std::span<const Key> grouping_keys() { return kGroupingKeys; }
std::span<const Key> custom_keys() { return kCustomKeys; }
std::span<const Key> hook_keys() { return kHookKeys; }
std::span<const Key> test_keys() { return kTestKeys; }
std::span<const Key> test_input_keys() { return kTestInputKeys; }
std::span<const GroupingName> grouping_names() { return kGroupings; }

std::string_view name_of(Grouping grouping) {
  for (const GroupingName& known : kGroupings) {
    if (known.grouping == grouping) return known.name;
  }
  return "?";
}

}  // namespace gale::plan
