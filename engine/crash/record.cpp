// SPDX-License-Identifier: Apache-2.0
#include "engine/crash/record.hpp"

#include "engine/crash/legend.hpp"
#include "engine/crash/page.hpp"
#include "engine/crash/symbol.hpp"
#include "gale/codec/read.hpp"
#include "gale/value.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace gale::crash {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;  // of a record
constexpr std::size_t kShown = 80;           // characters of a tuple

constexpr std::array<std::pair<std::string_view, Ending>, 6> kEndings = {{{"finished", Ending::kFinished},
                                                                          {"drained", Ending::kDrained},
                                                                          {"stopped", Ending::kStopped},
                                                                          {"cannot-start", Ending::kCannotStart},
                                                                          {"failed", Ending::kFailed},
                                                                          {"crash", Ending::kCrash}}};

template <class Int>
Int number(std::string_view text, int base = 10) {
  Int n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n, base);
  return n;
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (; text.size() >= 2; text.remove_prefix(2)) bytes += static_cast<char>(number<unsigned>(text.substr(0, 2), 16));
  return bytes;
}

/// On one line of the record and of a terminal.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

void append(std::string& text, const Value& value) {
  if (const auto* i = value.get_if<std::int64_t>()) {
    text += std::to_string(*i);
  } else if (const auto* u = value.get_if<std::uint64_t>()) {
    text += std::to_string(*u);
  } else if (const auto* d = value.get_if<double>()) {
    char room[32];
    std::snprintf(room, sizeof room, "%g", *d);
    text += room;
  } else if (const auto* b = value.get_if<bool>()) {
    text += *b ? "true" : "false";
  } else if (const auto* s = value.get_if<std::string>()) {
    text += "\"" + one_line(*s) + "\"";
  } else if (value.is<Value::Array>()) {
    text += "[...]";
  } else if (value.is<Value::Map>()) {
    text += "{...}";
  } else if (value.is<Bytes>()) {
    text += "bytes";
  } else {
    text += "nil";
  }
}

/// Bytes of the head of an array, whose end may be cut off, which a cursor would not have; 0: it is none.
std::size_t array_head(std::string_view bytes, std::uint32_t& count) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (bytes.empty()) return 0;
  count = byte(0) & 15u;
  if ((byte(0) & 0xf0) == 0x90) return 1;
  const std::size_t size = byte(0) == 0xdc ? 3 : byte(0) == 0xdd ? 5 : 0;
  if (size > bytes.size()) return 0;
  count = 0;
  for (std::size_t i = 1; i < size; ++i) count = count << 8 | byte(i);
  return size;
}

/// "lines/default" -> " of stream default from lines"
std::string origin(const std::string& from) {
  const std::size_t cut = from.rfind('/');
  if (from.empty() || cut == std::string::npos) return {};
  return " of stream " + from.substr(cut + 1) + " from " + from.substr(0, cut);
}

Running& tuple_line(Running& r, std::string_view key, std::string_view value) {
  if (!r.tuple) r.tuple.emplace();
  if (key == "from") r.tuple->from = value;
  if (key == "root") r.tuple->root = number<std::uint64_t>(value);
  if (key == "size") r.tuple->size = number<std::uint64_t>(value);
  if (key == "hash") r.tuple->hash = number<std::uint64_t>(value, 16);
  if (key == "bytes") r.tuple->bytes = from_hex(value);
  return r;
}

void line(Exit& exit, std::string_view key, std::string_view value) {
  Running& r = exit.running;
  if (key == "kind") {
    for (const auto& [name, ending] : kEndings) {
      if (value == name) exit.ending = ending;
    }
  } else if (key == "status") {
    exit.status = number<int>(value);
  } else if (key == "signal") {
    exit.signal = number<int>(value);
  } else if (key == "why") {
    exit.why = value;
  } else if (key == "thread") {
    exit.thread = value;
  } else if (key == "hung") {
    exit.hung = true;
  } else if (key == "task") {
    r.task = value;
  } else if (key == "call") {
    r.call = value;
  } else if (key == "source") {
    r.source = value;
  } else if (key == "of") {
    r.of = number<std::uint64_t>(value);
  } else if (key == "input") {
    r.input = number<std::uint64_t>(value);
  } else if (key == "frame") {
    const std::size_t cut = std::min(value.find(' '), value.size());
    Frame& frame = exit.stack.emplace_back();
    frame.offset = number<std::uint64_t>(value.substr(0, cut), 16);
    if (cut < value.size()) frame.module = value.substr(cut + 1);
  } else if (key == "from" || key == "root" || key == "size" || key == "hash" || key == "bytes") {
    tuple_line(r, key, value);
  }
}

Running running_in(const Entry& e, std::string_view legend) {
  Running r;
  const std::uint32_t task = e.task.load(), input = running_of(e);
  r.task = task_in(legend, task);
  r.call = name_of(e.call.load());
  if (e.call.load() != Call::kExecute) return r;
  r.source = task_in(legend, e.source.load());
  r.of = e.count.load();
  if (input == kNotSaid) return r;
  r.input = input;
  if (e.seen_of.load() != input || e.seen_since_ns.load() != e.since_ns.load()) return r;
  Tuple& tuple = r.tuple.emplace();
  tuple.from = input_in(legend, task, e.seen.input);
  tuple.root = e.seen.root;
  tuple.hash = e.seen.hash;
  tuple.size = e.seen.size;
  tuple.bytes.assign(reinterpret_cast<const char*>(e.seen.bytes), std::min<std::size_t>(e.seen.size, kTupleBytes));
  return r;
}

}  // namespace

void Files::remove() const {
  std::error_code ignored;
  std::filesystem::remove(exit(), ignored);
  std::filesystem::remove(page(), ignored);
}

std::string signal_name(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

std::string Tuple::text() const {
  std::string text = "(";
  std::uint32_t count = 0;
  const std::size_t head = array_head(bytes, count);
  codec::Cursor cursor(std::string_view(bytes).substr(head));
  bool cut = head == 0;
  for (std::uint32_t i = 0; i < count && !cut; ++i) {
    Value value;
    cut = text.size() > kShown || codec::Unpack<Value>::read(cursor, value) != codec::Read::kOk;
    if (cut) break;
    if (i > 0) text += ", ";
    append(text, value);
  }
  if (text.size() > kShown) {
    text.resize(kShown);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0)
      text.pop_back();  // no half of a letter
    cut = true;
  }
  return text + (cut ? "...)" : ")");
}

std::string Running::text() const {
  if (task.empty()) return "in no call of user code";
  if (call != "execute") return "in " + task + ", in " + call + "()";
  if (tuple) return "in " + task + ", executing tuple " + tuple->text() + origin(tuple->from);
  std::string text = "in " + task + ", executing ";
  text += input ? "tuple " + std::to_string(*input + 1) + " of " : "one of ";
  return text + std::to_string(of) + " from " + source;
}

std::string Frame::text(bool returns) const {
  char room[32];
  std::snprintf(room, sizeof room, "0x%llx", static_cast<unsigned long long>(offset));
  if (module.empty()) return room;
  const std::string symbol = symbol_at(module, offset - (returns ? 1 : 0));
  return (symbol.empty() ? "" : symbol + " in ") + module + "+" + room;
}

Result<void> write_exit(const std::string& path, Ending ending, int status, const std::string& why) {
  const std::string half = path + ".new";
  std::ofstream file(half, std::ios::binary | std::ios::trunc);
  file << "gale exit 1\nkind ";
  for (const auto& [name, known] : kEndings) {
    if (known == ending) file << name;
  }
  file << "\nstatus " << status << "\n";
  if (!why.empty()) file << "why " << one_line(why) << "\n";
  file << "end\n";
  file.close();
  if (!file || std::rename(half.c_str(), path.c_str()) != 0)
    return Failed{"cannot write the exit record " + path + ": " + std::strerror(errno)};
  return {};
}

Result<Exit> parse_exit(std::string_view text) {
  if (!text.starts_with("gale exit 1\n")) return Failed{"this is no exit record"};
  Exit exit;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find('\n'));
    if (one.size() == text.size()) break;  // cut off
    text.remove_prefix(one.size() + 1);
    const std::size_t cut = std::min(one.find(' '), one.size());
    line(exit, one.substr(0, cut), one.substr(std::min(cut + 1, one.size())));
  }
  if (exit.running.tuple && exit.running.tuple->bytes.empty()) exit.running.tuple.reset();  // cut off in between
  return exit;
}

Result<Exit> read_exit(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Failed{"there is no exit record " + path};
  std::string text(kMostBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_exit(text);
}

std::vector<Running> read_running(const std::string& page) {
  std::vector<std::pair<std::int64_t, Running>> all;
  read_page(page, [&](const Entry& e, std::string_view legend) {
    all.emplace_back(e.since_ns.load(), running_in(e, legend));
  });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Running> calls;
  for (auto& [since, running] : all) calls.push_back(std::move(running));
  return calls;
}

std::optional<Suspect> suspect_of(const Exit& exit) {
  return exit.ending == Ending::kCrash ? tuple_of(exit.running) : std::nullopt;
}

std::optional<Suspect> tuple_of(const Running& r) {
  if (r.call != "execute" || !r.tuple) return std::nullopt;
  return Suspect{std::string(component_of(r.task)), r.tuple->from, r.tuple->hash};
}

std::optional<std::string> unsure_of(const Exit& exit) {
  const Running& r = exit.running;
  if (exit.ending != Ending::kCrash || r.call != "execute" || r.input) return std::nullopt;
  return std::string(component_of(r.task));
}

std::string report(const Exit& exit) {
  std::string text = signal_name(exit.signal) + (exit.hung ? " (its call did not return)" : "") + " in thread '" +
                     exit.thread + "', " + exit.running.text() + "\n";
  if (const auto& t = exit.running.tuple) {
    char room[96];
    std::snprintf(room, sizeof room, "%llu bytes, hash %016llx, root %llx", static_cast<unsigned long long>(t->size),
                  static_cast<unsigned long long>(t->hash), static_cast<unsigned long long>(t->root));
    text += std::string("tuple: ") + room + "\n";
  }
  for (std::size_t i = 0; i < exit.stack.size(); ++i) text += "  " + exit.stack[i].text(i > 0) + "\n";
  return text;
}

}  // namespace gale::crash
