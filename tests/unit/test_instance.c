// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// One holder a directory, also when its lock file is removed under it.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "instance.h"

// What another process that wants the directory gets: 0 it, 1 refused and told by whom, 2 refused.
static int another(const char *directory)
{
	int status, holder, pid = fork();

	if (!pid)
		_exit(cp_instance_lock(directory, &holder) == -EBUSY ? (holder ? 1 : 2) : 0);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void one_holder(void)
{
	char directory[] = "/tmp/poise-inst.XXXXXX", path[64];
	int holder, lock;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/poised.lock", directory);
	CU_ASSERT(!cp_instance_runs(directory));
	lock = cp_instance_lock(directory, &holder);
	CU_ASSERT_FATAL(lock >= 0);
	CU_ASSERT(cp_instance_runs(directory));
	CU_ASSERT_EQUAL(another(directory), 1);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT(cp_instance_runs(directory));
	CU_ASSERT_EQUAL(another(directory), 2); // who holds it is not known any more
	cp_instance_unlock(directory, lock);
	CU_ASSERT(!cp_instance_runs(directory));
	CU_ASSERT_EQUAL(another(directory), 0);
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(directory), 0);
}

static const struct check_case cases[] = {{"one holder a directory", one_holder}};

CHECK_MAIN("instance", cases)
