/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/top_terminal.h"

#include "base/reason.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Its macros would take names of ours. */
#define NCURSES_NOMACROS
#include <ncurses.h>
#include <term.h>
#undef columns
#undef lines

enum { ESCAPE_MS = 50, ESCAPE = 27, STYLES = TOP_HEAT + TOP_HEAT_LEVELS };

static SCREEN *screen;
static bool blocks; /* levels are shown by colours alone */
static attr_t attributes[STYLES];

/* From dark to light, as on the way from black through violet and red to yellow, in the 256 colours of xterm.
 */
static const short ramp_256[TOP_HEAT_LEVELS] = {-1, 17, 54, 90, 126, 162, 203, 209, 221, 230};
static const short ramp_8[TOP_HEAT_LEVELS] = {-1,           COLOR_BLUE,   COLOR_BLUE,  COLOR_CYAN,
                                              COLOR_CYAN,   COLOR_GREEN,  COLOR_GREEN, COLOR_YELLOW,
                                              COLOR_YELLOW, COLOR_MAGENTA};

static void set_colour(unsigned style, short ink, short paper, attr_t more)
{
    short pair = (short)(style + 1);

    if (init_pair(pair, ink, paper) == OK)
        attributes[style] = (attr_t)COLOR_PAIR(pair) | more;
}

static void choose_attributes(void)
{
    const char *none = getenv("NO_COLOR");
    bool colours = has_colors() && !(none && none[0]) && start_color() == OK && COLOR_PAIRS > STYLES;

    attributes[TOP_BAR] = A_REVERSE;
    attributes[TOP_LABEL] = A_BOLD;
    attributes[TOP_WARNING] = A_BOLD;
    attributes[TOP_BAD] = A_BOLD | A_UNDERLINE;
    attributes[TOP_CURSOR] = A_REVERSE;
    if (!colours)
        return;
    short paper = use_default_colors() == OK ? -1 : COLOR_BLACK;
    short ink = paper == -1 ? -1 : COLOR_WHITE;

    blocks = COLORS >= 256;
    set_colour(TOP_LABEL, COLOR_CYAN, paper, A_BOLD);
    set_colour(TOP_GOOD, COLOR_GREEN, paper, A_NORMAL);
    set_colour(TOP_WARNING, COLOR_YELLOW, paper, A_BOLD);
    set_colour(TOP_BAD, COLOR_RED, paper, A_BOLD);
    set_colour(TOP_CURSOR, COLOR_BLACK, COLOR_WHITE, A_BOLD);
    if (blocks)
        set_colour(TOP_FAINT, 245, paper, A_NORMAL);
    for (unsigned level = 1; level < TOP_HEAT_LEVELS; level++)
        if (blocks)
            set_colour(TOP_HEAT + level, COLOR_WHITE, ramp_256[level], A_NORMAL);
        else
            set_colour(TOP_HEAT + level, ramp_8[level], paper, A_NORMAL);
    set_colour(TOP_HEAT, ink, paper, A_NORMAL);
}

/* It is known, and its cursor can be moved. */
static bool can_show_a_screen(void)
{
    int known;

    if (setupterm(NULL, STDOUT_FILENO, &known) != OK)
        return false;
    const char *move = tigetstr("cup");
    bool can = move && move != (const char *)-1;

    del_curterm(cur_term);
    return can;
}

int top_terminal_begin(struct reason *reason)
{
    const char *type = getenv("TERM");

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return reason_set(reason, ENOTTY,
                          "standard input and output are not a terminal; --json prints figures for programs");
    /* Not initscr(), which ends the process when it fails; and newterm() leaves something behind then. */
    if (can_show_a_screen())
        screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return reason_set(reason, ENOENT,
                          "the terminal type '%.60s' (TERM) is not known here, or cannot show a screen; "
                          "--json prints figures for programs",
                          type ? type : "");
    choose_attributes();
    cbreak();
    noecho();
    nonl();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    return 0;
}

void top_terminal_end(void)
{
    if (!screen)
        return;
    endwin();
    delscreen(screen);
    screen = NULL;
}

void top_terminal_size(unsigned *ret_columns, unsigned *ret_rows)
{
    *ret_columns = (unsigned)COLS;
    *ret_rows = (unsigned)LINES;
}

void top_terminal_show(const struct top_grid *grid)
{
    erase();
    for (unsigned row = 0; row < grid->rows; row++)
        for (unsigned column = 0; column < grid->columns; column++) {
            uint8_t style = grid->style[row][column];
            char mark = style >= TOP_HEAT && blocks ? ' ' : grid->text[row][column];

            mvaddch((int)row, (int)column, (chtype)(unsigned char)mark | attributes[style]);
        }
    refresh();
}

enum top_key top_terminal_key(void)
{
    static const struct {
        int code;
        enum top_key key;
    } keys[] = {
        {'q', TOP_KEY_QUIT},
        {'Q', TOP_KEY_QUIT},
        {' ', TOP_KEY_PAUSE},
        {'p', TOP_KEY_PAUSE},
        {'+', TOP_KEY_OFTEN},
        {'=', TOP_KEY_OFTEN},
        {'-', TOP_KEY_SELDOM},
        {'h', TOP_KEY_HELP},
        {'?', TOP_KEY_HELP},
        {'\t', TOP_KEY_NEXT},
        {ESCAPE, TOP_KEY_ESCAPE},
        {KEY_UP, TOP_KEY_UP},
        {KEY_DOWN, TOP_KEY_DOWN},
        {KEY_LEFT, TOP_KEY_LEFT},
        {KEY_RIGHT, TOP_KEY_RIGHT},
        {KEY_RESIZE, TOP_KEY_RESIZE},
        {12, TOP_KEY_RESIZE} /* Ctrl-L */,
    };
    int code = getch();

    if (code == ERR)
        return TOP_KEY_NONE;
    /* What was on its way when the size changed may have gone anywhere. */
    if (code == 12 || code == KEY_RESIZE)
        clearok(stdscr, TRUE);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].code == code)
            return keys[i].key;
    return TOP_KEY_OTHER;
}
