// SPDX-License-Identifier: Apache-2.0
//
// Plugin "words": Lines -> Split -> Count -> Table counts the words of text files. Wired in topologies/word-count.yaml.
// Lines and Split show the everyday case (emit and forget), Count a bolt with a memory and last words, Table an end.
#include "files.hpp"
#include "letters.hpp"
#include "lines.hpp"

#include <gale/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace words {

class Lines final : public gale::Spout {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits each line of the files that a pattern names, then ends.");
    d.key("input", input_, "A path or a pattern, such as /var/log/*.log.", {.required = true});
    d.emits({"line"});
  }
  void open(gale::Context& context) override {
    auto files = files_of(input_);
    context.info("reading ", files.size(), files.size() == 1 ? " file" : " files");
    lines_ = LineReader(std::move(files));
  }
  gale::Next next(gale::SpoutCollector& out) override {
    std::string_view line;
    if (!lines_.next(line)) return gale::Next::finished();
    out.emit({.id = number_++}, line);  // tracked: when its words are not all counted, the engine sends it again
    return gale::Next::emitted();
  }

 private:
  std::string input_;
  LineReader lines_;
  gale::MessageId number_ = 0;
};

class Split final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Splits text into words: runs of ASCII letters, lower-cased.");
    d.emits({"word"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    for_each_word(tuple.get<std::string_view>(0), word_, [&](std::string_view word) { out.emit(word); });
  }

 private:
  std::string word_;  // its memory is used again for the next word
};

class Count final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Counts equal words; says the counts when its input has ended.");
    d.emits({"word", "count"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    const auto word = tuple.get<std::string_view>(0);
    auto it = counts_.find(word);
    if (it == counts_.end()) it = counts_.emplace(word, 0).first;
    ++it->second;
  }
  bool finish(gale::Collector& out) override {
    while (!counts_.empty() && out.room()) {
      const auto entry = counts_.extract(counts_.begin());
      out.emit(entry.key(), entry.mapped());
    }
    return counts_.empty();
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;  // looks a string_view up without making a string of it
  };
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> counts_;
};

class Table final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Writes word<TAB>count lines to a file, the most frequent first, when its input has ended.");
    d.key("output", output_, "The file, which appears whole or not at all.", {.required = true});
  }
  void open(gale::Context& context) override {
    if (context.tasks() != 1) throw gale::Error("Table writes one file, so it wants parallelism 1");
    file_ = std::make_unique<AtomicFile>(output_);
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    const auto [word, count] = tuple.as<std::string, std::int64_t>();
    rows_.emplace_back(count, word);
  }
  bool finish(gale::Collector&) override {
    std::sort(rows_.begin(), rows_.end(),
              [](const Row& a, const Row& b) { return std::tie(b.first, a.second) < std::tie(a.first, b.second); });
    for (const auto& [count, word] : rows_) file_->write(word + '\t' + std::to_string(count) + '\n');
    file_->commit();
    return true;
  }
  void close() override { file_.reset(); }

 private:
  using Row = std::pair<std::int64_t, std::string>;
  std::string output_;
  std::unique_ptr<AtomicFile> file_;
  std::vector<Row> rows_;
};

GALE_PLUGIN("words", "1.0.0", Lines, Split, Count, Table);

}  // namespace words
