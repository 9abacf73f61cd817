-- Load for wrk: GET, or POST of the first argument as JSON. A `%d` in the path (second argument) or in the body is a
-- number that grows from the third argument on, and begins anew after as many as the fifth says, so that every
-- request names another record. Prints one line of JSON.
local number, start, around = 0, 0, 0
local body, path

function init(args)
  body, path = args[1], args[2]
  start, around = tonumber(args[3] or "0"), tonumber(args[5] or "0")
  number = start
  if body == "" then
    body = nil
  end
  if body then
    wrk.method = "POST"
    wrk.body = body
    wrk.headers["Content-Type"] = "application/json"
  end
  if path then
    wrk.method = args[4] or wrk.method
    request = counted
  end
end

function counted()
  number = number + 1
  if around > 0 and number > start + around then
    number = start + 1
  end
  return wrk.format(nil, (path:gsub("%%d", number)), nil, body and (body:gsub("%%d", number)))
end

function done(summary, latency)
  local e = summary.errors
  local bad = e.status + e.connect + e.read + e.write + e.timeout
  io.write(string.format(
    '\n{"good": %d, "seconds": %.6f, "bad": %d, "p99_ms": %.3f}\n',
    summary.requests - e.status, summary.duration / 1e6, bad, latency:percentile(99) / 1e3))
end
