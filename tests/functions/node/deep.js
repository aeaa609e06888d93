// Works while it starts, in one function, and while it serves, in another: deep.js PORT
'use strict';

function worksInInit(n) {
	let x = 0;
	for (let i = 0; i < n; i++) x = (x * 31 + i) % 1000003;
	return x;
}

function worksWhileItServes(n) {
	let x = 0;
	for (let i = 0; i < n; i++) x = (x * 37 + i) % 1000003;
	return x;
}

function during(ms, work) {
	const end = Date.now() + ms;
	while (Date.now() < end) work(100000);
}

during(1000, worksInInit);
require('http').createServer((_, response) => {
	during(500, worksWhileItServes);
	response.end('ok');
}).listen(Number(process.argv[2]), '127.0.0.1');
