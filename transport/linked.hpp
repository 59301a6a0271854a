#pragma once

namespace confab::transport {

/// A place in a circular list, without allocation: what is linked takes itself out when it dies.
/// Not thread-safe; never copied or moved.
class linked {
 public:
  linked() noexcept : previous_(this), next_(this) {}
  linked(const linked&) = delete;
  linked& operator=(const linked&) = delete;
  ~linked() { unlink(); }

  bool is_linked() const noexcept { return next_ != this; }
  linked* next() const noexcept { return next_; }

  /// Puts `other`, which must not be linked, before this one.
  void insert_before(linked& other) noexcept {
    other.previous_ = previous_;
    other.next_ = this;
    previous_->next_ = &other;
    previous_ = &other;
  }
  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }
  /// Takes over all that hangs on `head`, which is left alone.
  void take_list(linked& head) noexcept {
    if (!head.is_linked()) return;
    head.insert_before(*this);
    head.unlink();
  }

 private:
  linked* previous_;
  linked* next_;
};

}  // namespace confab::transport
