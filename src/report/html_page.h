/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page without its figures, as scripts/embed-page.py makes it of src/report/html/ and uPlot. */
#ifndef MVM_REPORT_HTML_PAGE_H
#define MVM_REPORT_HTML_PAGE_H

/* What stands before the JSON and behind it; both "" in a program that was built without. */
extern const char report_page_head[], report_page_tail[];

#endif
