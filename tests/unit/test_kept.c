// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The way back on disk: whole or not there, and no harm from a disk that does not take it.
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "kept.h"

static char directory[32];

static const char *content(const char *name)
{
	static char text[256];
	char path[CP_KEPT_PATH];
	FILE *file = fopen(cp_kept_path(directory, name, path), "r");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[length] = 0;
	if (file)
		fclose(file);
	return file ? text : "-";
}

static void begin(void)
{
	strcpy(directory, "/tmp/poise-kept-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
}

static void end(void)
{
	static const char *const names[] = {"running.conf", "previous.conf", "file", "link"};
	char path[CP_KEPT_PATH];

	cp_kept_trial_remove(directory);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(cp_kept_path(directory, names[i], path));
	CU_ASSERT_EQUAL(rmdir(directory), 0); // nothing else was left there
}

static void the_text_before_is_kept(void)
{
	begin();
	CU_ASSERT_EQUAL(cp_kept_running(directory, "one"), 0);
	CU_ASSERT_STRING_EQUAL(content("previous.conf"), "-");
	CU_ASSERT_EQUAL(cp_kept_running(directory, "two"), 0);
	CU_ASSERT_EQUAL(cp_kept_running(directory, "two"), 0); // the same again does not push "one" out
	CU_ASSERT_STRING_EQUAL(content("running.conf"), "two");
	CU_ASSERT_STRING_EQUAL(content("previous.conf"), "one");
	end();
}

static void a_file_keeps_mode_and_link(void)
{
	char path[CP_KEPT_PATH], link_path[CP_KEPT_PATH];
	struct stat status;

	begin();
	cp_kept_path(directory, "file", path);
	CU_ASSERT_EQUAL(cp_kept_write(path, "old"), 0);
	CU_ASSERT_EQUAL(chmod(path, 0644), 0);
	CU_ASSERT_EQUAL(symlink(path, cp_kept_path(directory, "link", link_path)), 0);
	CU_ASSERT_EQUAL(cp_kept_write(link_path, "new"), 0);
	CU_ASSERT_STRING_EQUAL(content("file"), "new");
	CU_ASSERT_EQUAL(stat(path, &status), 0);
	CU_ASSERT_EQUAL(status.st_mode & 0777, 0644);
	CU_ASSERT_EQUAL(lstat(link_path, &status), 0);
	CU_ASSERT_TRUE(S_ISLNK(status.st_mode));
	end();
}

static void a_trial_is_read_back(void)
{
	struct cp_kept_trial trial = {.until_ns = cp_kept_now_ns() + 1}, read = {0};
	char path[CP_KEPT_PATH];

	begin();
	CU_ASSERT_EQUAL(cp_kept_trial_read(directory, &read), -ENOENT);
	CU_ASSERT_EQUAL(cp_kept_trial_write(directory, "text", &trial), 0);
	CU_ASSERT_EQUAL(cp_kept_trial_read(directory, &read), 0);
	CU_ASSERT_EQUAL(read.until_ns, trial.until_ns);
	CU_ASSERT_STRING_EQUAL(content("trial.conf"), "text");
	cp_kept_path(directory, "trial.json", path);
	CU_ASSERT_EQUAL(cp_kept_write(path, "{\"boot\":\"another\",\"until_ns\":5}"), 0);
	CU_ASSERT_EQUAL(cp_kept_trial_read(directory, &read), -ESTALE);
	CU_ASSERT_EQUAL(cp_kept_write(path, "{\"boot\":5"), 0);
	CU_ASSERT_EQUAL(cp_kept_trial_read(directory, &read), -EINVAL);
	end();
}

static void a_directory_that_is_not_there(void)
{
	CU_ASSERT_TRUE(cp_kept_running("/nonexistent/below", "text") < 0);
	CU_ASSERT_TRUE(cp_kept_write("/nonexistent/file", "text") < 0);
}

static const struct check_case cases[] = {
	{ "the text before is kept", the_text_before_is_kept },
	{ "a file keeps mode and link", a_file_keeps_mode_and_link },
	{ "a trial is read back", a_trial_is_read_back },
	{ "a directory that is not there", a_directory_that_is_not_there },
};

CHECK_MAIN("kept", cases)
