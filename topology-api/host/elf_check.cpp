// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/elf_check.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::host {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
#else
#error "name this machine's ELF number here"
#endif

constexpr std::uint64_t kMostNoteBytes = 64 * 1024;  // a compiler's notes are some hundred bytes
constexpr std::uint16_t kMostSegments = 1024;

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit ARM";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "POWER";
    case EM_S390:
      return "S/390";
    default:
      return "machine number " + std::to_string(machine);
  }
}

class File {
 public:
  explicit File(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool read(void* into, std::size_t n, std::uint64_t offset) const {
    auto* p = static_cast<char*>(into);
    while (n > 0) {
      const ssize_t got = ::pread(fd_, p, n, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      p += got;
      n -= static_cast<std::size_t>(got);
      offset += static_cast<std::uint64_t>(got);
    }
    return true;
  }

 private:
  int fd_;
};

std::string truncated(std::uint64_t needs, std::uint64_t has) {
  return "is truncated: its headers speak of " + std::to_string(needs) + " bytes, it has " + std::to_string(has) +
         "; build or copy it again";
}

std::string check_header(const Elf64_Ehdr& h) {
  if (std::memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
    return "is not a shared library (no ELF header); a plugin is a .so that gale_add_plugin() or `c++ -shared` made";
  if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB)
    return "is built for " + machine_name(h.e_machine) + ", not for a 64-bit little-endian machine; build it for " +
           machine_name(kMachine);
  if (h.e_machine != kMachine)
    return "is built for " + machine_name(h.e_machine) + ", this machine is " + machine_name(kMachine) +
           "; build it for this machine";
  if (h.e_type != ET_DYN) return "is an ELF file, but no shared library; link it with -shared";
  return {};
}

/// Where the file must reach to, from its own tables; nothing when they are nonsense.
std::optional<std::uint64_t> reach(const Elf64_Ehdr& h, const std::vector<Elf64_Phdr>& segments) {
  std::uint64_t end = 0, here = 0;
  const std::uint64_t sections = std::uint64_t{h.e_shnum} * h.e_shentsize;
  if (h.e_shoff != 0 && __builtin_add_overflow(h.e_shoff, sections, &end)) return std::nullopt;
  for (const Elf64_Phdr& s : segments) {
    if (__builtin_add_overflow(s.p_offset, s.p_filesz, &here)) return std::nullopt;
    end = here > end ? here : end;
  }
  return end;
}

std::uint64_t aligned(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

/// The Gale note among a segment's notes.
std::optional<gale_note> find_note(std::string_view notes, std::uint64_t align) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr head;
    std::memcpy(&head, notes.data(), sizeof head);
    const std::uint64_t body_at = aligned(sizeof head + std::uint64_t{head.n_namesz}, align);
    const std::uint64_t end = aligned(body_at + head.n_descsz, align);
    if (body_at + head.n_descsz > notes.size()) return std::nullopt;
    const std::string_view owner = notes.substr(sizeof head, head.n_namesz);
    if (head.n_type == 1 && owner == std::string_view("Gale", 5) && head.n_descsz >= sizeof(gale_note)) {
      gale_note note;
      std::memcpy(&note, notes.data() + body_at, sizeof note);
      note.name_version[sizeof note.name_version - 1] = '\0';
      return note;
    }
    notes.remove_prefix(end < notes.size() ? end : notes.size());
  }
  return std::nullopt;
}

std::optional<gale_note> find_note(const File& file, const std::vector<Elf64_Phdr>& segments) {
  for (const Elf64_Phdr& s : segments) {
    if (s.p_type != PT_NOTE || s.p_filesz > kMostNoteBytes) continue;
    std::string notes(s.p_filesz, '\0');
    if (!file.read(notes.data(), notes.size(), s.p_offset)) continue;
    if (const auto note = find_note(notes, s.p_align == 8 ? 8 : 4)) return note;
  }
  return std::nullopt;
}

/// Where the bytes of a virtual address stand in the file.
std::optional<std::uint64_t> offset_of(std::uint64_t address, const std::vector<Elf64_Phdr>& segments) {
  for (const Elf64_Phdr& s : segments) {
    if (s.p_type == PT_LOAD && address >= s.p_vaddr && address - s.p_vaddr < s.p_filesz)
      return s.p_offset + (address - s.p_vaddr);
  }
  return std::nullopt;
}

/// The libraries that it names; none when its tables cannot be read (the loader will say so).
std::vector<std::string> needed(const File& file, const std::vector<Elf64_Phdr>& segments) {
  std::vector<std::string> names;
  std::vector<std::uint64_t> places;
  std::optional<std::uint64_t> strings;
  for (const Elf64_Phdr& s : segments) {
    if (s.p_type != PT_DYNAMIC || s.p_filesz > kMostNoteBytes) continue;
    std::vector<Elf64_Dyn> entries(s.p_filesz / sizeof(Elf64_Dyn));
    if (!file.read(entries.data(), entries.size() * sizeof(Elf64_Dyn), s.p_offset)) return {};
    for (const Elf64_Dyn& d : entries) {
      if (d.d_tag == DT_NULL) break;
      if (d.d_tag == DT_NEEDED) places.push_back(d.d_un.d_val);
      if (d.d_tag == DT_STRTAB) strings = offset_of(d.d_un.d_ptr, segments);
    }
  }
  for (const std::uint64_t place : places) {
    char name[128] = {};
    if (!strings || !file.read(name, sizeof name - 1, *strings + place)) continue;
    names.emplace_back(name);
  }
  return names;
}

/// The runtime of AddressSanitizer and ThreadSanitizer has to be in the program from its start; brought by a library it
/// ends the process.
std::string check_sanitizer(const std::vector<std::string>& libraries) {
  constexpr struct {
    std::string_view library, symbol, name;
  } kRuntimes[] = {{"libasan.so", "__asan_init", "AddressSanitizer"}, {"libtsan.so", "__tsan_init", "ThreadSanitizer"}};
  for (const std::string& library : libraries) {
    for (const auto& runtime : kRuntimes) {
      if (!library.starts_with(runtime.library) || ::dlsym(RTLD_DEFAULT, runtime.symbol.data()) != nullptr) continue;
      const std::string name(runtime.name);
      return "is built with " + name +
             ", whose runtime must come first; run LD_PRELOAD=$(g++ -print-file-name=" + std::string(runtime.library) +
             ") gale ..., or build it without, or gale with it";
    }
  }
  return {};
}

/// Older minors of our major are what hosts are tested with; a newer one may lean on what this host does not have.
std::string check_version(const gale_note& note) {
  if (note.major == GALE_ABI_MAJOR && note.minor <= GALE_ABI_MINOR) return {};
  const std::string major = std::to_string(note.major), theirs = major + "." + std::to_string(note.minor);
  return std::string("(") + note.name_version + ") speaks plugin ABI " + theirs + ", this gale speaks " +
         std::to_string(GALE_ABI_MAJOR) + "." + std::to_string(GALE_ABI_MINOR) +
         "; rebuild it with this gale's SDK, or run it with a gale that speaks " +
         (note.major == GALE_ABI_MAJOR ? theirs + " or a later " + major : theirs);
}

std::string check_kind(const File& file, struct stat& info) {
  if (file.fd() < 0) return errno == ENOENT ? "does not exist" : std::string("cannot be read: ") + std::strerror(errno);
  if (::fstat(file.fd(), &info) != 0) return std::string("cannot be read: ") + std::strerror(errno);
  if (S_ISDIR(info.st_mode)) return "is a directory, not a shared library";
  if (!S_ISREG(info.st_mode)) return "is not a regular file";
  if (info.st_size == 0) return "is empty; build or copy it again";
  return {};
}

}  // namespace

Checked check_elf(const std::filesystem::path& path) {
  const auto refuse = [](std::string why) { return Checked{{}, std::move(why)}; };
  const File file(path);
  struct stat info {};
  if (std::string why = check_kind(file, info); !why.empty()) return refuse(std::move(why));
  const auto size = static_cast<std::uint64_t>(info.st_size);

  Elf64_Ehdr header{};
  const std::size_t head = size < sizeof header ? size : sizeof header;
  if (!file.read(&header, head, 0)) return refuse(std::string("cannot be read: ") + std::strerror(errno));
  if (head < SELFMAG || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return refuse(check_header(Elf64_Ehdr{}));
  if (head < sizeof header) return refuse(truncated(sizeof header, size));
  if (std::string why = check_header(header); !why.empty()) return refuse(std::move(why));

  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum > kMostSegments)
    return refuse("has damaged ELF headers (no readable segments); build or copy it again");
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  const std::uint64_t table = segments.size() * sizeof(Elf64_Phdr);
  if (header.e_phoff > size || table > size - header.e_phoff) return refuse(truncated(header.e_phoff + table, size));
  if (!file.read(segments.data(), table, header.e_phoff)) return refuse("cannot be read");
  const auto needs = reach(header, segments);
  if (!needs) return refuse("has damaged ELF headers (a table that wraps around); build or copy it again");
  if (*needs > size) return refuse(truncated(*needs, size));

  const auto note = find_note(file, segments);
  if (!note)
    return refuse("is a shared library, but no Gale plugin (no " GALE_ABI_NOTE_SECTION
                  " note); a plugin has GALE_PLUGIN(name, version, Components...) in one of its sources");
  if (std::string why = check_version(*note); !why.empty()) return {*note, std::move(why)};
  return {*note, check_sanitizer(needed(file, segments))};
}

}  // namespace gale::host
