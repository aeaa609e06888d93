// Requests of HTTP/2 on one connection: http2_client.js AUTHORITY PATH... one after the other, or with --together as
// so many streams at once. A path that begins with ! is given up by the client 50 ms after it was asked for. Prints a
// status a line, in the order of the paths.
const http2 = require('http2');
const [authority, ...rest] = process.argv.slice(2);
const together = rest[0] === '--together';
const paths = together ? rest.slice(1) : rest;
const session = http2.connect(authority.startsWith('/') ? 'http://localhost' : `http://${authority}`,
	authority.startsWith('/') ? { createConnection: () => require('net').connect(authority) } : {});
session.on('error', (error) => console.error(error.message));

const ask = (path) => new Promise((done) => {
	const stream = session.request({ ':path': path.replace(/^!/, '') });
	let status = 'none';
	stream.on('response', (headers) => { status = headers[':status']; });
	stream.on('error', () => {});
	stream.on('close', () => done(status));
	stream.resume();
	if (path.startsWith('!'))
		setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 50);
});

(async () => {
	const all = together ? await Promise.all(paths.map(ask)) : [];
	for (const path of together ? [] : paths)
		all.push(await ask(path));
	console.log(all.join('\n'));
	session.close();
})();
