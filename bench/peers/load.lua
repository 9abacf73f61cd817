-- Load for wrk: GET, or POST of the first argument as JSON. Prints one line of JSON at the end.
function init(args)
  if args[1] then
    wrk.method = "POST"
    wrk.body = args[1]
    wrk.headers["Content-Type"] = "application/json"
  end
end

function done(summary, latency)
  local e = summary.errors
  local bad = e.status + e.connect + e.read + e.write + e.timeout
  io.write(string.format(
    '\n{"good": %d, "seconds": %.6f, "bad": %d, "p99_ms": %.3f}\n',
    summary.requests - e.status, summary.duration / 1e6, bad, latency:percentile(99) / 1e3))
end
