// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/plugin.hpp"

#include "topology-api/host/describe.hpp"
#include "topology-api/host/elf_check.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace gale::host {
namespace {

constexpr std::uint32_t kMostComponents = 1024;
constexpr std::uint64_t kMostName = 256;
constexpr std::uint32_t kTextRoom = 1024;
// What ABI 1.0 had; a plugin that knows less is damaged, one that knows more is newer.
constexpr std::uint32_t kPluginSize = offsetof(gale_plugin, components) + sizeof(void*);
constexpr std::uint32_t kComponentSize = offsetof(gale_component, watermark) + sizeof(void*);
constexpr std::uint32_t kGroupingsSince = 2;

const char* const kDamaged = "; rebuild it with this gale's SDK";

std::string text_of(const gale_text& text) {
  return {text.data, std::min(text.size, text.capacity)};  // the size is the plugin's word
}

std::string version_of(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

bool sound(gale_str s) { return s.data != nullptr && s.size > 0 && s.size <= kMostName; }
std::string owned(gale_str s) { return {s.data, s.size}; }

bool can_observe(const gale_component& c) {
  return c.size >= offsetof(gale_component, observe) + sizeof(void*) && c.observe != nullptr;
}

std::string check_functions(const gale_component& c) {
  const char* lacks = c.describe == nullptr                            ? "describe"
                      : c.create == nullptr                            ? "create"
                      : c.destroy == nullptr                           ? "destroy"
                      : c.kind == GALE_SPOUT && c.next == nullptr      ? "next"
                      : c.kind == GALE_BOLT && c.execute == nullptr    ? "execute"
                      : c.kind == GALE_GROUPING && c.choose == nullptr ? "choose"
                      : c.kind == GALE_TASK_HOOK && !can_observe(c)    ? "observe"
                                                                       : nullptr;
  return lacks == nullptr ? std::string() : std::string("has no ") + lacks + " function" + kDamaged;
}

struct Sink {
  std::string map;
  bool failed = false;
};
void write_map(void* p, gale_str map) {
  auto& s = *static_cast<Sink*>(p);
  try {
    s.map.assign(map.data, map.size);
  } catch (...) {  // nothing may be thrown through the plugin
    s.failed = true;
  }
}

std::string decode(const Sink& sink, ComponentDescription& into) {
  if (sink.failed) return "describes itself in more bytes than there is memory for";
  const std::string wrong = decode_description(sink.map, into);
  return wrong.empty() ? wrong : "describes itself wrongly: " + wrong;
}

std::string describe_alone(const gale_component& c, ComponentDescription& into) {
  Sink sink;
  char room[kTextRoom];
  gale_text text{room, sizeof room, 0};
  if (c.describe(&sink, write_map, &text) != GALE_OK)
    return "throws when it is constructed and described: " + text_of(text) +
           "; a constructor and describe() may do no I/O, that is open()'s work";
  return decode(sink, into);
}

bool can_describe_for(const gale_component& c) {
  return c.size >= offsetof(gale_component, describe_for) + sizeof(void*) && c.describe_for != nullptr;
}

}  // namespace

Opened Plugin::open(const std::filesystem::path& file) {
  std::shared_ptr<Plugin> plugin(new Plugin());
  std::error_code ignored;
  plugin->file_ = std::filesystem::absolute(file, ignored);  // dlopen searches for a bare name
  const std::string where = "plugin file '" + file.string() + "' ";
  const Checked checked = check_elf(plugin->file_);
  if (!checked.error.empty()) return {nullptr, where + checked.error};
  if (const std::string wrong = plugin->load(checked.note); !wrong.empty()) return {nullptr, where + wrong};
  return {std::move(plugin), {}};
}

Opened Plugin::of(const gale_plugin& table) {
  std::shared_ptr<Plugin> plugin(new Plugin());
  if (const std::string wrong = plugin->take(table, {table.major, table.minor, {}}); !wrong.empty())
    return {nullptr, "plugin of this program " + wrong};
  return {std::move(plugin), {}};
}

std::string Plugin::load(const gale_note& note) {
  void* const library = ::dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = ::dlerror();
    return std::string("cannot be loaded: ") + (why == nullptr ? "unknown error" : why) +
           "; link it with what defines the missing symbol, or install the missing library";
  }
  const auto entry = reinterpret_cast<gale_plugin_entry_fn>(::dlsym(library, GALE_ABI_ENTRY));
  if (entry == nullptr)
    return std::string("has a Gale note, but does not export " GALE_ABI_ENTRY "; do not hide it when linking");
  const gale_plugin* table = entry(GALE_ABI_MAJOR, GALE_ABI_MINOR);
  if (table == nullptr)
    return "refuses to work with this gale (plugin ABI " + version_of(GALE_ABI_MAJOR, GALE_ABI_MINOR) +
           "): its " GALE_ABI_ENTRY " returned null" + kDamaged;
  return take(*table, note);
}

std::string Plugin::take(const gale_plugin& table, const gale_note& note) {
  if (table.size < kPluginSize) return "has a plugin table of " + std::to_string(table.size) + " bytes" + kDamaged;
  if (table.major != note.major || table.minor != note.minor)
    return "says in its note that it speaks plugin ABI " + version_of(note.major, note.minor) + ", in its table " +
           version_of(table.major, table.minor) + kDamaged;
  if (!sound(table.name) || !sound(table.version)) return std::string("has no name or no version") + kDamaged;
  if (table.count == 0 || table.count > kMostComponents || table.components == nullptr)
    return "has " + std::to_string(table.count) + " components, 1 to " + std::to_string(kMostComponents) +
           " are possible" + kDamaged;
  description_.name = owned(table.name);
  description_.version = owned(table.version);
  if (sound(table.build)) description_.build = owned(table.build);
  description_.major = table.major;
  description_.minor = table.minor;
  for (std::uint32_t i = 0; i < table.count; ++i) {
    if (const std::string wrong = take(table.components[i]); !wrong.empty())
      return "(plugin '" + description_.name + "') " + wrong;
  }
  return {};
}

std::string Plugin::take(const gale_component* table) {
  if (table == nullptr || table->size < kComponentSize || !sound(table->name))
    return std::string("has a damaged component table") + kDamaged;
  ComponentDescription one;
  one.name = owned(table->name);
  const std::string who = "component '" + one.name + "' ";
  if (find(one.name) != nullptr) return who + "stands twice in its GALE_PLUGIN; a component's name is its class's";
  if (table->kind < GALE_SPOUT || table->kind > GALE_WORKER_HOOK)
    return who + "is of kind " + std::to_string(table->kind) + ", which this gale does not know; use a newer gale";
  if (table->kind == GALE_GROUPING && description_.minor < kGroupingsSince)  // its choose has another signature
    return who + "is a grouping, which came with plugin ABI " + version_of(GALE_ABI_MAJOR, kGroupingsSince) +
           ", but it speaks " + version_of(description_.major, description_.minor) + kDamaged;
  one.kind = static_cast<ComponentKind>(table->kind);
  if (const std::string wrong = check_functions(*table); !wrong.empty()) return who + wrong;
  if (const std::string wrong = describe_alone(*table, one); !wrong.empty()) return who + wrong;
  if (is_hook(one.kind) && (!one.streams.empty() || !one.reads.empty() || one.tick_ms != 0))
    return who + "is a " + name_of(one.kind) + " and declares streams, fields or a tick; a hook has doc and keys alone";
  description_.components.push_back(std::move(one));
  components_.push_back(table);
  return {};
}

Described Plugin::describe(std::string_view component, const TaskInfo& task) const {
  const gale_component* const table = find(component);
  const ComponentDescription* const alone = description_.find(component);
  if (table == nullptr || alone == nullptr)
    return {{}, "plugin '" + description_.name + "' has no component '" + std::string(component) + "'"};
  if (!can_describe_for(*table)) return {*alone, {}};
  ComponentDescription one;
  const std::string info = task_info(task);
  Sink sink;
  char room[kTextRoom];
  gale_text text{room, sizeof room, 0};
  if (table->describe_for({info.data(), info.size()}, &sink, write_map, &text) != GALE_OK)
    return {*alone, text_of(text)};
  std::string wrong = decode(sink, one);
  one.name = alone->name;
  one.kind = alone->kind;
  one.keys = alone->keys;
  return {std::move(one), std::move(wrong)};
}

const gale_component* Plugin::find(std::string_view component) const noexcept {
  for (std::size_t i = 0; i < components_.size(); ++i) {
    if (description_.components[i].name == component) return components_[i];
  }
  return nullptr;
}

}  // namespace gale::host
