/* The commands that work on the price book alone: no collector needed. */
#ifndef COLDMETER_TUI_COMMANDS_PRICE_H
#define COLDMETER_TUI_COMMANDS_PRICE_H

/* argv[0] is the command's word. Each returns an exit status. */
int command_price(int argc, char **argv); /* coldmeter price: the calculator */
int command_prices(
    int argc, char **argv); /* coldmeter prices show|check|update: the book */

#endif
