// SPDX-License-Identifier: Apache-2.0
//
// Tuple: the running execute's input, borrowed. KeptTuple: one that user code took with it.
// Values are read from msgpack bytes in place: get by position walks from the front, as<...>() reads all in one pass.
#pragma once

#include "gale/abi.h"
#include "gale/codec/read.hpp"
#include "gale/error.hpp"
#include "gale/fields.hpp"
#include "gale/input.hpp"
#include "gale/mailbox.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace gale {

class Collector;

/// The values of a tuple, read only. T is bool, an integer (range-checked), double (takes an integer it holds exactly),
/// std::string_view, std::string, Bytes, BytesView, std::vector<T>, std::map<std::string, T>, std::optional<T> (nil) or
/// Value. A view points into the tuple and lives as long. Every getter throws gale::Error, naming the field and both
/// types, when the value is of another type.
class Values {
 public:
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  template <class T>
  [[nodiscard]] T get(std::size_t position) const {
    codec::Cursor cursor = at(position);
    return read<T>(cursor, position);
  }
  /// So that get<T>(0) is a position: the literal 0 would be a name as well.
  template <class T>
  [[nodiscard]] T get(int position) const {
    return get<T>(static_cast<std::size_t>(position));
  }
  /// By name: a search of the input's fields for each call. Prefer Field<T> where it matters.
  template <class T>
  [[nodiscard]] T get(std::string_view field) const {
    const int position = input_->position(field);
    if (position < 0) throw Error("no field '" + std::string(field) + "' in " + input_->name());
    return get<T>(static_cast<std::size_t>(position));
  }
  template <class T>
  [[nodiscard]] T get(const char* field) const {
    return get<T>(std::string_view(field));
  }
  template <class T>
  [[nodiscard]] T get(const Field<T>& field) const {
    return get<T>(std::size_t{field.position(input_->number)});
  }
  template <class T>
  [[nodiscard]] T get(const Row<T>& row) const {
    T out{};
    const std::uint16_t* position = row.positions(input_->number);
    std::apply([&](const auto&... m) { ((read_into(out.*m.pointer, *position), ++position), ...); },
               gale_members(static_cast<const T*>(nullptr)));
    return out;
  }

  /// The first sizeof...(T) values, in one pass: the fastest way to read a tuple.
  template <class... T>
  [[nodiscard, gnu::always_inline]] std::tuple<T...> as() const {
    codec::Cursor cursor = first(sizeof...(T));
    std::size_t position = 0;
    return std::tuple<T...>{read_next<T>(cursor, position)...};  // braces: left to right
  }

  /// Nothing when the value is of another type or out of range, or there is no such position.
  template <class T>
  [[nodiscard]] std::optional<T> try_get(std::size_t position) const {
    if (position >= size()) return std::nullopt;
    codec::Cursor cursor = at(position);
    T value{};
    if (codec::Unpack<T>::read(cursor, value) != codec::Read::kOk) return std::nullopt;
    return value;
  }

  [[nodiscard]] std::size_t size() const {
    std::uint32_t n = 0;
    codec::Cursor cursor(values_, end_);
    return cursor.array_head(n) == codec::Read::kOk ? n : 0;
  }
  /// The component and the stream that it came from.
  [[nodiscard]] const std::string& source() const noexcept { return input_->component; }
  [[nodiscard]] const std::string& stream() const noexcept { return input_->stream; }
  [[nodiscard]] const std::vector<std::string>& fields() const noexcept { return input_->fields; }

 protected:
  Values(const std::uint8_t* values, const std::uint8_t* end, const detail::Input* input) noexcept
      : values_(values), input_(input), end_(end) {}
  ~Values() = default;

  // Not side by side: the compiler would load both with one instruction, which waits for the two stores before it.
  const std::uint8_t* values_;
  const detail::Input* input_;
  const std::uint8_t* end_;

 private:
  friend class Collector;  // passes the bytes on
  [[nodiscard, gnu::always_inline]] codec::Cursor first(std::size_t wanted) const {
    codec::Cursor cursor(values_, end_);
    std::uint32_t n = 0;
    if (__builtin_expect(cursor.array_head(n) != codec::Read::kOk, 0)) throw_malformed();
    if (__builtin_expect(wanted > n, 0)) throw_missing(wanted, n);
    return cursor;
  }
  [[nodiscard]] codec::Cursor at(std::size_t position) const {
    codec::Cursor cursor = first(position + 1);
    for (std::size_t i = 0; i < position; ++i) {
      if (cursor.skip() != codec::Read::kOk) throw_malformed();
    }
    return cursor;
  }
  template <class T>
  [[gnu::always_inline]] T read_next(codec::Cursor& cursor, std::size_t& position) const {
    return read<T>(cursor, position++);
  }
  template <class T>
  [[gnu::always_inline]] T read(codec::Cursor& cursor, std::size_t position) const {
    static_assert(codec::Unpackable<T>,
                  "a tuple is read as bool, integer, double (not float), std::string_view, std::string, Bytes, "
                  "BytesView, Value, or std::optional, std::vector, std::map<std::string, ...> of those; or specialise "
                  "gale::codec::Unpack for your type");
    T value{};
    const std::uint8_t* const at = cursor.at();
    const codec::Read r = codec::Unpack<T>::read(cursor, value);
    if (__builtin_expect(r != codec::Read::kOk, 0)) throw_type(position, codec::Unpack<T>::kName, at, r);
    return value;
  }
  template <class T>
  void read_into(T& member, std::size_t position) const {
    member = get<T>(position);
  }

  [[noreturn, gnu::cold, gnu::noinline]] void throw_type(std::size_t position, const char* asked,
                                                         const std::uint8_t* at, codec::Read r) const {
    const char* const is = codec::Cursor(at, end_).type_name();
    const std::string name = position < input_->fields.size() ? input_->fields[position] : std::string("?");
    const std::string where = "field '" + name + "' (#" + std::to_string(position) + ") of " + input_->name();
    if (r == codec::Read::kOutOfRange) throw Error(where + ": does not fit " + asked);
    if (r == codec::Read::kMalformed) throw Error(where + ": malformed");
    if (std::string_view(asked) == is) throw Error(where + ": an element of the " + is + " is of another type");
    throw Error(where + ": asked for " + asked + ", is " + is);
  }
  [[noreturn, gnu::cold]] void throw_malformed() const { throw Error("malformed tuple from " + input_->name()); }
  [[noreturn, gnu::cold]] void throw_missing(std::size_t wanted, std::size_t has) const {
    throw Error("tuple of " + input_->name() + " has " + std::to_string(has) + " values, asked for #" +
                std::to_string(wanted - 1));
  }
};

/// A tuple taken out of execute: it owns its bytes and its place in its roots' trees, holds no credit, and must be
/// acked or failed. Destroyed unsettled it fails as "forgotten". Its views live until it is settled or the task closes.
class KeptTuple final : public Values {
 public:
  KeptTuple(KeptTuple&& o) noexcept
      : Values(o.values_, o.end_, o.input_), handle_(std::exchange(o.handle_, 0)), queue_(std::move(o.queue_)) {}
  KeptTuple& operator=(KeptTuple&& o) noexcept {
    if (this != &o) {
      forget();
      values_ = o.values_;
      end_ = o.end_;
      input_ = o.input_;
      handle_ = std::exchange(o.handle_, 0);
      queue_ = std::move(o.queue_);
    }
    return *this;
  }
  ~KeptTuple() { forget(); }

  /// Any thread. On the task's own turn Collector::ack and fail are cheaper: they post nothing. A second one is counted
  /// as misuse, unless the object was moved from: then nobody is there to be told.
  void ack() &&;
  void fail(std::string_view why) &&;
  /// Begins the timeout of its roots anew. Any thread; on the task's own turn Collector::touch is cheaper.
  void touch() const;
  /// False once it was acked, failed or moved from.
  [[nodiscard]] bool unsettled() const noexcept { return handle_ != 0; }

 private:
  friend class Tuple;
  friend class Collector;
  KeptTuple(const gale_kept& kept, const detail::Input* input, std::shared_ptr<detail::JobQueue> queue)
      : Values(kept.values, kept.values + kept.size, input), handle_(kept.handle), queue_(std::move(queue)) {}
  void settle(bool ack, std::string_view why);
  void tell_misuse() const;
  void forget() noexcept;

  std::uint64_t handle_;                     // 0: settled
  std::shared_ptr<detail::JobQueue> queue_;  // the task's, which may be gone
};

/// Borrowed until execute returns; neither copied nor moved.
class Tuple final : public Values {
 public:
  /// For the SDK and the test kit.
  Tuple(const std::uint8_t* values, const std::uint8_t* end, const detail::Input* input, std::uint32_t number,
        std::uint8_t* verdict, const gale_task* task, const std::shared_ptr<detail::JobQueue>* queue) noexcept
      : Values(values, end, input), number_(number), verdict_(verdict), task_(task), queue_(queue) {}

  /// Takes this tuple out of execute, with its own copy of the bytes. Once, and not after ack or fail: throws Error.
  [[nodiscard]] KeptTuple keep() const {
    if (*verdict_ != GALE_VERDICT_NONE) throw Error("keep() of a tuple that is already acked, failed or kept");
    gale_kept kept{};
    if (task_->keep(task_, number_, &kept) != GALE_OK) throw Error("keep(): the host has no room");
    *verdict_ = GALE_VERDICT_KEPT;
    return KeptTuple(kept, input_, *queue_);
  }

 private:
  friend class Collector;
  std::uint32_t number_;  // in the batch
  std::uint8_t* verdict_;
  const gale_task* task_;
  const std::shared_ptr<detail::JobQueue>* queue_;
};

}  // namespace gale
