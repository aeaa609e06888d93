// An HTTP/2 function in clear text: http2.js PORT [unix path]. ?ms=20 waits, ?status=503 answers so, ?bytes=N sends as
// many, ?reset gives the stream up. With CLOCK_LOG=file its own clock: each stream when its head had been read and when
// the last of its answer had been handed to the kernel.
const fs = require('fs');
const http2 = require('http2');
const log = process.env.CLOCK_LOG ? fs.openSync(process.env.CLOCK_LOG, 'a') : -1;
const offset = BigInt(Date.now()) * 1000000n - process.hrtime.bigint();
const wallNs = () => process.hrtime.bigint() + offset;
const server = http2.createServer();

server.on('stream', (stream, headers) => {
	const read = wallNs();
	const wish = new URL(headers[':path'], 'http://x').searchParams;
	stream.on('error', () => {});
	stream.on('close', () => {
		if (log >= 0)
			fs.writeSync(log, `{"read_ns":${read},"sent_ns":${wallNs()}}\n`);
	});
	setTimeout(() => {
		if (stream.destroyed)
			return;
		if (wish.has('reset')) {
			stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
			return;
		}
		if (wish.has('exit'))
			process.exit(Number(wish.get('exit')));
		stream.respond({ ':status': Number(wish.get('status') || 200) });
		stream.end('x'.repeat(Number(wish.get('bytes') || 2)));
	}, Number(wish.get('ms') || 0));
});
server.listen(process.argv[3] || { port: Number(process.argv[2]), host: '127.0.0.1' });
