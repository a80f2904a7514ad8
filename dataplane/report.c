// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See report.h.
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define number unsigned long long // of a counter, for printf

static const char *const counter_names[] = {
#define POISE_COUNTER(NAME, name, kind, help) #name,
#include <poise/counters.def>
#undef POISE_COUNTER
};

static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (*c < 0x20 || *c == 0x7f)
			fprintf(out, "\\u%04x", *c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

static void write_counters(FILE *out, const struct dp_stats *stats)
{
	fprintf(out, "\t\"counters\": {");
	for (unsigned int i = 0; i < POISE_COUNTERS; i++)
		fprintf(out, "%s\n\t\t\"%s\": %llu", i ? "," : "", counter_names[i],
			dp_stats_counter(stats, (enum poise_verdict)i));
	fprintf(out, "\n\t}");
}

static void add_ports(struct poise_stats_port *sum, const struct poise_stats_port *port)
{
	sum->rx_packets += port->rx_packets;
	sum->rx_bytes += port->rx_bytes;
	sum->tx_packets += port->tx_packets;
	sum->tx_bytes += port->tx_bytes;
}

static void write_port_sums(FILE *out, const struct poise_stats_port *sum)
{
	fprintf(out, "\"rx_packets\": %llu, \"rx_bytes\": %llu, \"tx_packets\": %llu, \"tx_bytes\": %llu",
		(number)sum->rx_packets, (number)sum->rx_bytes, (number)sum->tx_packets,
		(number)sum->tx_bytes);
}

static void write_totals(FILE *out, const struct dp_stats *stats, const struct poise_table *table)
{
	struct poise_stats_port sum = { 0 };
	number used = 0, half_open = 0;

	for (unsigned int w = 0; w < stats->page->workers; w++)
		for (unsigned int port = 0; port < POISE_MAX_PORTS; port++)
			add_ports(&sum, &stats->page->worker[w].ports[port]);
	for (unsigned int shard = 0; table && shard < POISE_SHARDS; shard++) {
		used += poise_shard(table, shard)->used;
		half_open += poise_shard(table, shard)->half_open;
	}
	fprintf(out, ",\n\t\"totals\": { ");
	write_port_sums(out, &sum);
	fprintf(out, ", \"flows\": %llu, \"flows_half_open\": %llu, \"flows_capacity\": %llu }", used, half_open,
		table ? (number)table->records_per_shard * POISE_SHARDS : 0);
}

static void write_workers(FILE *out, const struct dp_stats *stats)
{
	fprintf(out, ",\n\t\"workers\": [");
	for (unsigned int w = 0; w < stats->page->workers; w++) {
		const struct poise_stats_worker *worker = &stats->page->worker[w];
		struct poise_stats_port sum = { 0 };
		const char *comma = "";

		for (unsigned int port = 0; port < POISE_MAX_PORTS; port++)
			add_ports(&sum, &worker->ports[port]);
		fprintf(out, "%s\n\t\t{ \"index\": %u, \"lcore\": %u, \"loops\": %llu, \"busy_loops\": %llu, ",
			w ? "," : "", w, worker->lcore, (number)worker->loops, (number)worker->busy_loops);
		fprintf(out, "\"idle_ns\": %llu, ", (number)worker->idle_ns);
		write_port_sums(out, &sum);
		fprintf(out, ", \"counters\": { ");
		for (unsigned int i = 0; i < POISE_COUNTERS; i++) {
			if (!worker->counters[i])
				continue;
			fprintf(out, "%s\"%s\": %llu", comma, counter_names[i], (number)worker->counters[i]);
			comma = ", ";
		}
		fprintf(out, " } }");
	}
	fprintf(out, "\n\t]");
}

static void write_ports(FILE *out, const struct dp_stats *stats, const struct poise_snapshot *snapshot)
{
	fprintf(out, ",\n\t\"ports\": [");
	for (unsigned int port = 0; snapshot && port < snapshot->ports_count; port++) {
		struct poise_stats_port sum = { 0 };

		for (unsigned int w = 0; w < stats->page->workers; w++)
			add_ports(&sum, &stats->page->worker[w].ports[port]);
		fprintf(out, "%s\n\t\t{ \"name\": ", port ? "," : "");
		write_text(out, snapshot->ports[port].name);
		fprintf(out, ", \"device\": ");
		write_text(out, snapshot->ports[port].device);
		fprintf(out, ", ");
		write_port_sums(out, &sum);
		fprintf(out, " }");
	}
	fprintf(out, "\n\t]");
}

static void write_backend(FILE *out, const struct dp_stats *stats, const struct poise_snapshot *snapshot,
			  unsigned int index)
{
	struct poise_stats_backend sum = { 0 };
	unsigned int vip = snapshot->backends[index].vip & (POISE_MAX_VIPS - 1);
	number active;

	for (unsigned int w = 0; w < stats->page->workers; w++) {
		const struct poise_stats_backend *backend = &stats->page->worker[w].backends[index];

		sum.flows_created += backend->flows_created;
		sum.flows_found += backend->flows_found;
		sum.flows_removed += backend->flows_removed;
		sum.packets[POISE_INWARD] += backend->packets[POISE_INWARD];
		sum.packets[POISE_OUTWARD] += backend->packets[POISE_OUTWARD];
		sum.bytes[POISE_INWARD] += backend->bytes[POISE_INWARD];
		sum.bytes[POISE_OUTWARD] += backend->bytes[POISE_OUTWARD];
	}
	// Flows that a peer told are removed here and were not made here.
	active = sum.flows_created + sum.flows_found;
	active = active > sum.flows_removed ? active - sum.flows_removed : 0;
	fprintf(out, "\n\t\t{ \"name\": ");
	write_text(out, snapshot->backend_names[index]);
	fprintf(out, ", \"service\": ");
	write_text(out, snapshot->vip_names[vip]);
	fprintf(out, ", \"flows_created\": %llu, \"flows_active\": %llu, ", (number)sum.flows_created,
		active);
	fprintf(out, "\"packets_inward\": %llu, \"packets_outward\": %llu, ", (number)sum.packets[POISE_INWARD],
		(number)sum.packets[POISE_OUTWARD]);
	fprintf(out, "\"bytes_inward\": %llu, \"bytes_outward\": %llu }", (number)sum.bytes[POISE_INWARD],
		(number)sum.bytes[POISE_OUTWARD]);
}

static void write_all(FILE *out, const struct dp_stats *stats, const struct poise_snapshot *snapshot,
		      const struct poise_table *table)
{
	fprintf(out, "{\n\t\"version\": \"" POISE_VERSION "\",\n\t\"generation\": %llu,\n",
		snapshot ? (number)snapshot->generation : 0);
	write_counters(out, stats);
	write_totals(out, stats, table);
	write_workers(out, stats);
	write_ports(out, stats, snapshot);
	fprintf(out, ",\n\t\"backends\": [");
	for (unsigned int i = 0, written = 0; snapshot && i < snapshot->backends_count; i++) {
		if (!snapshot->backend_names[i][0] && !snapshot->backends[i].address)
			continue; // an index that nobody has
		if (written++)
			fputc(',', out);
		write_backend(out, stats, snapshot, i);
	}
	fprintf(out, "\n\t]\n}\n");
}

int dp_report_write(const char *file, const struct dp_stats *stats, const struct poise_snapshot *snapshot,
		    const struct poise_table *table, struct dp_error *error)
{
	FILE *out = fopen(file, "we");
	int code = 0;

	if (!out)
		return dp_fail(error, -errno, "%.80s: %s", file, strerror(errno));
	write_all(out, stats, snapshot, table);
	if (ferror(out) | fclose(out))
		code = dp_fail(error, -EIO, "%.80s: cannot be written", file);
	return code;
}
