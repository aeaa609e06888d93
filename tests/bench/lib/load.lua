-- What wrk prints of a load, for a script: requests, seconds, P50 and P99 in microseconds, errors. An answer that is
-- late is no error: the latency shows it.
done = function(summary, latency)
	local e = summary.errors
	io.write(string.format("load %d %.6f %.1f %.1f %d\n", summary.requests, summary.duration / 1e6, latency:percentile(50),
		latency:percentile(99), e.connect + e.read + e.write + e.status))
end
