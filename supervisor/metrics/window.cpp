// SPDX-License-Identifier: Apache-2.0
#include "supervisor/metrics/window.hpp"

namespace gale::metrics {

void Window::look(TimePoint now, Totals totals) {
  looks_.emplace_back(now, std::move(totals));
  while (looks_.size() > 2 && now - looks_[1].first >= span_) looks_.pop_front();
}

std::pair<double, const Totals*> Window::since(TimePoint now) const {
  if (looks_.empty()) return {0, nullptr};
  return {std::chrono::duration<double>(now - looks_.front().first).count(), &looks_.front().second};
}

}  // namespace gale::metrics
