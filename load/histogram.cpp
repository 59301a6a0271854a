#include "load/histogram.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <numeric>
#include <stdexcept>

namespace confab::load {

void histogram::grow_to(std::size_t slot) { counts_.resize((slot / half + 1) * half); }

void histogram::merge(const histogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
  min_us_ = std::min(min_us_, other.min_us_);
  max_us_ = std::max(max_us_, other.max_us_);
}

void histogram::clear() {
  if (empty()) return;
  // Only what is in use: this happens every second, and one outlier makes the memory large.
  std::fill(counts_.begin() + static_cast<std::ptrdiff_t>(slot_of(min_us_)),
            counts_.begin() + static_cast<std::ptrdiff_t>(slot_of(max_us_)) + 1, 0);
  count_ = sum_us_ = max_us_ = 0;
  min_us_ = value_max;
}

double histogram::mean() const {
  return empty() ? 0 : static_cast<double>(sum_us_) / static_cast<double>(count_);
}

std::uint64_t histogram::percentile(double percent) const {
  if (empty()) return 0;
  const auto share = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_);
  // 99 % of 100 is 99.00000000000001 in doubles and still the 99th value, not the 100th.
  const auto rank = std::max(1.0, std::ceil(share * (1 - 1e-12)));
  std::uint64_t seen = 0;
  for (auto slot = slot_of(min_us_); slot < counts_.size(); ++slot) {
    seen += counts_[slot];
    if (static_cast<double>(seen) >= rank) return std::min(highest_of(slot), max_us_);
  }
  return max_us_;
}

void to_json(nlohmann::ordered_json& to, const histogram& from) {
  to = {{"count", from.count_},   {"min_us", from.min()},          {"max_us", from.max()},
        {"sum_us", from.sum_us_}, {"p50_us", from.percentile(50)}, {"p99_us", from.percentile(99)}};
  auto& slots = to["slots"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < from.counts_.size(); ++i)
    if (from.counts_[i] != 0)
      slots.push_back(nlohmann::ordered_json::array({histogram::highest_of(i), from.counts_[i]}));
}

void from_json(const nlohmann::ordered_json& from, histogram& to) {
  histogram read;
  for (const auto& slot : from.at("slots"))
    read.record(slot.at(0).get<std::uint64_t>(), slot.at(1).get<std::uint64_t>());
  const auto min = from.at("min_us").get<std::uint64_t>();
  const auto max = from.at("max_us").get<std::uint64_t>();
  if (read.count_ != from.at("count").get<std::uint64_t>() ||
      (!read.empty() && (histogram::slot_of(min) != histogram::slot_of(read.min_us_) ||
                         histogram::slot_of(max) != histogram::slot_of(read.max_us_))))
    throw std::runtime_error{"a histogram contradicts itself"};
  if (!read.empty()) {
    read.min_us_ = min;
    read.max_us_ = max;
    read.sum_us_ = from.at("sum_us").get<std::uint64_t>();
  }
  to = std::move(read);
}

}  // namespace confab::load
