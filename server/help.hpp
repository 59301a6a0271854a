#pragma once

#include <iosfwd>

namespace confab::server {

/// Every option of the server, from the table.
void print_help(std::ostream& out);
void print_token_help(std::ostream& out);
void print_check_help(std::ostream& out);
void print_backup_help(std::ostream& out);
void print_restore_help(std::ostream& out);
void print_export_help(std::ostream& out);
void print_import_help(std::ostream& out);
void print_api_key_help(std::ostream& out);
void print_ask_help(std::ostream& out);

}  // namespace confab::server
