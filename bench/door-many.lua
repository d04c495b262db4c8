-- SPDX-License-Identifier: GPL-3.0-or-later
-- For wrk: requests by path to VMs chosen uniformly at random. With CONTENT every answer is compared with it, which costs wrk
-- time; without, only the status is looked at, as wrk does by itself.
-- usage: wrk ... -s door-many.lua URL -- VMS [CONTENT]

local threads = {}

function setup(thread)
    table.insert(threads, thread)
    thread:set("number", #threads)
end

function init(arguments)
    vms, content, wrong = tonumber(arguments[1]), arguments[2], 0
    math.randomseed(number)
    if content then
        response = compare
    end
end

function request()
    return "GET /vm/" .. math.random(0, vms - 1) .. "/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
end

function compare(status, headers, body)
    if status ~= 200 or body ~= content then
        wrong = wrong + 1
    end
end

function done(summary, latency)
    local sum = 0
    for _, thread in ipairs(threads) do
        sum = sum + thread:get("wrong")
    end
    io.write(string.format("requests=%d rate=%.0f p50_us=%d p99_us=%d wrong=%d errors=%d\n", summary.requests,
        summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99),
        sum + summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
