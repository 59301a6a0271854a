#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace confab::load {

/// The history of --verify: one line per thing that happened, fields separated by blanks, in the
/// order in which one connection saw it. Threads write to the same file, whole lines at a time.
///
///     run NUMBER USERS                                  the first line
///     S TIME USER COUNT SUM ROOM|@RECEIVER              sent (again: with the same COUNT)
///     A TIME USER COUNT ROOM SEQ                        acknowledged to its author
///     C TIME CONNECTION                                 welcomed
///     J TIME CONNECTION ROOM EPOCH SINCE|- HEAD GAP     joined, resumed; GAP 0 or 1
///     D TIME CONNECTION ROOM SEQ PREV SENDER COUNT SUM  delivered; SENDER -: no message of ours
///     L TIME CONNECTION ROOM                            left
///     X TIME CONNECTION                                 ended, for whatever reason
///     H TIME ROOM SEQ                                   up to there it had to come to who is up at the end
///     F TIME CONNECTION                                 still up when the run ended, and quiet
///
/// TIME in µs since the start; USER, COUNT decimal; SUM the text's CRC-32; CONNECTION: USER.DEVICE.
class history_log {
 public:
  /// `fd` is shared and stays the caller's; it must be open for appending.
  explicit history_log(int fd) : fd_{fd} {}
  ~history_log() { flush(); }
  history_log(const history_log&) = delete;
  history_log& operator=(const history_log&) = delete;

  template <class... Field>
  void line(char what, std::int64_t time_us, const Field&... fields) {
    lines_ += what;
    add(time_us);
    (add(fields), ...);
    lines_ += '\n';
    if (lines_.size() >= block_bytes) flush();
  }
  void flush();
  /// Nothing was lost on the way to the file.
  bool is_whole() const { return is_whole_; }

 private:
  static constexpr std::size_t block_bytes = 64 * 1024;

  template <class Field>
  void add(const Field& field) {
    lines_ += ' ';
    if constexpr (std::is_integral_v<Field>)
      lines_ += std::to_string(field);
    else
      lines_ += field;
  }

  int fd_;
  std::string lines_;
  bool is_whole_ = true;
};

}  // namespace confab::load
