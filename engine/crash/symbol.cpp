// SPDX-License-Identifier: Apache-2.0
#include "engine/crash/symbol.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace gale::crash {
namespace {

class Mapped {
 public:
  explicit Mapped(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat status {};
    if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      at_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    ::close(fd);
  }
  ~Mapped() {
    if (at_ != MAP_FAILED) ::munmap(at_, size_);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;

  template <class T>
  bool read(std::uint64_t offset, T& into) const {
    if (at_ == MAP_FAILED || offset > size_ || size_ - offset < sizeof into) return false;
    std::memcpy(&into, static_cast<const char*>(at_) + offset, sizeof into);
    return true;
  }
  [[nodiscard]] std::string text(std::uint64_t offset) const {
    if (at_ == MAP_FAILED || offset >= size_) return {};
    const char* const begin = static_cast<const char*>(at_) + offset;
    return {begin, ::strnlen(begin, size_ - offset)};
  }

 private:
  void* at_ = MAP_FAILED;
  std::size_t size_ = 0;
};

std::string find_in(const Mapped& file, const Elf64_Ehdr& head, const Elf64_Shdr& table, std::uint64_t offset) {
  Elf64_Shdr names{};
  if (!file.read(head.e_shoff + std::uint64_t{table.sh_link} * sizeof names, names)) return {};
  for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol{};
    if (!file.read(table.sh_offset + at, symbol)) return {};
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || offset < symbol.st_value) continue;
    if (offset - symbol.st_value < symbol.st_size) return file.text(names.sh_offset + symbol.st_name);
  }
  return {};
}

std::string demangled(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 && text ? std::string(text.get()) : name;
}

}  // namespace

std::string symbol_at(const std::string& module, std::uint64_t offset) {
  const Mapped file(module);
  Elf64_Ehdr head{};
  if (!file.read(0, head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
      head.e_shentsize != sizeof(Elf64_Shdr)) {
    return {};
  }
  for (const std::uint32_t wanted : {SHT_SYMTAB, SHT_DYNSYM}) {
    for (std::uint64_t i = 0; i < head.e_shnum; ++i) {
      Elf64_Shdr section{};
      if (!file.read(head.e_shoff + i * sizeof section, section) || section.sh_type != wanted) continue;
      if (const std::string name = find_in(file, head, section, offset); !name.empty()) return demangled(name);
    }
  }
  return {};
}

}  // namespace gale::crash
