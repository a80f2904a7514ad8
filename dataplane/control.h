// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poised's requests, answered by the main lcore. One peer at a time; it may go and come back at any time.
#pragma once

#include <sys/types.h>

#include "dataplane.h"
#include "socket.h"

enum dp_control_result {
	DP_CONTROL_ON,
	DP_CONTROL_STOP,  // the peer asked for the end
	DP_CONTROL_FATAL, // the first snapshot could not be run; the line has been logged
};

struct dp_control {
	struct dp_dataplane *dataplane;
	int claim;    // the instance's name, -1 none
	int listener; // -1: no control socket
	int peer;     // -1: nobody
	bool greeted; // the peer has said hello
	char path[108];
	dev_t device; // of the socket's file, so that only our own is removed
	ino_t inode;
};

// Open the door; before EAL, so that a second instance is refused before it touches a device.
int dp_control_init(struct dp_control *control, struct dp_dataplane *dataplane, struct dp_error *error);
void dp_control_fini(struct dp_control *control);

// Make the socket anew when somebody removed its file: without it the next poised would not find this dataplane, and
// start another, which cannot run beside it. Looks at the file; call it a few times a second.
void dp_control_keep(struct dp_control *control);

// Serve what is waiting on peer and listener. Never blocks on the peer.
enum dp_control_result dp_control_serve(struct dp_control *control);
