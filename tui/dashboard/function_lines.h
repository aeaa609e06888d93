/* What is known about one function, in lines: the upper half of its page. */
#ifndef COLDMETER_TUI_DASHBOARD_FUNCTION_LINES_H
#define COLDMETER_TUI_DASHBOARD_FUNCTION_LINES_H

#include "tui/dashboard/dash.h"
#include "tui/draw.h"

/* Draws from the top of the area; returns the rows used. */
int function_lines(const struct dash *dash, const struct function_row *row,
    struct canvas *canvas, const struct area *area);

#endif
