// A server's own clock: with CLOCK_LOG=file, when it began to listen, and of each request when its head had been read
// and the last of its answer handed to the kernel. Loaded in front of any program: NODE_OPTIONS=--require=clock.js
const fs = require('fs');
const http = require('http');
const log = process.env.CLOCK_LOG ? fs.openSync(process.env.CLOCK_LOG, 'a') : -1;
const plain = http.Server.prototype.emit;

// hrtime has nanoseconds but an origin of its own, Date the wall clock's origin but milliseconds
let offset = 0n;
for (let i = 0, last = Date.now(); i < 3; ) {
	const now = Date.now();
	if (now === last)
		continue;
	offset = BigInt(now) * 1000000n - process.hrtime.bigint();
	last = now;
	i++;
}
const wallNs = () => process.hrtime.bigint() + offset;

if (log >= 0) {
	http.Server.prototype.emit = function (event, request, response) {
		const now = wallNs();
		if (event === 'listening')
			fs.writeSync(log, `{"listen_ns":${now}}\n`);
		if (event === 'request')
			response.on('finish', () => {
				fs.writeSync(log, `{"read_ns":${now},"sent_ns":${wallNs()}}\n`);
			});
		return plain.apply(this, arguments);
	};
}
