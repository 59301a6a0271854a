#pragma once

#include <sys/resource.h>

namespace confab::server {

/// Where all cores are busy the calling thread lets pass the threads by which a message goes its way: it reads for those who
/// have been away, or it can be late. (On Linux a thread has a nice value of its own: setpriority(2), "Bugs".)
inline void give_way(int nice) {
  ::setpriority(PRIO_PROCESS, 0, nice);  // a refusal changes no answer
}

}  // namespace confab::server
