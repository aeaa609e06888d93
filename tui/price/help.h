/* What `coldmeter price --help` says of its input. */
#ifndef COLDMETER_TUI_PRICE_HELP_H
#define COLDMETER_TUI_PRICE_HELP_H

extern const char price_help[];

#endif
