// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "overview.h"
#include "page_text.h"

static int html(struct evbuffer *body, struct cp_page *page)
{
	page->type = "text/html; charset=utf-8";
	page->policy = page_policy;
	return evbuffer_add(body, page_text, sizeof(page_text)) ? 500 : 200;
}

// "/api/NAME.json"
static int json(struct cp_app *app, const char *path, struct evbuffer *body, struct cp_page *page)
{
	const struct cp_load *load = app->api ? cp_api_load(app->api) : NULL;
	char name[32], *dump;
	json_t *document;
	int end = 0;

	if (sscanf(path, "/api/%31[a-z].json%n", name, &end) != 1 || !end || path[end])
		return 0;
	document = strcmp(name, "overview") == 0 ? cp_overview_json(app, load)
						 : cp_overview_part(app, load, name);
	dump = document ? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
	if (!document)
		return 0;
	json_decref(document);
	if (!dump)
		return 500;
	page->type = "application/json";
	evbuffer_add_printf(body, "%s\n", dump);
	free(dump);
	return 200;
}

int cp_page(struct cp_app *app, const char *path, struct evbuffer *body, struct cp_page *page)
{
	if (strcmp(path, "/") == 0)
		return html(body, page);
	return json(app, path, body, page);
}
