# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The application of the infrastructure: app.py PORT. Writes by one database service, reads by another.

POST /rows        the body becomes a row:  {"id": 7, "server": "10.20.0.21", "replica": false}
GET /rows/7       reads it back:           {"text": "...", "server": "10.20.0.22", "replica": true}

Each request has a database connection of its own, so that each shows where the balancer sends it. 404: no such row
(a replica may be some milliseconds behind); 503 with the reason when the database does not do it.
"""

import http.server
import json
import os
import sys

import psycopg2

WHERE = "host(inet_server_addr()), pg_is_in_recovery()"


def connect(address):
    return psycopg2.connect(host=address, user="app", dbname="app", connect_timeout=2,
                            options="-c statement_timeout=2000", tcp_user_timeout=2000)


def write(text):
    connection = connect(os.environ["DB_WRITE"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("insert into rows (text) values (%s) returning id, " + WHERE, (text,))
            number, server, replica = cursor.fetchone()
        return {"id": number, "server": server, "replica": replica}
    finally:
        connection.close()


def read(number):
    connection = connect(os.environ["DB_READ"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select text, " + WHERE + " from rows where id = %s", (number,))
            row = cursor.fetchone()
        return row and dict(zip(("text", "server", "replica"), row))
    finally:
        connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, action, argument):
        try:
            result = action(argument)
            status = 200 if result else 404
        except psycopg2.Error as error:
            result, status = {"error": str(error).strip()}, 503
        body = (json.dumps(result) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        length = min(int(self.headers.get("Content-Length", 0)), 65536)
        self.answer(write, self.rfile.read(length).decode(errors="replace"))

    def do_GET(self):
        number = self.path.rpartition("/")[2]
        if number.isascii() and number.isdigit() and len(number) < 10:
            self.answer(read, int(number))
        else:
            self.send_error(404)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
