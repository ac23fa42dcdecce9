// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/checks.hpp"

#include "gale/codec/read.hpp"
#include "supervisor/control/fields.hpp"
#include "supervisor/control/peers.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace gale::master {
namespace {

constexpr Duration kMost = std::chrono::seconds(60);
constexpr std::size_t kPart = 1 << 20;  // bytes of a plugin at a time

Failed cannot(const std::filesystem::path& file) {
  return Failed{"cannot write " + file.string() + ": " + std::strerror(errno) + "; is the disk full?"};
}

}  // namespace

Checks::Checks(std::string program, std::filesystem::path dir, Store& store, const Clock& clock)
    : program_(std::move(program)), dir_(std::move(dir)), store_(store), clock_(clock) {
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);  // of a master that died
}

Checks::~Checks() {
  checks_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

Result<void> Checks::stage(const control::Revision& revision, const std::filesystem::path& dir) {
  std::error_code wrong;
  std::filesystem::create_directories(dir / "plugins", wrong);
  if (wrong) return Failed{"cannot make " + dir.string() + ": " + wrong.message()};
  std::ofstream file(dir / "topology.yaml", std::ios::binary);
  if (!(file << revision.file).flush()) return cannot(dir / "topology.yaml");
  control::Launch launch;  // values may be secrets, and others on the host can read a command line
  launch.sets = revision.sets;
  std::ofstream said(dir / "launch", std::ios::binary);
  std::filesystem::permissions(dir / "launch", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                               wrong);
  if (!(said << control::encode(launch)).flush()) return cannot(dir / "launch");
  for (const control::PluginFile& plugin : revision.plugins) {
    const std::filesystem::path path = dir / "plugins" / (plugin.name + ".so");
    std::ofstream out(path, std::ios::binary);
    for (std::uint64_t at = 0; at < plugin.bytes;) {
      const Result<std::string> part = store_.read_plugin(plugin.sha256, at, kPart);
      if (!part) return Failed{part.error()};
      if (part->empty()) return Failed{"plugin '" + plugin.name + "' is shorter than was said"};
      if (!out.write(part->data(), static_cast<std::streamsize>(part->size()))) return cannot(path);
      at += part->size();
    }
    if (!out.flush()) return cannot(path);
  }
  return {};
}

Result<void> Checks::begin(const std::string& request, control::Revision revision, const std::string& file_name) {
  const std::filesystem::path dir = dir_ / request;
  Result<void> staged = stage(revision, dir);
  const auto give_up = [&](std::string why) {
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
    return Failed{std::move(why)};
  };
  if (!staged) return give_up(staged.error());
  std::vector<std::string> arguments = {program_,
                                        "outline",
                                        (dir / "topology.yaml").string(),
                                        "--plugins",
                                        (dir / "plugins").string(),
                                        "--answer",
                                        (dir / "answer").string(),
                                        "--name",
                                        file_name};
  arguments.insert(arguments.end(), {"--launch", (dir / "launch").string()});
  if (revision.workers != 0) arguments.insert(arguments.end(), {"--workers", std::to_string(revision.workers)});
  for (const auto& [id, n] : revision.tasks)
    arguments.insert(arguments.end(), {"--tasks", id + "=" + std::to_string(n)});
  Result<process::Process> process = process::Process::start(arguments);
  if (!process) return give_up(process.error());
  checks_.push_back({request, std::move(revision), dir, std::move(*process), clock_.now() + kMost});
  return {};
}

bool Checks::running(const std::string& request) const {
  for (const Check& check : checks_) {
    if (check.request == request) return true;
  }
  return false;
}

std::vector<int> Checks::fds() const {
  std::vector<int> fds;
  for (const Check& check : checks_) fds.push_back(check.process.fd());
  return fds;
}

std::optional<Checked> Checks::next() {
  for (auto it = checks_.begin(); it != checks_.end(); ++it) {
    process::Exit exit;
    const bool late = clock_.now() >= it->until;
    if (!it->process.ended(exit) && !late) continue;
    Checked checked =
        late ? Checked{it->request, {}, {}, "its check took more than a minute and was ended"} : read(*it, exit);
    checked.revision = std::move(it->revision);
    std::error_code ignored;
    std::filesystem::remove_all(it->dir, ignored);
    checks_.erase(it);
    return checked;
  }
  return std::nullopt;
}

Checked Checks::read(const Check& check, const process::Exit& exit) {
  Checked checked{check.request, {}, {}, {}};
  std::ifstream in(check.dir / "answer", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  Value map;
  codec::Cursor cursor(bytes);
  if (bytes.empty() || codec::Unpack<Value>::read(cursor, map) != codec::Read::kOk) {
    checked.faults = "its check gave no answer: " + exit.text();
    return checked;
  }
  for (const std::string& fault : control::texts_in(map, "faults"))
    checked.faults += (checked.faults.empty() ? "" : "\n") + fault;
  if (const Value* outline = map.find("outline")) checked.outline = metrics::to_outline(*outline);
  return checked;
}

}  // namespace gale::master
