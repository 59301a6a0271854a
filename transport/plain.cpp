#include "transport/http_connection.hpp"

namespace confab::transport {

template task<> serve(tcp_socket, std::shared_ptr<reactor_core>, std::string, admission::slot);

}  // namespace confab::transport
