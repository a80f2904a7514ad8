// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The configuration file as poised understands it. config.c is the only user of libconfig; everything that
// follows sees these structs, where each object remembers its line.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <poise/abi.h>
#include <poise/snapshot.h>

#include "health.h"
#include "report.h"

#define CP_MAX_LIST 64
#define CP_PATH_SIZE 108 // sun_path
#define CP_MAX_WEIGHT 256
#define CP_MAX_NEW_FLOWS 10000 // of one source a second
#define CP_MAX_SOURCE_FLOWS 1000000
#define CP_COMMAND_WORDS 16

enum cp_nic_mode {
#define POISE_NIC_MODE(NAME, name, built, help) CP_NIC_##NAME,
#include <poise/modes.def>
#undef POISE_NIC_MODE
	CP_NIC_MODES,
};

enum cp_idle { CP_IDLE_POLL, CP_IDLE_ADAPTIVE };
enum cp_role { CP_ROLE_ACTIVE, CP_ROLE_STANDBY };
enum cp_health_type {
	CP_HEALTH_NONE,
	CP_HEALTH_TCP,
	CP_HEALTH_HTTP,
	CP_HEALTH_HTTPS,
	CP_HEALTH_POSTGRESQL,
	CP_HEALTH_EXEC,
};
enum cp_http_method { CP_HTTP_GET, CP_HTTP_HEAD, CP_HTTP_OPTIONS };
// As libpq names them, see cp_sslmode_name().
enum cp_sslmode {
	CP_SSL_DISABLE,
	CP_SSL_ALLOW,
	CP_SSL_PREFER,
	CP_SSL_REQUIRE,
	CP_SSL_VERIFY_CA,
	CP_SSL_VERIFY_FULL,
};
enum cp_backend_down { CP_DOWN_KEEP, CP_DOWN_RESET };
enum cp_all_down { CP_ALL_DOWN_DROP, CP_ALL_DOWN_RESET, CP_ALL_DOWN_FAIL_OPEN };

struct cp_dataplane {
	int line;
	enum cp_nic_mode mode;
	uint32_t workers;
	char *cores; // lcore list "1,3-4", or NULL: chosen
	enum cp_idle idle;
	uint32_t max_flows;
	bool spawn;
	char *eal[CP_MAX_LIST]; // extra EAL options
	uint32_t eal_count;
};

struct cp_port {
	int line;
	char name[POISE_NAME_SIZE];
	char interface[16];	   // af_xdp: kernel interface
	char *vdev;		   // vdev: "net_pcap0,rx_pcap=..."
	uint8_t mac[6];		   // vdev: given or all zero (then the device's)
	uint32_t queues;	   // default 1
	uint32_t snat[POISE_MAX_SNAT]; // addresses, network byte order
	uint32_t snat_count;
	uint16_t snat_first_port; // default 1024
	uint16_t snat_last_port;  // default 32767: below the kernel's own ephemeral range
};

struct cp_backend {
	int line;
	char name[POISE_NAME_SIZE];
	uint32_t address; // network byte order
	uint16_t port;	  // host order; 0 in the file: the service's
	uint32_t weight;  // 0 to 256, default 1
	enum cp_role role;
};

struct cp_health {
	int line;
	enum cp_health_type type; // default tcp
	uint16_t port;		  // host order; 0: the backend's
	char *path;		  // http, default "/"
	char *host;		  // http, Host header; NULL: the address
	char *expect;		  // http, good status codes as cp_value_ranges() reads them, default "200-399"
	enum cp_http_method method; // http, default GET
	char *server_name;	  // https, postgresql: name of the certificate; NULL: host, else the address
	char *ca;		  // https, postgresql: file of certificates to trust; NULL: the system's
	bool verify;		  // https, default true
	char *user;		  // postgresql, default "poise"; exec, default "nobody"
	char *dbname;		  // postgresql, default "postgres"
	char *password_file;	  // postgresql, a file whose first line is the password; or NULL
	char *passfile;		  // postgresql, a file as libpq's .pgpass; or NULL
	enum cp_sslmode sslmode;  // postgresql, default prefer
	char *command[CP_COMMAND_WORDS + 1]; // exec: program and arguments, ended by NULL
	uint32_t uid;			     // exec: of user, never 0
	uint32_t gid;
	uint32_t interval_ms; // default 1000
	uint32_t jitter_percent; // of interval_ms, that a check may come earlier; default 10
	uint32_t timeout_ms;  // default 500
	uint32_t rise;	      // default 2
	uint32_t fall;	      // default 3
	uint32_t damping_s;   // half-life of the penalty for falling, damping.h; 0 (default): none
	bool passive;	      // default false: check/passive.h
};

// Who serves when, and what becomes of flows whose backend does not any more.
struct cp_lifecycle {
	uint32_t min_active;		     // standbys serve while fewer active ones do; default 1
	enum cp_node_role role_required; // default UNKNOWN: any
	uint32_t max_lag_ms;		     // replicas further behind do not serve; 0 (default): any
	uint64_t max_lag_bytes;		     // the same
	bool primary_last_resort;	     // the primary serves reads when no replica can; default true
	enum cp_backend_down on_demotion;    // flows of a primary that is none any more; default reset
	enum cp_backend_down on_backend_down; // default keep
	enum cp_all_down all_down;	     // default drop
	uint32_t slow_start_s;		     // 0 (default): none
	uint32_t drain_deadline_s;	     // 0 (default): none
	uint32_t max_ejected_percent;	     // of the backends, within ejection_interval_s; default 100
	uint32_t ejection_interval_s;	     // default 60
};

struct cp_prefix {
	uint32_t address; // network byte order
	uint32_t length;
};

struct cp_prefixes {
	struct cp_prefix *items; // owned, in order
	uint32_t count;
};

// Which sources a service serves (access.h).
struct cp_access {
	struct cp_prefixes allow; // empty: all
	struct cp_prefixes deny;
};

struct cp_service {
	int line;
	char name[POISE_NAME_SIZE];
	uint32_t vip;	 // network byte order
	uint16_t port;	 // host order
	uint8_t protocol; // IPPROTO_TCP
	enum poise_nat nat;
	enum poise_scheduler scheduler;
	struct cp_backend *backends; // owned
	uint32_t backends_count;
	struct cp_health health;
	struct cp_lifecycle lifecycle;
	struct cp_access access;
	uint32_t new_flows_per_source_s; // 0 (default): any number
	uint32_t flows_per_source;	 // the same
	uint32_t timeout_ms[POISE_TIMEOUTS];
};

#define CP_PASS_IPV6 256 // a protocol of the firewall that is none of IPv4's

// What gets to the kernel although the firewall denies.
struct cp_pass {
	int line;
	int protocol; // of IPv4; 0: any
	uint16_t first_port, last_port; // host order; 0: any
	struct cp_prefix source;	// length 0: any
	char interface[16];		// of a port; empty: any
};

struct cp_firewall {
	int line;
	bool deny; // what is for no service and not passed
	struct cp_pass pass[POISE_MAX_PASS];
	uint32_t pass_count;
};

struct cp_neighbor {
	int line;
	uint32_t address; // network byte order
	uint32_t prefix;  // length, 32 for one address
	uint8_t mac[6];
	char port[POISE_NAME_SIZE];
};

// The pair that this balancer belongs to (docs/high-availability.md).
struct cp_ha {
	int line;
	bool on;
	uint32_t node; // 0 or 1: whose half of the source ports is ours
	char listen_address[64]; // of the sync link, either family
	char peer_address[64];
	uint16_t listen_port; // host order
	uint16_t peer_port;
	char interface[16]; // the link's; empty: whichever leads to the peer
	char key_file[CP_PATH_SIZE];
	uint32_t join_timeout_s; // default 10
};

struct cp_config {
	char *file; // as given, for messages
	char *text; // what was read, as libconfig saw it
	struct cp_dataplane dataplane;
	struct cp_port ports[POISE_MAX_PORTS];
	uint32_t ports_count;
	struct cp_service *services; // owned
	uint32_t services_count;
	struct cp_neighbor *neighbors; // owned
	uint32_t neighbors_count;
	struct cp_ha ha;
	struct cp_firewall firewall;
	bool xdp;	       // fallback.xdp, kept for the fallback path
	uint32_t heartbeat_ms; // fallback.heartbeat_ms
	char metrics_address[64]; // empty: off
	uint16_t metrics_port;
	char control_socket[CP_PATH_SIZE];   // poisectl's door
	char dataplane_socket[CP_PATH_SIZE]; // beside it: "dataplane.sock"
	char state_directory[CP_PATH_SIZE];  // where the way back is kept (kept.h)
};

// Read and validate a file. Returns a config to be freed with cp_config_free(), or NULL with at least one
// line in *report. Pure but for reading the file: interfaces are not looked at (see topology.h).
struct cp_config *cp_config_load(const char *file, struct cp_report *report);
void cp_config_free(struct cp_config *config);

// Rules across objects (validate.c); called by cp_config_load().
void cp_config_validate(const struct cp_config *config, struct cp_report *report);

// Are the ports kernel interfaces with an XDP program? And is there a dataplane at all?
bool cp_nic_mode_kernel(enum cp_nic_mode mode);
bool cp_nic_mode_dataplane(enum cp_nic_mode mode);

// Names as they are written in the file. Static texts; "?" for a value that is none.
const char *cp_nic_mode_name(enum cp_nic_mode mode);
const char *cp_nat_name(enum poise_nat nat);
const char *cp_scheduler_name(enum poise_scheduler scheduler);
const char *cp_role_name(enum cp_role role);
const char *cp_pass_protocol_name(int protocol);
const char *cp_health_type_name(enum cp_health_type type);
const char *cp_sslmode_name(enum cp_sslmode mode);

// health_settings.c: do two checks ask the same, whatever their lines? A copy with texts of its own (0 or -ENOMEM; to
// be freed in either case), and freeing what the settings own.
bool cp_health_same(const struct cp_health *a, const struct cp_health *b);
int cp_health_copy(struct cp_health *to, const struct cp_health *from);
void cp_health_free(struct cp_health *health);

// Of a port's range of source ports, the part that is this node's: all of it without a peer, else a half.
void cp_ha_snat_ports(const struct cp_ha *ha, uint16_t *first, uint16_t *last);

// Index of a port by name, or -1.
int cp_config_port(const struct cp_config *config, const char *name);
