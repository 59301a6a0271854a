#pragma once

#include "api/service.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace confab::api {

/// An answer of lines that are read as fast as the peer takes them, and no faster: one thing at a time is
/// under way, a read or a wait for the peer. It lives until the stream is closed, which lets go of it.
class line_stream : public std::enable_shared_from_this<line_stream> {
 public:
  line_stream(service& with, call_ptr for_call) : api_(with), of_(std::move(for_call)) {}
  line_stream(const line_stream&) = delete;
  line_stream& operator=(const line_stream&) = delete;
  virtual ~line_stream();

  /// Where the key has as many streams as it may, the call is refused.
  void start();

 protected:
  /// What is next: once, on a reader's thread, `step` is called. Null: it can't be read now.
  virtual void step(journal::reader* from) = 0;
  /// By which readers the work is spread.
  virtual std::string about() const = 0;

  /// For `step`, which calls one of them: lines, behind which it is called again; or the last ones.
  void give(std::string lines, std::size_t rows);
  void end(std::string lines);

  service& api_;
  const call_ptr of_;

 private:
  void close();
  void go_on();
  void look();
  void push();
  bool goes_on();

  bool taken_ = false;  // a place among the streams
  std::mutex border_;
  std::shared_ptr<stream> out_;  // guarded; null: closed, or not open yet
  std::string pending_;          // guarded
  std::size_t written_ = 0;      // guarded: of `pending_`
  bool blocked_ = false;         // guarded
  bool last_ = false;            // guarded: behind `pending_` it ends
  bool over_ = false;            // guarded
};

}  // namespace confab::api
