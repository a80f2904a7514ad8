-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (c) 2026 The Poise authors
--
-- Opens 24576 connections, SYN and SYN-ACK, and leaves both ports ready to send packets in their middle.
-- RATE, in percent of the link: how fast to open them, 1 by default.
local flows = 24576

-- Send each packet once; wait for the end.
local function once(port)
	pktgen.set(port, "count", flows)
	pktgen.start(port)
	repeat pktgen.delay(200) until pktgen.isSending(port)[tonumber(port)] == "n"
	pktgen.delay(500)
	pktgen.set(port, "count", 0)
end

pktgen.screen("off")
pktgen.load("configs/pktgen/syn.pkt")
pktgen.load("configs/pktgen/reply.pkt")
pktgen.set("0,1", "rate", tonumber(os.getenv("RATE") or "1"))
once("0")
once("1")
pktgen.load("configs/pktgen/ack.pkt")
