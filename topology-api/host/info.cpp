// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/info.hpp"

#include "gale/codec/write.hpp"

namespace gale::host {

namespace {

Value list_of(const std::vector<InputInfo>& streams) {
  Value::Array list;
  for (const InputInfo& one : streams) {
    list.push_back(Value::Map{{"component", Value(one.component)},
                              {"stream", Value(one.stream)},
                              {"fields", Value(Value::Array(one.fields.begin(), one.fields.end()))}});
  }
  return list;
}

}  // namespace

std::string task_info(const TaskInfo& info) {
  Value::Array outputs;
  for (const OutputInfo& one : info.outputs) {
    outputs.push_back(Value::Map{{"stream", Value(one.stream)},
                                 {"component", Value(one.component)},
                                 {"first_task", Value(one.first_task)},
                                 {"tasks", Value(one.tasks)}});
  }
  return codec::packed(Value(Value::Map{{"topology", Value(info.topology)},
                                        {"component", Value(info.component)},
                                        {"task", Value(info.task)},
                                        {"index", Value(info.index)},
                                        {"tasks", Value(info.tasks)},
                                        {"config", Value(info.config)},
                                        {"inputs", list_of(info.inputs)},
                                        {"streams", list_of(info.streams)},
                                        {"worker", Value(info.worker)},
                                        {"workers", Value(info.workers)},
                                        {"outputs", Value(std::move(outputs))}}));
}

}  // namespace gale::host
