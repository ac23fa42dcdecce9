// SPDX-License-Identifier: Apache-2.0
//
// Plugin "sensors": Trend keeps the mean of each sensor's last readings and alerts when it goes too high. Wired in
// topologies/sensors.yaml behind validate.Bolt and json.ParseBolt, which see to it that readings are readings.
#include <gale/plugin.hpp>

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

namespace sensors {

class Trend final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc(
        "The mean of each sensor's last readings; on 'alerts', once, that it rose above a limit or fell below again.");
    d.key("window", window_, "How many readings a mean is over.");
    d.key("limit", limit_, "The mean that calls for an alert.", {.required = true});
    d.reads(sensor_, "sensor");
    d.reads(celsius_, "celsius");
    d.emits({"sensor", "mean", "readings"});
    d.stream("alerts", alerts_, {"sensor", "what", "mean"});
    if (d.bound() && window_ < 1) throw gale::Error("key 'window' is " + std::to_string(window_) + ", at least 1");
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto sensor = tuple.get(sensor_);
    State& state = states_[sensor];
    state.last.push_back(tuple.get(celsius_));
    if (state.last.size() > static_cast<std::size_t>(window_)) state.last.pop_front();
    double sum = 0;
    for (const double celsius : state.last) sum += celsius;
    const double mean = sum / static_cast<double>(state.last.size());
    out.emit(sensor, mean, state.last.size());
    const bool high = mean > limit_;
    if (high != state.high) out.on(alerts_).emit(sensor, high ? "too hot" : "well again", mean);
    state.high = high;
  }

 private:
  struct State {
    std::deque<double> last;
    bool high = false;
  };
  std::int64_t window_ = 5;
  double limit_ = 0;
  gale::Field<std::string> sensor_;
  gale::Field<double> celsius_;
  gale::Stream alerts_;
  std::unordered_map<std::string, State> states_;
};

}  // namespace sensors

using sensors::Trend;
GALE_PLUGIN("sensors", "1.0.0", Trend);
