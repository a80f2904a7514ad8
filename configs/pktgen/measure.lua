-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (c) 2026 The Poise authors
--
-- The highest rate without loss for each frame size, by halving. Sends from PORTS what a profile set up.
--   PORTS    "0" (requests only, default) or "0,1" (replies too)
--   SIZES    frame sizes with checksum, "64 128 256 512 1024 1518" by default; "0" leaves them as they are
--   SECONDS  length of a trial, 10 by default
--   TOP      highest rate to try, percent of the link, 100 by default
--   STEPS    trials for each size, 8 by default
local ports = os.getenv("PORTS") or "0"
local seconds = tonumber(os.getenv("SECONDS") or "10")
local top = tonumber(os.getenv("TOP") or "100")
local steps = tonumber(os.getenv("STEPS") or "8")
local count = tonumber(pktgen.portCount())

-- Packets sent and received by all ports, of whatever kind.
local function totals()
	local sent, received = 0, 0
	for port = 0, count - 1 do
		local stats = pktgen.portStats(tostring(port), "port")[port]
		sent, received = sent + stats.opackets, received + stats.ipackets
	end
	return sent, received
end

local function trial(size, rate)
	pktgen.set(ports, "rate", rate)
	pktgen.clr()
	pktgen.delay(1500)
	local sent0, received0 = totals()
	pktgen.start(ports)
	pktgen.delay(seconds * 1000)
	pktgen.stop(ports)
	pktgen.delay(2500)   -- what is under way arrives, and the counters are read once a second
	local sent, received = totals()
	sent, received = sent - sent0, received - received0
	print(string.format("size %4d  rate %8.4f %%  sent %10d  received %10d  lost %d", size, rate, sent, received,
		sent - received))
	return sent, sent - received
end

local function search(size)
	if size > 0 then
		for port in ports:gmatch("%d+") do
			for _, what in ipairs({ "start", "min", "max" }) do
				pktgen.range.pkt_size(port, what, size)
			end
			pktgen.set(port, "size", size)   -- Pktgen computes its rate from this one
		end
	end
	local good, bad, pps, rate = 0, nil, 0, top
	for _ = 1, steps do
		local sent, lost
		for _ = 1, 3 do   -- more received than sent: ARP of the balancer's kernel came between
			sent, lost = trial(size, rate)
			if lost >= 0 then break end
		end
		if sent > 0 and lost == 0 then
			good, pps = rate, sent / seconds
		else
			bad = rate
		end
		if not bad then break end
		rate = (good + bad) / 2
	end
	print(string.format("size %4d  no loss up to %.4f %%, %.0f packets a second", size, good, pps))
end

pktgen.screen("off")
for size in (os.getenv("SIZES") or "64 128 256 512 1024 1518"):gmatch("%d+") do
	search(tonumber(size))
end
pktgen.quit()
